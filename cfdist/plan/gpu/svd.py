"""The SVD on devices: the largest of its phases, and what its passes move."""

from cfdist.algorithms.krylov import block_width, max_basis_columns
from cfdist.algorithms.tall import DEVICE_ROW_CHUNK
from cfdist.backends.tiles import PRODUCT_BYTES
from cfdist.plan.gpu.case import DeviceCase, Traffic
from cfdist.plan.svd import method_of, n_passes
from cfdist.plan.terms import Term, spread
from cfdist.plan.values import n_components

CHECK_BYTES = 16
"""Per entry of a block: differences of its columns, flags, and data in another type."""
SMALL_COPIES = 4
"""Gram matrix, eigenvectors and workspace of cuML, in multiples of a square matrix in float64."""
DENSE_COPIES = 3
"""A run of rows made dense: as it is, in the other memory order, and its product."""


def solve(case: DeviceCase) -> tuple[Term, ...]:
    """Terms of the phase that takes most, beside the values that lie there."""
    how = {"gram": _gram, "gram of users": _user_gram, "block krylov": _krylov}
    phases = how[method_of(case.sizes)](case)
    return max([*phases, _last(case)], key=lambda terms: sum(term.bytes for term in terms))


def moved(case: DeviceCase) -> tuple[Traffic, ...]:
    """What passes and the end of the SVD move between workers and to the host."""
    sizes, method = case.sizes, method_of(case.sizes)
    items = case.to_all("V to every worker", case.bytes_of("item factors"))
    if method == "gram":
        sums = Traffic(
            "Gram matrices of blocks",
            "to the host",
            spread(8 * sizes.articles**2 * case.blocks, case.blocks, case.workers),
        )
        return sums, items
    if method == "gram of users":
        gram = Traffic("Gram matrix of users", "to the host", 8 * sizes.users**2)
        return case.to_one("matrix to one worker", case.values.matrix), gram, items
    passes, image = n_passes(sizes, case.job), _image(case)
    return (
        case.summed("sums of the images, all passes", image, passes),
        case.to_all("block of the basis, all passes", image * passes),
        items,
        Traffic(
            "small matrices of the projection",
            "to the host",
            8 * _columns(case) * _width(case) * 4 * passes,
        ),
    )


def _krylov(case: DeviceCase) -> list[tuple[Term, ...]]:
    n, columns, image = case.sizes.articles, _columns(case), _image(case)
    images = spread(image * case.blocks, case.blocks, case.workers)
    lying = Term("images of the blocks and their sums", "in flight", images + 2 * image)
    state = Term("basis and its image", "in flight", 8 * n * columns + image)
    run = min(PRODUCT_BYTES, 4 * case.in_block(case.sizes.users) * _width(case))
    product = Term("products of a block", "in flight", 3 * image + 2 * run + _checked(case))
    chunk = 2 * 8 * min(n, DEVICE_ROW_CHUNK) * columns
    restarted = _is_restarted(case)
    grown = Term(
        "basis and image as they grow",
        "in flight",
        (16 if restarted else 8) * n * columns + 10 * image + chunk,
    )
    finished = Term(
        "end of the SVD in float64",
        "in flight",
        8 * n * columns
        + SMALL_COPIES * 8 * columns**2
        + chunk
        + 32 * n * n_components(case.sizes, case.job),
    )
    return [(state, lying, product), (state, lying, grown), (state, finished)]


def _gram(case: DeviceCase) -> list[tuple[Term, ...]]:
    n = case.sizes.articles
    run = DENSE_COPIES * min(PRODUCT_BYTES, 8 * case.in_block(case.sizes.users) * n)
    return [(Term("Gram matrix of a block", "in flight", 2 * 8 * n**2 + run + 2 * _checked(case)),)]


def _user_gram(case: DeviceCase) -> list[tuple[Term, ...]]:
    sizes = case.sizes
    run = DENSE_COPIES * min(PRODUCT_BYTES, 8 * sizes.users * sizes.articles)
    vectors = 4 * 8 * n_components(sizes, case.job) * (sizes.users + sizes.articles)
    whole = 2 * case.values.matrix + 2 * CHECK_BYTES * sizes.pairs
    return [
        (
            Term("matrix in one task", "in flight", whole),
            Term("Gram matrix of users", "in flight", 2 * 8 * sizes.users**2 + run + vectors),
        )
    ]


def _last(case: DeviceCase) -> tuple[Term, ...]:
    """X V of a block, in the memory order of cuSPARSE and in ours; V in its."""
    users, k = case.in_block(case.sizes.users), n_components(case.sizes, case.job)
    n_bytes = 2 * 4 * users * k + 2 * case.bytes_of("item factors")
    return (Term("products of a block", "in flight", n_bytes + _checked(case)),)


def _checked(case: DeviceCase) -> int:
    return CHECK_BYTES * case.in_block(case.sizes.pairs) + 8 * case.in_block(case.sizes.users)


def _width(case: DeviceCase) -> int:
    return block_width(n_components(case.sizes, case.job), case.sizes.articles)


def _is_restarted(case: DeviceCase) -> bool:
    most = max_basis_columns(n_components(case.sizes, case.job))
    return n_passes(case.sizes, case.job) * _width(case) > most


def _columns(case: DeviceCase) -> int:
    """Columns of the basis at its widest."""
    most = max_basis_columns(n_components(case.sizes, case.job))
    return min(n_passes(case.sizes, case.job) * _width(case), most, case.sizes.articles)


def _image(case: DeviceCase) -> int:
    return 4 * case.sizes.articles * _width(case)
