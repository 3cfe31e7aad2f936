"""A block is a function of its rows, whatever their order."""

import numpy as np
import pyarrow as pa
import pytest
from frame_engines import strict_gpu
from hypothesis import given, settings
from hypothesis import strategies as st
from interaction_rows import (
    NUMBERS,
    TEXTS,
    Kind,
    assert_same_block,
    assert_same_rows,
    block_from,
    local_codes,
    rows_of_a_block,
)
from reference import Row

from cfdist.algorithms.baskets import basket_articles
from cfdist.algorithms.csr import stack
from cfdist.algorithms.hashing import bucket_of, hash_ids
from cfdist.algorithms.interactions import (
    codes_in,
    encode_sorted,
    join_blocks,
    merge_sorted,
    run_starts,
)
from cfdist.algorithms.partitioning import block_of
from cfdist.algorithms.weighting import user_item_weights
from cfdist.backends import get_backend


@given(given_rows=rows_of_a_block(), has_baskets=st.booleans(), data=st.data())
def test_the_order_of_the_rows_does_not_matter(
    given_rows: tuple[list[Row], Kind], has_baskets: bool, data: st.DataObject
) -> None:
    rows, kind = given_rows
    shuffled = data.draw(st.permutations(rows))
    assert_same_block(
        block_from(rows, kind, has_baskets=has_baskets),
        block_from(shuffled, kind, has_baskets=has_baskets),
    )


@given(given_rows=rows_of_a_block(some_without_user=False), n_blocks=st.sampled_from([2, 3, 7]))
def test_blocks_stacked_are_the_one_block(
    given_rows: tuple[list[Row], Kind], n_blocks: int
) -> None:
    """The user order is by bucket and id, so that more blocks only cut the matrix elsewhere."""
    rows, kind = given_rows
    whole = block_from(rows, kind)
    n_articles = len(whole.article_ids)
    place = {
        user: int(block_of(bucket_of(hash_ids(pa.array([user], kind.dtype))), n_blocks)[0])
        for user in kind.users
    }
    parts, ids = [], []
    for number in range(n_blocks):
        part = block_from([row for row in rows if place[row.user] == number], kind)
        codes = codes_in(part.article_ids, whole.article_ids)
        parts.append(user_item_weights(part, codes, n_articles, "sum", "net"))
        ids += part.user_ids.to_pylist()
    assert ids == whole.user_ids.to_pylist()
    expected = user_item_weights(whole, local_codes(whole), n_articles, "sum", "net")
    assert_same_rows(stack(parts), expected)


@given(given_rows=rows_of_a_block(some_without_user=False), n_blocks=st.sampled_from([1, 2, 7]))
def test_blocks_joined_are_the_one_block(given_rows: tuple[list[Row], Kind], n_blocks: int) -> None:
    """Codes of baskets are others, and in the same order for every user."""
    rows, kind = given_rows
    whole = block_from(rows, kind)
    place = {
        user: int(block_of(bucket_of(hash_ids(pa.array([user], kind.dtype))), n_blocks)[0])
        for user in kind.users
    }
    parts = [
        block_from([row for row in rows if place[row.user] == number], kind)
        for number in range(n_blocks)
    ]
    joined = join_blocks(parts)
    for name in ("user", "article", "quantity", "timestamp"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    assert joined.user_ids.equals(whole.user_ids)
    assert joined.article_ids.equals(whole.article_ids)
    baskets = [
        np.unique(np.stack([block.user, block.basket]), axis=1, return_inverse=True)[1]
        for block in (joined, whole)
    ]
    np.testing.assert_array_equal(*baskets)
    assert [code.dtype for code in joined[2:5]] == [np.int32] * 3


def test_guests_cannot_be_joined() -> None:
    block = block_from([Row(None, "pear", "b3", 1.0, 1)])
    with pytest.raises(ValueError, match="without a user"):
        join_blocks([block])


@given(given_rows=rows_of_a_block())
def test_users_by_bucket_and_id_rows_by_everything(given_rows: tuple[list[Row], Kind]) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    users = {row.user for row in rows if row.user is not None}

    def key(user: int | str) -> tuple:
        bucket = int(bucket_of(hash_ids(pa.array([user], kind.dtype)))[0])
        return bucket, user.encode() if isinstance(user, str) else user

    assert block.user_ids.to_pylist() == sorted(users, key=key)
    columns = (block.user, block.article, block.timestamp, block.basket, block.quantity)
    listed = list(zip(*(column.tolist() for column in columns), strict=True))
    assert listed == sorted(listed)


def test_the_ids_here_are_not_ordered_alike_by_bucket() -> None:
    """Otherwise the order of users would be tested by nothing."""
    for kind in (NUMBERS, TEXTS):
        ordered = encode_sorted(pa.array(kind.users, kind.dtype))[0]
        assert np.any(np.diff(bucket_of(hash_ids(ordered))) < 0)


def test_a_small_block_by_hand() -> None:
    rows = [
        Row("bob", "pear", "b2", 1.0, 5),
        Row(None, "pear", "b3", 1.0, 1),
        Row("bob", "apple", "b2", 2.0, 5),
        Row("bob", "apple", "b1", 1.0, 2),
    ]
    block = block_from(rows)
    assert block.user_ids.to_pylist() == ["bob"]
    assert block.article_ids.to_pylist() == ["apple", "pear"]
    assert block.user.tolist() == [-1, 0, 0, 0]
    assert block.article.tolist() == [1, 0, 0, 1]
    assert block.basket.tolist() == [2, 0, 1, 1]
    assert block.quantity.tolist() == [1.0, 1.0, 2.0, 1.0]
    assert block.timestamp.tolist() == [1, 2, 5, 5]


@pytest.mark.parametrize("kind", [NUMBERS, TEXTS])
def test_nothing_gives_nothing(kind: Kind) -> None:
    block = block_from([], kind)
    assert user_item_weights(block, local_codes(block), 5, "sum", "net").shape == (0, 5)
    assert basket_articles(block, local_codes(block), 5, 10)[0].shape == (0, 5)


@given(values=st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))))
def test_integers_are_encoded_in_order(values: list[int | None]) -> None:
    ids, codes = encode_sorted(pa.array(values, pa.int64()))
    distinct = sorted({value for value in values if value is not None})
    assert ids.to_pylist() == distinct
    assert codes.tolist() == [-1 if v is None else distinct.index(v) for v in values]
    assert codes.dtype == np.int32


