"""Hashes that place ids into buckets and recognise identical rows, equal on every backend."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from cfdist.algorithms.namespace import namespace_of

N_BUCKETS = 16_384
BUCKET_SEED = 0
SAMPLE_SEED = 0x5EED_0001

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def splitmix64(values: NDArray[np.int64], seed: int = 0) -> NDArray[np.uint64]:
    """Mixed 64-bit integers, a bijection for each seed; where the values are, host or device.

    References
    ----------
    Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014, fig. 15.

    Examples
    --------
    >>> hex(int(splitmix64(np.array([0]))[0]))
    '0xe220a8397b1dcdaf'
    """
    start = np.uint64((seed + 1) * int(_GOLDEN) % 2**64)
    z = values.view(np.uint64) + start
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


def hash_ids(ids: pa.Array, seed: int = 0) -> NDArray[np.uint64]:
    """One 64-bit hash per id: splitmix64 of integers, XXH64 of the UTF-8 of strings.

    Parameters
    ----------
    ids : pa.Array
        int64, string or dictionary of strings, without nulls.
    seed : int
        Another seed gives an independent hash.
    """
    if pa.types.is_integer(ids.type):
        return splitmix64(np.asarray(ids, dtype=np.int64), seed)
    encoded = ids if pa.types.is_dictionary(ids.type) else pc.dictionary_encode(ids)
    texts = encoded.dictionary.cast(pa.large_binary()).to_pylist()
    distinct = [xxhash.xxh64_intdigest(text, seed) for text in texts]
    hashes = np.array(distinct, dtype=np.uint64)
    return hashes[np.asarray(encoded.indices)] if len(hashes) else hashes


def bucket_of(hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Bucket 0 … 16,383 of each hash, on the host or a device: its upper 14 bits."""
    return (hashes >> np.uint64(64 - 14)).astype(np.int32)


def hash_rows(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], data: NDArray[np.float32] | None = None
) -> NDArray[np.uint64]:
    """128-bit hash of each row of a canonical CSR matrix, shape ``(n_rows, 2)``, where it is.

    Without ``data`` rows with the same set of columns are equal.

    Notes
    -----
    The sum of two independently mixed words per entry; equal rows give equal sums, and with
    10⁹ distinct rows two of them collide with probability 1e-21.
    """
    xp = namespace_of(indices)
    entries = indices.astype(np.int64)
    if data is not None:
        entries |= data.view(np.uint32).astype(np.int64) << 32
    hashes: NDArray[np.uint64] = xp.empty((len(indptr) - 1, 2), dtype=np.uint64)
    for word in range(2):
        ends = xp.cumsum(splitmix64(entries, word + 1))
        sums = xp.concatenate((xp.zeros(1, dtype=np.uint64), ends))
        hashes[:, word] = sums[indptr[1:]] - sums[indptr[:-1]]
    return hashes
