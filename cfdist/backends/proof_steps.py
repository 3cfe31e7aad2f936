"""Steps of the proof of a device: each computes something and knows what comes out.

A step yields pairs of what was found and what is right, both on the host.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted, take_rows
from cfdist.algorithms.exact_neighbors import unit_rows
from cfdist.algorithms.lists import Lists
from cfdist.backends import Backend

N_ROWS: Final = 1000
N_COLUMNS: Final = 64
N_DENSE: Final = 16
N_COMPONENTS: Final = 8
K: Final = 5
SEED: Final = 20261


class Known(NamedTuple):
    """The data, on the host.

    Attributes
    ----------
    block : CsrBlock ``(1000, 64)``, some rows empty, some weights 0
    right : float32 ``(64, 16)``
    left : float32 ``(1000, 16)``
    """

    block: CsrBlock
    right: NDArray[np.float32]
    left: NDArray[np.float32]


Step = Callable[[Backend, Known], Iterator[tuple[Any, Any]]]


def known_data() -> Known:
    """The same data on every machine."""
    rng = np.random.default_rng(SEED)
    dense = rng.random((N_ROWS, N_COLUMNS)) * (rng.random((N_ROWS, N_COLUMNS)) < 0.15)
    dense[::100] = 0  # users without articles
    rows, columns = np.nonzero(dense)
    weights = dense[rows, columns]
    weights[::50] = 0  # owned, not kept
    return Known(
        csr_from_sorted(rows, columns, weights, dense.shape),
        rng.standard_normal((N_COLUMNS, N_DENSE)).astype(np.float32),
        rng.standard_normal((N_ROWS, N_DENSE)).astype(np.float32),
    )


def _round_trip(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    there_and_back = backend.to_host(backend.to_device(known))
    yield from zip(there_and_back.block[:3], known.block[:3], strict=True)
    yield there_and_back.left, known.left


def _times(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    operator, right, _ = _on_device(backend, known)
    yield backend.to_host(operator.times(right)), _dense(known) @ known.right


def _transposed_times(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    operator, _, left = _on_device(backend, known)
    yield backend.to_host(operator.transposed_times(left)), _dense(known).T @ known.left


def _gram_times(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    operator, right, _ = _on_device(backend, known)
    wide = _dense(known)
    yield backend.to_host(operator.gram_times(right)), wide.T @ (wide @ known.right)


def _grams(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    operator, _, _ = _on_device(backend, known)
    wide = _dense(known)
    yield operator.gram(), wide.T @ wide
    yield operator.user_gram(), wide @ wide.T


def _truncated_svd(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    """Singular values, and the projector onto the vectors, which knows no signs."""
    tall, small = known.left, known.right[:N_DENSE].astype(np.float64)
    values, vectors = backend.truncated_svd(backend.to_device(tall), small, N_COMPONENTS)
    _, all_values, transposed = np.linalg.svd(tall.astype(np.float64) @ small)
    best = transposed[:N_COMPONENTS]
    yield values, all_values[:N_COMPONENTS]
    yield vectors @ vectors.T, best.T @ best


def _neighbors(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    """Cosines of the nearest rows, whichever of equal ones they are."""
    units = unit_rows(known.left)
    rows, family = backend.to_device((units, np.arange(N_ROWS)))
    search = backend.neighbors
    centroids = search.centroids(rows)
    index = search.arrange(rows, family, search.assign(rows, centroids), centroids, K)
    found = search.search(index, (0, search.n_tiles(index)), K)
    queries, ids, scores = backend.to_host(found[:3])
    cosines = units.astype(np.float64) @ units.T.astype(np.float64)
    np.fill_diagonal(cosines, -np.inf)
    yield np.sort(queries), np.arange(N_ROWS)
    yield scores, -np.sort(-cosines[queries], axis=1)[:, :K]
    yield np.take_along_axis(cosines[queries], ids, axis=1), scores


def _lists(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    """Scores of the best articles that a user does not own, whichever of equal ones they are."""
    lists = Lists.empty(N_ROWS, K)
    block, right, left = backend.to_device(known)
    backend.scoring.fill_latent(lists, left, right, block, 0)
    scores = known.left.astype(np.float64) @ known.right.T.astype(np.float64)
    rows = np.repeat(np.arange(N_ROWS), np.diff(known.block.indptr))
    scores[rows, known.block.indices] = -np.inf
    yield lists.scores, -np.sort(-scores, axis=1)[:, :K]
    yield np.take_along_axis(scores, lists.articles, axis=1), lists.scores


def _means(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    """Weighted means of rows of a table, as neighbours give them."""
    table = take_rows(known.block, np.arange(N_COLUMNS))
    found = backend.scoring.mean_through(*backend.to_device((known.block, table)))
    wide = _dense(known)
    mass = wide.sum(axis=1, keepdims=True)
    yield backend.to_host(found), wide @ wide[:N_COLUMNS] / np.where(mass > 0, mass, 1)


def _ids(backend: Backend, known: Known) -> Iterator[tuple[Any, Any]]:
    """Order and hashes of texts, by which ids are numbered and dealt to blocks; exact."""
    import cudf

    texts = [f"artículo {number % 97}" for number in range(N_ROWS)]
    series = cudf.Series.from_arrow(pa.array(texts))
    codes, _ = series.factorize(sort=True)
    hashes = series.hash_values(method="xxhash64", seed=SEED).to_cupy()
    wanted = [xxhash.xxh64_intdigest(text.encode(), SEED) for text in texts]
    yield backend.to_host(codes), np.unique(texts, return_inverse=True)[1]
    yield backend.to_host(hashes) != np.array(wanted, dtype=np.uint64), np.zeros(N_ROWS, dtype=bool)


def _on_device(backend: Backend, known: Known) -> tuple[Any, Any, Any]:
    block, right, left = backend.to_device(known)
    return backend.csr(block, np.float32), right, left


def _dense(known: Known) -> NDArray[np.float64]:
    return np.asarray(known.block.to_scipy().toarray(), dtype=np.float64)


STEPS: Final[dict[str, Step]] = {
    "copies to the device and back": _round_trip,
    "X @ V": _times,
    "Xᵀ @ Y": _transposed_times,
    "Xᵀ(X @ V)": _gram_times,
    "XᵀX and XXᵀ": _grams,
    "truncated SVD": _truncated_svd,
    "nearest neighbours": _neighbors,
    "best of factors, owned masked": _lists,
    "means through neighbours": _means,
}
CUDF_STEPS: Final[dict[str, Step]] = {"ids, sorted and hashed": _ids}
