"""`cuvs.neighbors.brute_force`: a product in float32, then the best k of every row.

Ties come in any order, and the last bit of a distance is not to be relied on.
"""

from typing import Any

import numpy as np

from strict_device import counting
from strict_device.array import ndarray, on_device
from strict_device.buffers import device_ndarray, shared
from strict_device.device_memory import workspace
from strict_device.errors import StrictDeviceError
from strict_device.noise import draws, last_bit
from strict_device.wrapping import is_device

METRICS = {
    "l2": 1, "sqeuclidean": 0, "euclidean": 1, "l1": 3, "cityblock": 3, "inner_product": 6,
    "chebyshev": 7, "canberra": 8, "cosine": 2, "lp": 9, "correlation": 10, "jaccard": 11,
    "hellinger": 12, "braycurtis": 14, "jensenshannon": 15, "hamming": 16, "kl_divergence": 17,
    "minkowski": 9, "russellrao": 18, "dice": 19, "bitwise_hamming": 20,
}  # fmt: skip
TILE_ROWS, TILE_COLUMNS = 512, 2**18  # of distances at a time
LOWEST = np.finfo(np.float32).min


class Index:
    """A dataset that can be searched."""

    def __init__(self, dataset: ndarray, metric: str) -> None:
        self._dataset, self._metric = dataset, metric
        self.trained = True


def build(
    dataset: Any, metric: str = "sqeuclidean", metric_arg: float = 2.0, resources: Any = None
) -> Index:
    """An index; the dataset is used where it is."""
    METRICS[metric]  # a KeyError, as there
    _check(dataset)
    if METRICS[metric] not in (0, 1, 2, 6):
        raise NotImplementedError(f"the stand-in does not have the metric {metric!r}")
    _finish(resources)
    return Index(shared(dataset), metric)


def search(
    index: Index,
    queries: Any,
    k: int,
    neighbors: Any = None,
    distances: Any = None,
    resources: Any = None,
    prefilter: Any = None,
) -> tuple[device_ndarray, device_ndarray]:
    """Distances in float32 and int64 positions, best first; −1 where there are fewer than k."""
    _check(queries)
    dataset, asked = index._dataset._strict_host, shared(queries)._strict_host
    if asked.shape[1] != dataset.shape[1] or asked.dtype != dataset.dtype:
        raise ValueError(
            f"queries {asked.dtype} {asked.shape}, dataset {dataset.dtype} {dataset.shape}"
        )
    found, places = np.empty((len(asked), k), np.float32), np.empty((len(asked), k), np.int64)
    for start in range(0, len(asked), TILE_ROWS):
        rows = slice(start, start + TILE_ROWS)
        allowed = _allowed(prefilter, rows, len(asked), len(dataset))
        with workspace(4 * len(asked[rows]) * min(len(dataset), TILE_COLUMNS)):
            found[rows], places[rows] = _best(index._metric, asked[rows], dataset, k, allowed)
    _finish(resources)
    return _given(distances, found), _given(neighbors, places)


def _best(metric: str, asked: np.ndarray, dataset: np.ndarray, k: int, allowed: Any) -> Any:
    distances = _distances(metric, asked.astype(np.float32), dataset.astype(np.float32))
    largest = metric == "inner_product"
    keys = -distances if largest else distances
    if allowed is not None:
        keys = np.where(allowed, keys, np.inf)
    ties = draws.random(keys.shape, dtype=np.float32)
    order = np.lexsort((ties, keys))[:, :k]
    values = np.take_along_axis(distances, order, 1)
    unfilled = np.isinf(np.take_along_axis(keys, order, 1))
    missing = k - order.shape[1]
    values = np.pad(
        np.where(unfilled, LOWEST, values), ((0, 0), (0, missing)), constant_values=LOWEST
    )
    return values, np.pad(np.where(unfilled, -1, order), ((0, 0), (0, missing)), constant_values=-1)


def _distances(metric: str, asked: np.ndarray, dataset: np.ndarray) -> np.ndarray:
    products = last_bit(asked @ dataset.T)
    if metric == "inner_product":
        return products
    squares = np.einsum("ij,ij->i", asked, asked)[:, None], np.einsum("ij,ij->i", dataset, dataset)
    if metric == "cosine":
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1 - products / np.sqrt(squares[0] * squares[1])
    distances = np.maximum(squares[0] + squares[1] - 2 * products, 0)
    return distances if metric == "sqeuclidean" else np.sqrt(distances)


def _allowed(prefilter: Any, rows: slice, n_queries: int, n_items: int) -> np.ndarray | None:
    """One truth per query and item, from bits of which the lowest of a word is the first."""
    if prefilter is None or prefilter._kind is None:
        return None
    bits = np.unpackbits(prefilter._words._strict_host.view(np.uint8), bitorder="little")
    if prefilter._kind == "bitset":
        return bits[None, :n_items].astype(bool)
    return bits[: n_queries * n_items].reshape(n_queries, n_items)[rows].astype(bool)


def _check(matrix: Any) -> None:
    array = shared(matrix)
    if not is_device(array):
        raise StrictDeviceError(f"cuvs: {type(matrix).__name__} where a device array belongs")
    if array.ndim != 2:
        raise ValueError(f"Expected a matrix, got {array.ndim} dimensions")
    if array.dtype not in (np.float32, np.float16):
        raise TypeError(f"dtype {array.dtype} not supported; float32 or float16")
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        raise ValueError("rows or columns must be contiguous")


def _finish(resources: Any) -> None:
    if resources is None:
        counting.count("syncs")  # it waits for its result, unless the caller has a handle


def _given(place: Any, values: np.ndarray) -> Any:
    if place is None:
        return device_ndarray._of(on_device(values))
    target = shared(place)
    if target.dtype != values.dtype or target.shape != values.shape:
        raise ValueError(f"{target.dtype} {target.shape} for {values.dtype} {values.shape}")
    target._strict_host[...] = values
    return place


class Prefilter:
    """Which items may be found."""

    def __init__(self, prefilter: Any, parent: Any = None) -> None:
        self._kind, self._words = prefilter, parent


def _filter(kind: str) -> Any:
    def make(bits: Any) -> Prefilter:
        words = shared(bits)
        if not is_device(words) or words.dtype != np.uint32:
            raise StrictDeviceError(f"a {kind} is a device array of uint32")
        return Prefilter(kind, words)

    return make


OWN = {"Index": Index, "build": build, "search": search}
FILTERS = {
    "Prefilter": Prefilter,
    "from_bitset": lambda bitset: _filter("bitset")(bitset),
    "from_bitmap": lambda bitmap: _filter("bitmap")(bitmap),
    "no_filter": lambda: Prefilter(None),
}
