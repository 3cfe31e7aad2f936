"""Truncated SVD of a tall sparse matrix by block Krylov iteration on its article side.

One pass over the data gives Z = XᵀX Q for a block Q of columns; everything else here is dense
algebra on tall, skinny arrays of n_articles rows. Those are where the device of the caller has
them; what has as many rows as the basis has columns is on the host, where the decisions are made.

References
----------
Musco, Musco: Randomized block Krylov methods for stronger and faster approximate singular value
decomposition, NeurIPS 2015, algorithm 2. Wu, Simon: Thick-restart Lanczos, SIAM J. Matrix
Anal. 22 (2000).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.tall import HOST, Device, gram, gram64, matmul64

MIN_BASIS_COLUMNS = 512
KEPT_SHARE = {"float32": 1e-7, "float64": 1e-14}
FLOAT64_SHARE = 1e-5

Dense = NDArray[np.floating]


class KrylovState(NamedTuple):
    """The basis so far and what XᵀX makes of it.

    Attributes
    ----------
    basis : ``(n_articles, n_basis)`` orthonormal columns K
    image : ``(n_articles, n_basis)`` W = XᵀX K
    projected : float64 ``(n_basis, n_basis)`` H = KᵀW
    block : ``(n_articles, width)`` the columns that the next pass multiplies, orthogonal to K
    coupling : float64 ``(width, width of the last block)``; what of the last image left K
    n_passes : int
    """

    basis: Dense
    image: Dense
    projected: NDArray[np.float64]
    block: Dense
    coupling: NDArray[np.float64]
    n_passes: int

    @property
    def on_host(self) -> tuple[str, ...]:
        """Fields that are never moved to a device."""
        return ("projected", "coupling")


class TruncatedFactors(NamedTuple):
    """The article side of the factorization.

    Attributes
    ----------
    singular_values : float64 ``(n_components,)`` descending
    item_factors : ``(n_articles, n_components)`` V, orthonormal, largest entry positive; float32
        unless float64 was asked for
    residuals : float64 ``(n_components,)`` ‖XᵀX v − σ² v‖ / σ²
    """

    singular_values: NDArray[np.float64]
    item_factors: NDArray[np.floating]
    residuals: NDArray[np.float64]

    @property
    def on_host(self) -> tuple[str, ...]:
        """Fields that are never moved to a device."""
        return ("singular_values", "residuals")


def block_width(n_components: int, n_articles: int) -> int:
    """Columns per pass: half of the components, in multiples of 16, which compiled loops like."""
    return min(n_articles, 16 * max(1, -(-n_components // 32)))


def max_basis_columns(n_components: int) -> int:
    """Columns of the basis at which it is restarted: three per component.

    Restarts cost passes and honesty. On Gowalla with 256 components 2 k + width columns took 14
    passes instead of 11, and stopped at an error of 3e-4 that was estimated as 3e-5.
    """
    return max(MIN_BASIS_COLUMNS, 3 * n_components)


def start(n_articles: int, width: int, seed: int, dtype: str = "float32") -> KrylovState:
    """State before the first pass; the start block is drawn on the host by NumPy."""
    draw = np.random.default_rng(seed).standard_normal((n_articles, width))
    block = np.linalg.qr(draw)[0].astype(dtype)
    none = np.empty((n_articles, 0), dtype=dtype)
    return KrylovState(none, none, np.empty((0, 0)), block, np.empty((block.shape[1], 0)), 0)


def extend(
    state: KrylovState, block_image: Dense, max_columns: int, device: Device = HOST
) -> KrylovState:
    """State after a pass whose result is ``block_image`` = XᵀX @ state.block.

    Notes
    -----
    By the recurrence of Lanczos the image leaves the last blocks alone; then it is orthogonalised
    against the whole basis, before its columns are made orthonormal and after (once is not enough
    in floating point). Directions within rounding of the image's scale are dropped: an invariant
    subspace was found, and noise must not enter the basis.
    """
    basis = device.xp.hstack([state.basis, state.block])
    image = device.xp.hstack([state.image, block_image])
    rest, edge = _leave_basis(state, basis, block_image, device)
    projected = _grow_projection(state.projected, edge)
    rounding = float(np.linalg.eigvalsh(projected)[-1]) * float(np.finfo(basis.dtype).eps)
    block, coupling = _orthonormalize(rest, 10 * rounding, device)
    block -= basis @ (basis.T @ block)
    block, turn = _orthonormalize_again(block, device)
    grown = KrylovState(basis, image, projected, block, turn @ coupling, state.n_passes + 1)
    return grown if basis.shape[1] + block.shape[1] <= max_columns else _restart(grown, device)


def is_exhausted(state: KrylovState) -> bool:
    """True when no direction is left: the basis holds the whole row space."""
    return state.n_passes > 0 and state.block.shape[1] == 0


def estimate_errors(state: KrylovState, n_components: int) -> NDArray[np.float64]:
    """Estimated relative errors of the wanted singular values, largest value first.

    Notes
    -----
    The residual r of a Ritz value θ is ‖C y_last‖, known without another pass. θ errs by at
    most r, and by about r² / gap once it has separated from the others. (r / θ)² bounded the
    true error by a factor of 1.2 to 3 in every pass on Complete Journey and Online Retail.
    """
    values, vectors = np.linalg.eigh(state.projected)
    wanted = np.argsort(values)[::-1][:n_components]
    theta = np.maximum(values[wanted], max(np.finfo(float).eps * values[-1], 1e-150))
    last = vectors[-state.coupling.shape[1] :, wanted]
    relative = np.linalg.norm(state.coupling @ last, axis=0) / theta
    return np.asarray(np.minimum(relative, relative**2) / 2)


def smallest_share(state: KrylovState, n_components: int) -> float:
    """w_min / w_max of the wanted eigenvalues: below ``FLOAT64_SHARE`` the passes need float64."""
    values = np.sort(np.linalg.eigvalsh(state.projected))[::-1][:n_components]
    return float(values[-1] / values[0]) if values[0] > 0 else 0.0


def finish(
    state: KrylovState, n_components: int, dtype: str = "float32", device: Device = HOST
) -> TruncatedFactors:
    """Singular values and article factors from the basis and its image.

    Notes
    -----
    Bᵀ = W E w^-½ holds X on the user-side Krylov space and has the same singular values; its
    own truncated SVD, through the small Gram matrix in float64, is worth half a pass more than
    the Ritz values. Cholesky of H is avoided: it raised on real baskets. So is WᵀW = H² + CᵀC,
    which costs no product: it lacks what rounding put into W, ten times the error in float32.
    """
    values, vectors = np.linalg.eigh(state.projected)
    kept = values > KEPT_SHARE[state.image.dtype.name] * values[-1]
    lift = vectors[:, kept] / np.sqrt(values[kept])
    sigma, rotation = device.truncated_svd(
        state.image, lift, min(n_components, int(np.count_nonzero(kept)))
    )
    combined = lift @ (rotation / np.maximum(sigma, np.finfo(float).tiny))
    item_factors = orient(matmul64(state.image, combined, device))
    residuals = _residuals(state, combined, sigma, device)
    return TruncatedFactors(sigma, item_factors.astype(dtype), residuals)


def decompose_gram(
    gram: NDArray[np.float64], n_components: int, dtype: str = "float32"
) -> TruncatedFactors:
    """The same from the dense XᵀX ``(n_articles, n_articles)``, for few articles."""
    squares, vectors = np.linalg.eigh(gram)
    order = np.argsort(squares)[::-1][:n_components]
    sigma = np.sqrt(np.maximum(squares[order], 0))
    item_factors = orient(vectors[:, order])
    residual = np.linalg.norm(gram @ item_factors - item_factors * sigma**2, axis=0)
    relative = residual / np.maximum(sigma**2, np.finfo(float).tiny)
    return TruncatedFactors(sigma, item_factors.astype(dtype), relative)


def decompose_user_gram(
    operator: Any, n_components: int, dtype: str = "float32", device: Device = HOST
) -> TruncatedFactors:
    """The same from XXᵀ ``(n_users, n_users)``, for few users; ``operator`` is X in float64.

    Notes
    -----
    Cost: (4/3) n_users³ for the eigenproblem, of which only the wanted vectors are made, and one
    product. V = Xᵀ U / σ; residuals are those of the eigenproblem.
    """
    gram = operator.user_gram()
    n_users = len(gram)
    squares, vectors = eigh(gram, subset_by_index=[n_users - n_components, n_users - 1])
    squares, vectors = np.maximum(squares[::-1], 0), vectors[:, ::-1]
    sigma = np.sqrt(squares)
    floor = max(float(sigma[0]) * 1e-8, np.finfo(float).tiny)
    scaled = vectors / np.maximum(sigma, floor)
    item_factors = orient(operator.transposed_times(device.to_device(scaled)))
    residual = np.linalg.norm(gram @ vectors - vectors * squares, axis=0)
    relative = residual / np.maximum(squares, np.finfo(float).tiny)
    return TruncatedFactors(sigma, item_factors.astype(dtype), relative)


def orient(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns with their largest entry (the first of equals) positive."""
    xp = namespace_of(factors)
    largest = xp.argmax(xp.abs(factors), axis=0)
    signs = xp.sign(factors[largest, xp.arange(factors.shape[1])])
    turned: NDArray[np.float64] = factors * xp.where(signs == 0, 1.0, signs)
    return turned


