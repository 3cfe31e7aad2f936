"""The SVD: how it is done, its memory and its work."""

from cfdist.algorithms.krylov import block_width, max_basis_columns
from cfdist.plan import constants as c
from cfdist.plan.sizes import Job, Sizes
from cfdist.plan.terms import Case, Work, spread
from cfdist.plan.values import GRAM_ARTICLES, GRAM_USERS, n_components


def method_of(sizes: Sizes) -> str:
    """How the SVD is done, as the stage says it."""
    if sizes.articles <= GRAM_ARTICLES:
        return "gram"
    return "gram of users" if sizes.users <= GRAM_USERS else "block krylov"


def n_passes(sizes: Sizes, job: Job) -> int:
    """Passes over the data: 9 to 11 were enough for 1e-4 on all shops so far."""
    return min(job.svd_iterations, c.USUAL_PASSES) if method_of(sizes) == "block krylov" else 1


def solve(case: Case) -> tuple[int, Work]:
    """Bytes in flight and work, without the last product with all components."""
    how = {"gram": _gram, "gram of users": _user_gram, "block krylov": _krylov}
    return how[method_of(case.sizes)](case)


def _gram(case: Case) -> tuple[int, Work]:
    side = case.sizes.articles
    n_bytes = 8 * side**2 * (case.running(case.values.blocks) + 4)
    return n_bytes, Work(alone=side**3 * c.EIGEN_S, sparse=case.sizes.pairs * side * c.SPARSE_S)


def _user_gram(case: Case) -> tuple[int, Work]:
    sizes = case.sizes
    n_bytes = 8 * sizes.users**2 * 4 + sizes.pairs * 24
    n_bytes += 8 * sizes.articles * n_components(sizes, case.job) * 2
    entries = sizes.pairs / max(sizes.articles, 1)
    gram = sizes.pairs * entries * c.SPARSE_S
    return n_bytes, Work(alone=sizes.users**3 * c.EIGEN_S + gram)


def _krylov(case: Case) -> tuple[int, Work]:
    """Basis and image, once more in float64 while they are turned; images of the blocks."""
    sizes, job = case.sizes, case.job
    width = block_width(n_components(sizes, job), sizes.articles)
    passes = n_passes(sizes, job)
    columns = min(passes * width, max_basis_columns(n_components(sizes, job)))
    images = spread(4 * sizes.articles * width * case.values.blocks, case.values.blocks,
                    case.machine.n_workers)  # fmt: skip
    n_bytes = sizes.articles * columns * (2 * 4 + 8 + 4) + 2 * images
    dense = sizes.articles * columns**2 * 2 * c.KRYLOV_PRODUCTS
    work = Work(sparse=passes * 2 * product_s(case, width), alone=dense * c.GEMM_S)
    return n_bytes, work


def product_s(case: Case, columns: int) -> float:
    """Seconds of the matrix times so many columns."""
    return case.sizes.pairs * columns * 2 * c.SPARSE_S
