"""Golden vectors from the authors of the hashes: an id must fall into one bucket for ever."""

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from frame_engines import strict_gpu
from hypothesis import given
from hypothesis import strategies as st

from cfdist.algorithms.hashing import (
    N_BUCKETS,
    SAMPLE_SEED,
    bucket_of,
    hash_ids,
    hash_rows,
    splitmix64,
)

# The first outputs of the published generator for a state; ours takes the step as the seed.
STREAMS = {
    0: [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
        0xF88BB8A8724C81EC,
        0x1B39896A51A8749B,
    ],
    1234567: [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ],
}
XXH64 = {
    "": 0xEF46DB3751D8E999,
    "a": 0xD24EC4F1A98C6E5B,
    "abc": 0x44BC2CF5AD770999,
    "Nobody inspects the spammish repetition": 0xFBCEA83C8A378BF1,
}

small_rows = st.lists(
    st.dictionaries(st.integers(0, 6), st.sampled_from([0.0, 0.5, 1.0, 2.0]), max_size=4),
    min_size=1,
    max_size=12,
)


def csr_of(rows: list[dict[int, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """indptr, indices and data of rows given as column → weight."""
    ordered = [sorted(row.items()) for row in rows]
    lengths = [len(row) for row in ordered]
    indices = np.array([column for row in ordered for column, _ in row], dtype=np.int32)
    data = np.array([weight for row in ordered for _, weight in row], dtype=np.float32)
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64), indices, data


@pytest.mark.parametrize("state", STREAMS)
def test_splitmix64_gives_the_published_streams(state: int) -> None:
    hashes = [int(splitmix64(np.array([state]), step)[0]) for step in range(5)]
    assert hashes == STREAMS[state]


def test_splitmix64_takes_the_whole_range_of_int64() -> None:
    ends = np.array([-(2**63), -1, 0, 2**63 - 1])
    assert len(set(splitmix64(ends).tolist())) == 4


def test_strings_hash_as_xxh64_of_their_utf8() -> None:
    assert hash_ids(pa.array(list(XXH64))).tolist() == list(XXH64.values())


def test_another_seed_gives_another_hash() -> None:
    golden = [0xB9F17F1A0E949B46, 0x399EA4786490D02E, 0x344FF50B61FACBA7]
    assert hash_ids(pa.array(["", "a", "abc"]), SAMPLE_SEED).tolist() == golden
    numbers = pa.array([1, 2, 3])
    assert not np.any(hash_ids(numbers) == hash_ids(numbers, SAMPLE_SEED))


@pytest.mark.parametrize("kind", [pa.int8(), pa.int32(), pa.int64()])
def test_integers_of_every_width_hash_alike(kind: pa.DataType) -> None:
    assert hash_ids(pa.array([-3, 0, 117], kind)).tolist() == splitmix64(
        np.array([-3, 0, 117])
    ).tolist()  # fmt: skip


def test_a_number_and_its_digits_are_different_ids() -> None:
    assert hash_ids(pa.array([71053]))[0] != hash_ids(pa.array(["71053"]))[0]
    assert hash_ids(pa.array(["71053"]))[0] != hash_ids(pa.array(["0071053"]))[0]


@given(texts=st.lists(st.text(max_size=5), max_size=20), kind=st.sampled_from(["str", "large"]))
def test_strings_and_their_dictionary_hash_alike(texts: list[str], kind: str) -> None:
    plain = pa.array(texts, pa.string() if kind == "str" else pa.large_string())
    hashes = hash_ids(plain).tolist()
    assert hash_ids(plain.dictionary_encode()).tolist() == hashes
    assert [int(hash_ids(pa.array([text]))[0]) for text in texts] == hashes


def test_a_slice_of_a_dictionary_hashes_only_its_rows() -> None:
    ids = pa.array(["a", "b", "abc", "a"]).dictionary_encode().slice(2)
    assert hash_ids(ids).tolist() == [XXH64["abc"], XXH64["a"]]


@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
def test_no_ids_have_no_hashes(kind: pa.DataType) -> None:
    assert hash_ids(pa.array([], kind)).tolist() == []


def test_a_bucket_is_the_upper_14_bits() -> None:
    hashes = np.array([0, 2**50 - 1, 2**50, 2**64 - 1], dtype=np.uint64)
    buckets = bucket_of(hashes)
    assert buckets.dtype == np.int32
    assert buckets.tolist() == [0, 0, 1, N_BUCKETS - 1]


def test_golden_buckets() -> None:
    assert bucket_of(hash_ids(pa.array([0, 1234567]))).tolist() == [14472, 5735]
    assert bucket_of(hash_ids(pa.array(["a", "abc"]))).tolist() == [13459, 4399]


def test_consecutive_ids_spread_evenly() -> None:
    counts = np.bincount(bucket_of(splitmix64(np.arange(100 * N_BUCKETS))), minlength=N_BUCKETS)
    assert counts.min() > 50
    assert counts.max() < 160
    assert abs(counts.std() - 10) < 0.5  # of a Poisson variable with mean 100


@given(rows=small_rows)
def test_rows_hash_alike_exactly_when_they_are_equal(rows: list[dict[int, float]]) -> None:
    indptr, indices, data = csr_of(rows)
    by_row = hash_rows(indptr, indices, data)
    by_set = hash_rows(indptr, indices)
    for a, left in enumerate(rows):
        for b, right in enumerate(rows):
            assert (by_row[a] == by_row[b]).all() == (left == right)
            assert (by_set[a] == by_set[b]).all() == (left.keys() == right.keys())


@given(rows=small_rows, cut=st.integers(0, 12))
def test_a_row_hashes_alike_in_any_block(rows: list[dict[int, float]], cut: int) -> None:
    parts = [hash_rows(*csr_of(part)) for part in (rows[:cut], rows[cut:])]
    assert np.array_equal(np.concatenate(parts), hash_rows(*csr_of(rows)))


def test_each_half_of_a_row_hash_stands_alone() -> None:
    """Two words of one mixer with shifted input would say nothing more than one."""
    matrix = sp.random(2_000, 50, 0.1, format="csr", rng=np.random.default_rng(0))
    hashes = hash_rows(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float32),
    )
    bits = np.unpackbits(np.ascontiguousarray(hashes).view(np.uint8), axis=1)
    assert hashes.shape == (2_000, 2)
    filled = bits[np.diff(matrix.indptr) > 0]
    agreement = np.mean(filled[:, :64] == filled[:, 64:])
    assert abs(agreement - 0.5) < 0.01  # 125,000 fair coins: seven standard deviations


@pytest.mark.parametrize("with_data", [True, False])
def test_rows_hash_on_a_device_as_on_the_host(with_data: bool) -> None:
    indptr, indices = np.array([0, 2, 2, 5]), np.array([1, 7, 0, 1, 7], dtype=np.int32)
    data = np.linspace(-1, 1, 5, dtype=np.float32) if with_data else None
    wanted = hash_rows(indptr, indices, data)
    with strict_gpu():
        import cupy

        there = [None if part is None else cupy.asarray(part) for part in (indptr, indices, data)]
        found = hash_rows(*there)
        assert found.get().tolist() == wanted.tolist()
        assert bucket_of(found[:, 0]).get().tolist() == bucket_of(wanted[:, 0]).tolist()