def numerical_rank(
    sigma: NDArray[np.float64], shape: tuple[int, int], dtype: str = "float32"
) -> int:
    """Singular values, descending, that passes in ``dtype`` can tell from zero.

    Notes
    -----
    The finish squares the spectrum, so float64 resolves 1e-8 of the largest value.
    """
    if not len(sigma) or sigma[0] <= 0:
        return 0
    share = 1e-7
    if dtype == "float32":
        share = max(share, float(np.finfo(np.float32).eps) * float(np.sqrt(max(shape))))
    return int(np.count_nonzero(sigma > sigma[0] * share))


def _residuals(
    state: KrylovState,
    combined: NDArray[np.float64],
    sigma: NDArray[np.float64],
    device: Device,
) -> NDArray[np.float64]:
    """‖W c − σ² K c‖ / σ² with c = Kᵀ v and v = W combined: XᵀX v − σ² v without a pass."""
    coordinates = state.projected @ combined
    dtype = state.basis.dtype
    rest = state.image @ device.to_device(coordinates.astype(dtype))
    rest -= state.basis @ device.to_device((coordinates * sigma**2).astype(dtype))
    squares = device.xp.einsum("ij,ij->j", rest, rest, dtype=np.float64)
    return np.asarray(np.sqrt(device.to_host(squares)) / np.maximum(sigma**2, 1e-300))


