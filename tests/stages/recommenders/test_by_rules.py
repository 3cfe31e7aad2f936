"""More candidates where the first leave a list short, for those lists alone."""

import numpy as np
import pytest

from cfdist.algorithms.csr import empty_rows
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.algorithms.rules import Rules
from cfdist.algorithms.scoring import fill_dense
from cfdist.backends import get_backend
from cfdist.stages.recommenders import Rows, by_rules
from cfdist.stages.recommenders.by_rules import fill_by_rules

N_ARTICLES = 400
N = 2


def fill_one(n_same: int, begun: Lists | None = None) -> tuple[Lists, list[int]]:
    """A list whose first ``n_same`` candidates are one family, and how many it was offered."""
    widths: list[int] = []
    scores = -np.arange(N_ARTICLES, dtype=np.float32)[None, :]

    def fill(_, lists: Lists, rows: Rows, source: int) -> None:
        widths.append(lists.articles.shape[1])
        fill_dense(lists, scores[rows.local], 0, rows.blocked, source)

    lists = Lists.empty(1, N) if begun is None else begun
    fill_by_rules(get_backend("cpu"), lists, rows_of(1), fill, 7, (), families(n_same))
    return lists, widths


def families(n_same: int) -> Rules:
    family = np.arange(N_ARTICLES, dtype=np.int32)
    family[:n_same] = 0
    return Rules(np.ones(N_ARTICLES, bool), np.full(N_ARTICLES, -1, np.int32), family, 0)


def rows_of(n_rows: int) -> Rows:
    """Users who own nothing."""
    nothing = empty_rows((n_rows, N_ARTICLES))
    return Rows(nothing, Blocked(nothing, np.empty(0, np.int64)), np.arange(n_rows))


@pytest.mark.parametrize(
    ("n_same", "expected", "widths"),
    [(1, 2, [52]), (51, 2, [52]), (52, 2, [52, 208]), (207, 2, [52, 208]), (208, 1, [52, 208])],
)
def test_a_second_round_looks_four_times_as_far(n_same, expected, widths):
    lists, calls = fill_one(n_same)
    assert np.count_nonzero(lists.articles >= 0) == expected
    assert lists.articles[0, :expected].tolist() == [0, n_same][:expected]
    assert calls == widths


def test_full_lists_are_left_alone():
    begun = Lists.empty(1, N)
    begun.articles[:], begun.sources[:] = [[3, 4]], 1
    lists, calls = fill_one(1, begun)
    assert lists.articles.tolist() == [[3, 4]]
    assert calls == []


def test_lists_as_long_as_the_rules_admit_are_left_alone():
    """All articles are one family: one entry is a full list."""
    begun = Lists.empty(1, N)
    begun.articles[0, 0], begun.sources[0, 0] = 3, 1
    lists, calls = fill_one(N_ARTICLES, begun)
    assert lists.articles.tolist() == [[3, -1]]
    assert calls == []
    lists, calls = fill_one(N_ARTICLES)
    assert lists.articles.tolist() == [[0, -1]]
    assert calls == [52]


@pytest.mark.parametrize("candidates", [1, 120, 2**22])
def test_memory_is_bounded_by_runs_of_rows(monkeypatch, candidates):
    """Five rows, of which one cannot be filled from the first candidates."""
    monkeypatch.setattr(by_rules, "CANDIDATES", candidates)
    first = np.array([0, 150, 200, 250, 300])
    scores = -((np.arange(N_ARTICLES)[None, :] - first[:, None]) % N_ARTICLES).astype(np.float32)
    sizes: list[int] = []

    def fill(_, lists: Lists, rows: Rows, source: int) -> None:
        sizes.append(lists.articles.size)
        fill_dense(lists, scores[rows.local], 0, rows.blocked, source)

    lists = Lists.empty(5, N)
    fill_by_rules(get_backend("cpu"), lists, rows_of(5), fill, 0, (), families(100))
    assert lists.articles.tolist() == [[0, 100], *([a, a + 1] for a in first[1:].tolist())]
    assert max(sizes) <= max(candidates, 208)
