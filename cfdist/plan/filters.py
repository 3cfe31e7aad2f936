"""What the method `spectral` adds: tables, the normalised matrix, dense tiles of scores."""

from cfdist.plan import constants as c
from cfdist.plan.terms import Case, Term
from cfdist.plan.values import TILE_ROWS


def tile_costs(case: Case) -> tuple[int, float]:
    """Bytes of the dense scores of one task of `spectral`, and seconds of all of them."""
    sizes, components = case.sizes, case.job.spectral_components
    if not components:
        return 0, 0.0
    products = 2.0 * sizes.profiles * sizes.articles * components * c.GEMM_S
    walks = sizes.profiles * sizes.articles * c.TILE_SCORE_S
    return c.TILE_COPIES * 4 * TILE_ROWS * sizes.articles, products + walks


def spectral_terms(case: Case) -> tuple[Term, ...]:
    """Tables of all users and articles; the normalised matrix, in blocks, whole and by article."""
    if not case.job.spectral_components:
        return ()
    tables, shared = spectral_bytes(case)
    return (
        case.held("filter tables", tables, case.values.blocks),
        case.copied("normalised matrix", shared),
    )


def spectral_bytes(case: Case) -> tuple[int, int]:
    """Of what lies in blocks of users, and of what every worker has."""
    sizes, matrix_bytes = case.sizes, case.values.matrix
    column = 2 * 4 * case.job.spectral_components
    return column * sizes.users + matrix_bytes, column * sizes.articles + 2 * matrix_bytes