def _leave_basis(
    state: KrylovState, basis: Dense, block_image: Dense, device: Device
) -> tuple[Dense, NDArray[np.float64]]:
    """The image without its part in the basis, and that part's coordinates KᵀW.

    XᵀX K = K H + Q C: the image of Q has C on the columns that C came from, QᵀXᵀX Q on Q, and
    only rounding on the others, which the product with the whole basis finds.
    """
    old, coupled = state.basis.shape[1], state.coupling.shape[1]
    within = gram64(state.block, block_image, device)
    rest = block_image - state.block @ device.to_device(within.astype(basis.dtype))
    rest -= state.basis[:, old - coupled :] @ device.to_device(state.coupling.T.astype(basis.dtype))
    edge = gram(basis, rest, device)
    rest -= basis @ device.to_device(edge.astype(basis.dtype))
    edge[old - coupled : old] += state.coupling.T
    edge[old:] += within
    return rest, edge


def _grow_projection(
    projected: NDArray[np.float64], edge: NDArray[np.float64]
) -> NDArray[np.float64]:
    """H with the rows and columns of the new block, ``edge`` = KᵀW of it; symmetric."""
    old = projected.shape[0]
    grown = np.empty((len(edge), len(edge)))
    grown[:old, :old] = projected
    grown[:, old:] = edge
    grown[old:, :old] = edge[:old].T
    grown[old:, old:] = (edge[old:] + edge[old:].T) / 2
    return grown


def _orthonormalize(
    block: Dense, floor: float, device: Device
) -> tuple[Dense, NDArray[np.float64]]:
    """Orthonormal columns Q of ``block`` and C with block ≈ Q C; tiny directions dropped.

    A Gram matrix in float64 knows no direction below 1e-8 of the largest: enough for float32,
    whose floor is above 1e-6. In float64 noise entered the basis, so that takes a QR and an SVD.
    """
    if block.dtype == np.float32:
        squares, right = np.linalg.eigh(gram64(block, block, device))
        kept = squares > floor**2
        norms = np.sqrt(squares[kept])
        unit = matmul64(block, right[:, kept] / norms, device)
        return unit.astype(block.dtype), norms[:, None] * right[:, kept].T
    tall, upper = device.xp.linalg.qr(block)
    left, norms, right = np.linalg.svd(device.to_host(upper), full_matrices=False)
    n_kept = int(np.count_nonzero(norms > floor))
    coupling = norms[:n_kept, None] * right[:n_kept]
    return tall @ device.to_device(left[:, :n_kept]), coupling


def _orthonormalize_again(block: Dense, device: Device) -> tuple[Dense, NDArray[np.float64]]:
    """Orthonormal columns Q and R with block = Q R, of columns that are nearly so already.

    By Cholesky in float64 for float32, a tenth of the time of a QR of tall columns.
    """
    if block.dtype == np.float32 and block.shape[1]:
        upper = np.linalg.cholesky(gram64(block, block, device)).T
        unit = matmul64(block, np.linalg.inv(upper), device)
        return unit.astype(block.dtype), np.asarray(upper, dtype=np.float64)
    unit, upper = device.xp.linalg.qr(block)
    return unit, np.asarray(device.to_host(upper), dtype=np.float64)


def _restart(state: KrylovState, device: Device) -> KrylovState:
    """Thick restart: the upper half of the Ritz vectors replaces the basis."""
    values, vectors = np.linalg.eigh(state.projected)
    kept = np.argsort(values)[::-1][: state.basis.shape[1] // 2]
    rotation = vectors[:, kept]
    dtype = state.basis.dtype
    width = state.coupling.shape[1]
    return state._replace(
        basis=matmul64(state.basis, rotation, device).astype(dtype),
        image=matmul64(state.image, rotation, device).astype(dtype),
        projected=np.diag(values[kept]),
        coupling=state.coupling @ rotation[-width:],
    )