@settings(max_examples=200)
@given(values=st.lists(st.one_of(st.none(), st.text(max_size=4))))
def test_strings_are_encoded_in_the_order_of_their_utf8(values: list[str | None]) -> None:
    ids, codes = encode_sorted(pa.array(values, pa.string()))
    distinct = sorted({v for v in values if v is not None}, key=lambda text: text.encode())
    assert ids.to_pylist() == distinct
    assert codes.tolist() == [-1 if v is None else distinct.index(v) for v in values]


def test_utf8_order_is_neither_utf16_nor_a_dictionary_s() -> None:
    texts = ["\U0001f600", "\uffff", "é", "z", "Z", "a", "10", "9", ""]
    assert encode_sorted(pa.array(texts))[0].to_pylist() == [
        "", "10", "9", "Z", "a", "z", "é", "\uffff", "\U0001f600",
    ]  # fmt: skip


@given(left=st.lists(st.text(max_size=3)), right=st.lists(st.text(max_size=3)))
def test_merged_ids_are_those_of_both(left: list[str], right: list[str]) -> None:
    sides = [encode_sorted(pa.array(side, pa.string()))[0] for side in (left, right)]
    merged = merge_sorted(*sides)
    assert merged.to_pylist() == sorted({*left, *right}, key=lambda text: text.encode())
    assert merged.equals(merge_sorted(*reversed(sides)))
    for side in sides:
        assert merged.take(pa.array(codes_in(side, merged))).equals(side)


# on a device


def test_blocks_joined_on_a_device() -> None:
    """The rows stay there; of ids that are joined on the host, codes go to the device."""
    parts = [
        block_from([Row(user, article, "b", 1.0, 1) for user in users for article in articles])
        for users, articles in (("a", ("pear", "fig")), ("bc", ("kiwi", "fig")), ("", ()))
    ]
    wanted = join_blocks(parts)
    with strict_gpu() as device:
        backend = get_backend("gpu")
        there = backend.to_device(parts)
        device.reset()
        joined = join_blocks(there)
        assert device.counts().to_host == 0
        assert device.counts().to_device == len(parts)
        assert_same_block(backend.to_host(joined), wanted)


@pytest.mark.parametrize("keys", [[[], []], [[0, 0, 1, 1], [2, 2, 2, 3]]])
def test_runs_on_a_device(keys: list[list[int]]) -> None:
    wanted = run_starts(*[np.array(key, dtype=np.int32) for key in keys])
    with strict_gpu():
        import cupy

        found = run_starts(*[cupy.asarray(np.array(key, dtype=np.int32)) for key in keys])
        assert found.get().tolist() == wanted.tolist()
