"""What users took after the split, in the rows and columns of what was learned.

Held-out users fall into groups that add up: *cold* ones have no train row; of the others some
took only articles out of reach, which train does not know or the rules deny (*nothing
reachable*), and some took only what they had already (*only owned*, where lists are judged on new
articles). The rest is *judged*: users with a train row and at least one held-out article that a
list could hold.

The truth of a judged user has reachable articles only. So recall@k of a perfect list is
min(k, |truth|) / |truth|, and its mean over the judged users is the *ceiling*. What is out of
reach lowers neither; how much that is tells the *unreachable share*: of the pairs (user, article)
of judged users, those whose article is out of reach.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.algorithms.baskets import basket_articles
from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.algorithms.holding_out import take
from cfdist.algorithms.interactions import InteractionBlock, run_starts


class Judged(NamedTuple):
    """The judged users of one truth; adds up over blocks.

    Attributes
    ----------
    users_by_size : int64 ``(largest size + 1,)`` users per number of reachable articles, from 1 on
    n_pairs : their held-out (user, article), unreachable ones included
    n_unreachable_pairs : those of articles that train does not know
    """

    users_by_size: NDArray[np.int64]
    n_pairs: int
    n_unreachable_pairs: int

    @property
    def n_users(self) -> int:
        """Users with a train row and a reachable held-out article."""
        return int(self.users_by_size.sum())

    @property
    def unreachable_share(self) -> float:
        """Unreachable pairs / pairs; nan without any."""
        return self.n_unreachable_pairs / self.n_pairs if self.n_pairs else float("nan")


class TruthCounts(NamedTuple):
    """Who is judged and who is not; adds up over blocks.

    Attributes
    ----------
    n_test_users : users with a held-out purchase
    n_cold_users : those without a train row
    n_nothing_reachable : those with a train row who took only articles that train does not know
    new, all : Judged
        On articles that the user did not have, and on all.
    """

    n_test_users: int
    n_cold_users: int
    n_nothing_reachable: int
    new: Judged
    all: Judged

    def population(self, articles: str, ks: Sequence[int]) -> dict[str, Any]:
        """These counts, the unreachable share and the ceilings for reports, JSON values.

        Parameters
        ----------
        articles : {"new", "all"}
            Which articles lists are judged on.
        ks : sequence of int
            List lengths.
        """
        judged: Judged = getattr(self, articles)
        known = self.n_test_users - self.n_cold_users - self.n_nothing_reachable
        nobody = not judged.n_users
        return {
            "n_users_in_test": self.n_test_users,
            "n_judged": judged.n_users,
            "n_cold_users": self.n_cold_users,
            "n_nothing_reachable": self.n_nothing_reachable,
            "n_only_owned": known - judged.n_users,
            "n_pairs": judged.n_pairs,
            "n_unreachable_pairs": judged.n_unreachable_pairs,
            "unreachable_share": None if nobody else judged.unreachable_share,
            "ceiling": {} if nobody else {str(k): ceiling(judged, [k])[0] for k in ks},
        }


class Truth(NamedTuple):
    """Held-out articles of the users of a block.

    Attributes
    ----------
    new : CsrBlock ``(n_users of the block, n_articles)``, ones: without what the user had
    all : CsrBlock of the same shape: with it
    counts : TruthCounts
    """

    new: CsrBlock
    all: CsrBlock
    counts: TruthCounts


def truth_of(
    test: InteractionBlock,
    user_ids: pa.Array,
    article_ids: pa.Array,
    owned: CsrBlock,
    rules: Mapping[str, NDArray[Any]] | None = None,
) -> Truth:
    """What each train user of a block took afterwards, and who else took something.

    Parameters
    ----------
    test : InteractionBlock
        Held-out purchases of the block. Rows without a user are nobody's.
    user_ids : pa.Array ``(n_users,)``
        Train users of the block, in the order of the index.
    article_ids : pa.Array ``(n_articles,)``
        All articles of train, sorted.
    owned : CsrBlock ``(n_users, n_articles)``
        The train matrix; its structure counts, explicit zeros too.
    rules : mapping, optional
        ``allowed`` bool ``(n_articles,)``: what no list may hold is out of reach.
    """
    starts = run_starts(test.user, test.article)
    starts = starts[test.user[starts] >= 0]
    row = _place_in(user_ids, test.user_ids)[test.user[starts]]
    column = _place_in(article_ids, test.article_ids)[test.article[starts]]
    is_cold, is_known = row < 0, column >= 0
    if rules is not None:
        is_known &= np.append(rules["allowed"], False)[column]
    reached = ~is_cold & is_known
    everything = _ones(row[reached], column[reached], owned.shape)
    is_new = ~_holds(owned, row[reached], column[reached])
    new = _ones(row[reached][is_new], column[reached][is_new], owned.shape)
    missed = np.bincount(row[~is_cold & ~is_known], minlength=owned.shape[0])
    n_reached = np.diff(everything.indptr)
    counts = TruthCounts(
        len(np.unique(test.user[starts])),
        len(np.unique(test.user[starts][is_cold])),
        int(np.count_nonzero((n_reached == 0) & (missed > 0))),
        _judged(new, missed),
        _judged(everything, missed),
    )
    return Truth(new, everything, counts)


def add_counts(left: TruthCounts, right: TruthCounts) -> TruthCounts:
    """Counts of both blocks together."""
    return TruthCounts(
        left.n_test_users + right.n_test_users,
        left.n_cold_users + right.n_cold_users,
        left.n_nothing_reachable + right.n_nothing_reachable,
        _add_judged(left.new, right.new),
        _add_judged(left.all, right.all),
    )


def ceiling(judged: Judged, ks: Sequence[int]) -> list[float]:
    """Highest possible mean recall at each k: mean of min(k, |truth|) / |truth|; nan for nobody.

    Examples
    --------
    >>> judged = Judged(np.array([0, 1, 0, 0, 1]), 5, 0)
    >>> ceiling(judged, [2, 4])
    [0.75, 1.0]
    """
    if not judged.n_users:
        return [float("nan")] * len(ks)
    sizes = np.arange(1, len(judged.users_by_size))
    users = judged.users_by_size[1:]
    return [float(users @ (np.minimum(k, sizes) / sizes)) / judged.n_users for k in ks]


def later_baskets(test: InteractionBlock, article_ids: pa.Array, max_articles: int) -> CsrBlock:
    """Held-out baskets × train articles, ones; what train does not know is left out.

    Parameters
    ----------
    max_articles : int
        Baskets with more articles that train knows are skipped, as in the matrix.

    Notes
    -----
    Baskets are whole under a split by date alone; other splits tear them.
    """
    codes = _place_in(article_ids, test.article_ids)
    known = take(test, codes[test.article] >= 0)
    return basket_articles(known, codes[codes >= 0], len(article_ids), max_articles)[0]


def _place_in(index: pa.Array, values: pa.Array) -> NDArray[np.int32]:
    """Position of each value in the index; −1 for what it does not hold."""
    return np.asarray(pc.index_in(values, value_set=index).fill_null(-1), dtype=np.int32)


def _ones(row: NDArray[np.int32], column: NDArray[np.int32], shape: tuple[int, int]) -> CsrBlock:
    """Both orders follow the ids in train and test alike, so that the pairs are sorted."""
    return csr_from_sorted(row, column, np.ones(len(row), dtype=np.float32), shape)


def _holds(block: CsrBlock, row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether the block has an entry at each place."""
    width = block.shape[1]
    rows = np.repeat(np.arange(block.shape[0], dtype=np.int64), np.diff(block.indptr))
    entries = np.append(rows * width + block.indices, -1)
    wanted = row.astype(np.int64) * width + column
    found: NDArray[np.bool_] = entries[np.searchsorted(entries[:-1], wanted)] == wanted
    return found


def _judged(truth: CsrBlock, missed: NDArray[np.integer]) -> Judged:
    sizes = np.diff(truth.indptr)
    n_unreachable = int(missed[sizes > 0].sum())
    by_size = np.bincount(sizes[sizes > 0]).astype(np.int64)
    return Judged(by_size, truth.nnz + n_unreachable, n_unreachable)


def _add_judged(left: Judged, right: Judged) -> Judged:
    by_size = np.zeros(max(len(left.users_by_size), len(right.users_by_size)), dtype=np.int64)
    for judged in (left, right):
        by_size[: len(judged.users_by_size)] += judged.users_by_size
    return Judged(
        by_size,
        left.n_pairs + right.n_pairs,
        left.n_unreachable_pairs + right.n_unreachable_pairs,
    )
