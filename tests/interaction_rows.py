"""Random rows of interactions and what blocks of them hold, by id, for several test files.

Quantities are quarters, so that every sum is exact and comparisons need no tolerance.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st
from reference import Row

from cfdist.algorithms.baskets import basket_articles
from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.interactions import DAY_US, InteractionBlock, sort_block
from cfdist.algorithms.weighting import user_item_weights

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
