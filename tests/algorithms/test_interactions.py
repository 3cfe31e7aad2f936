"""A block is a function of its rows, whatever their order; weights and baskets against plain loops.

Quantities are quarters, so that every sum is exact and comparisons need no tolerance.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Row, baskets_of_rows, weights_of_rows

from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.algorithms.hashing import bucket_of, hash_ids
from cfdist.algorithms.interactions import (
    DAY_US,
    InteractionBlock,
    basket_articles,
    codes_in,
    encode_sorted,
    merge_sorted,
    sort_block,
    user_item_weights,
    weigh,
)
from cfdist.algorithms.partitioning import block_of

UNLIMITED = 1_000


@dataclass(frozen=True)
class Kind:
    """How ids look: as numbers, or as text of one to four bytes a character."""

    users: tuple
    articles: tuple
    baskets: tuple
    dtype: pa.DataType


NUMBERS = Kind((-5, 1, 4), (7, 8, 71053, -1), (0, 1, 2), pa.int64())
TEXTS = Kind(
    ("u1", "w", "é", "\U0001f600"),
    ("0071053", "71053", "a", "z\uffff"),
    ("1", "2", "b"),
    pa.string(),
)

kinds = st.sampled_from([NUMBERS, TEXTS])


@st.composite
def rows_of_a_block(draw: st.DrawFn, *, some_without_user: bool = True) -> tuple[list[Row], Kind]:
    """Rows that passed ingest: one without a user has a basket."""
    kind = draw(kinds)
    row = st.builds(
        Row,
        user=st.sampled_from(kind.users),
        article=st.sampled_from(kind.articles),
        basket=st.sampled_from([None, *kind.baskets]),
        quantity=st.sampled_from([-1.0, -0.25, 0.0, 0.25, 1.0, 2.0]),
        timestamp=st.integers(-3, 3).map(lambda half_days: half_days * DAY_US // 2),
    )
    anonymous = st.builds(
        Row,
        user=st.none(),
        article=st.sampled_from(kind.articles),
        basket=st.sampled_from(kind.baskets),
        quantity=st.sampled_from([0.25, 1.0]),
        timestamp=st.just(0),
    )
    wanted = st.one_of(row, row, anonymous) if some_without_user else row
    return draw(st.lists(wanted, max_size=25)), kind


def block_from(
    rows: list[Row], kind: Kind = TEXTS, *, has_baskets: bool = True
) -> InteractionBlock:
    return sort_block(
        pa.array([row.user for row in rows], kind.dtype),
        pa.array([row.article for row in rows], kind.dtype),
        pa.array([row.basket for row in rows], kind.dtype) if has_baskets else None,
        np.array([row.quantity for row in rows], dtype=np.float64),
        np.array([row.timestamp for row in rows], dtype=np.int64),
    )


def local_codes(block: InteractionBlock) -> np.ndarray:
    return np.arange(len(block.article_ids), dtype=np.int32)


def weights_by_id(block: InteractionBlock, aggregate: str, returns: str) -> dict:
    matrix = user_item_weights(
        block, local_codes(block), len(block.article_ids), aggregate, returns
    )
    users, articles = block.user_ids.to_pylist(), block.article_ids.to_pylist()
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    entries = zip(row, matrix.indices, matrix.data.tolist(), strict=True)
    return {(users[u], articles[a]): weight for u, a, weight in entries}


def baskets_by_id(block: InteractionBlock, max_articles: int = UNLIMITED) -> list[tuple]:
    matrix, _ = basket_articles(block, local_codes(block), len(block.article_ids), max_articles)
    articles = block.article_ids.to_pylist()
    return sorted(
        tuple(sorted(articles[a] for a in matrix.indices[first:last]))
        for first, last in zip(matrix.indptr, matrix.indptr[1:], strict=False)
    )


def assert_same_block(left: InteractionBlock, right: InteractionBlock) -> None:
    for name, a, b in zip(left._fields, left, right, strict=True):
        if isinstance(a, pa.Array):
            assert a.equals(b), name
        else:
            assert a.dtype == b.dtype, name
            assert np.array_equal(a, b), name


def assert_same_rows(left: CsrBlock, right: CsrBlock) -> None:
    assert left.shape == right.shape
    assert all(np.array_equal(a, b) for a, b in zip(left[:3], right[:3], strict=True))


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


@pytest.mark.parametrize("aggregate", ["count", "sum"])
@pytest.mark.parametrize("returns", ["drop", "net"])
@given(given_rows=rows_of_a_block())
def test_weights_are_those_of_plain_loops(
    aggregate: str, returns: str, given_rows: tuple[list[Row], Kind]
) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    assert weights_by_id(block, aggregate, returns) == weights_of_rows(rows, aggregate, returns)


@pytest.mark.parametrize(
    ("quantities", "drop_count", "drop_sum", "net_count", "net_sum"),
    [
        ([2.0, 3.0], 2, 5, 2, 5),
        ([2.0, 3.0, -1.0], 2, 5, 1, 4),  # a purchase and a return cancel in the count
        ([2.0, -1.0], 1, 2, 1, 1),  # one of two came back: still bought once
        ([2.0, -2.0], 1, 2, 0, 0),
        ([-1.0], 0, 0, 0, 0),
        ([0.0], 0, 0, 0, 0),
        ([0.1, 0.2, -0.3], 2, 0.1 + 0.2, 0, 0),  # the float sum leaves 6e-17
    ],
)
def test_returns(
    quantities: list[float], drop_count: float, drop_sum: float, net_count: float, net_sum: float
) -> None:
    """Whatever is left of it, the pair stays in the matrix: it is owned."""
    block = block_from([Row("u1", "a", "b", q, t) for t, q in enumerate(quantities)])
    found = [
        weights_by_id(block, aggregate, returns)["u1", "a"]
        for returns in ("drop", "net")
        for aggregate in ("count", "sum")
    ]
    wanted = [drop_count, drop_sum, net_count, net_sum]
    assert found == [float(np.float32(weight)) for weight in wanted]


def test_a_weight_of_zero_is_plus_zero() -> None:
    """Rows are told apart by the bits of their weights."""
    rows = [Row("u1", "a", "b", -0.0, 0), Row("é", "a", "b", -1.0, 0), Row("v", "a", "b", 0.0, 0)]
    block = block_from(rows)
    for aggregate in ("count", "sum"):
        for returns in ("drop", "net"):
            matrix = user_item_weights(block, local_codes(block), 1, aggregate, returns)
            assert matrix.data.view(np.uint32).tolist() == [0, 0, 0]


@given(given_rows=rows_of_a_block(), has_baskets=st.booleans())
def test_baskets_are_those_of_plain_loops(
    given_rows: tuple[list[Row], Kind], has_baskets: bool
) -> None:
    rows, kind = given_rows
    if not has_baskets:
        rows = [row._replace(basket=None) for row in rows if row.user is not None]
    block = block_from(rows, kind, has_baskets=has_baskets)
    assert baskets_by_id(block) == baskets_of_rows(rows, DAY_US)


def test_rows_without_a_user_make_baskets_only() -> None:
    rows = [Row(None, "a", "b1", 1, 0), Row(None, "c", "b1", 1, 9), Row("u", "a", "b2", 1, 0)]
    block = block_from(rows)
    assert block.user_ids.to_pylist() == ["u"]
    assert weights_by_id(block, "count", "drop") == {("u", "a"): 1.0}
    assert baskets_by_id(block) == [("a",), ("a", "c")]


def test_one_basket_id_of_two_users_is_two_baskets() -> None:
    rows = [Row("u", "a", "b1", 1, 0), Row("v", "c", "b1", 1, 0)]
    assert baskets_by_id(block_from(rows)) == [("a",), ("c",)]


def test_rows_without_a_basket_id_are_baskets_by_day() -> None:
    """A year of purchases without receipts is not one basket."""
    days = [Row("u", article, None, 1, day * DAY_US) for day, article in enumerate("abc")]
    same_day = [Row("u", "d", None, 1, 2 * DAY_US + 1), Row("u", "e", "receipt", 1, 2 * DAY_US)]
    assert baskets_by_id(block_from(days + same_day)) == [("a",), ("b",), ("c", "d"), ("e",)]


def test_a_return_is_no_part_of_a_basket() -> None:
    rows = [Row("u", "a", "b1", 1, 0), Row("u", "c", "b1", -1, 0), Row("u", "d", "b1", 0, 0)]
    assert baskets_by_id(block_from(rows)) == [("a",)]


@pytest.mark.parametrize(
    ("limit", "sizes", "skipped"), [(3, [1, 2, 3], 0), (2, [1, 2], 1), (0, [], 3)]
)
def test_large_baskets_are_skipped_and_counted(limit: int, sizes: list[int], skipped: int) -> None:
    """A basket's size is its articles: lines that repeat one do not count."""
    rows = [Row("u", article, "b3", 1, t) for t, article in enumerate("aabbcc")]
    rows += [Row("u", article, "b2", 1, 0) for article in "ab"] + [Row("u", "a", "b1", 1, 0)]
    block = block_from(rows)
    matrix, n_large = basket_articles(block, local_codes(block), 3, limit)
    assert np.diff(matrix.indptr).tolist() == sizes
    assert matrix.shape == (len(sizes), 3)
    assert set(matrix.data.tolist()) <= {1.0}
    assert n_large == skipped


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


def test_log1p_dampens_and_none_leaves() -> None:
    block = block_from(
        [Row("u", "a", "b", 1, 0), Row("u", "a", "b", 1, 1), Row("u", "c", "b", -1, 0)]
    )
    counts = user_item_weights(block, local_codes(block), 2, "count", "drop")
    assert weigh(counts, "none").data.tolist() == [2.0, 0.0]
    damped = weigh(counts, "log1p")
    np.testing.assert_allclose(damped.data, [np.log(3), 0], rtol=1e-6)
    assert damped.data.dtype == np.float32
    assert np.array_equal(damped.indices, counts.indices)
