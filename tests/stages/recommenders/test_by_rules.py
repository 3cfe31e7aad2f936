"""More candidates where the first leave a list short, for those lists alone."""

import numpy as np
import pytest

from cfdist.algorithms.csr import empty_rows
from cfdist.algorithms.rules import Rules
from cfdist.algorithms.scoring import Blocked, Lists, fill_dense
from cfdist.stages.recommenders import Rows, by_rules
from cfdist.stages.recommenders.by_rules import fill_by_rules

N_ARTICLES = 400
N = 2


def fill_all(same: list[int], begun: Lists | None = None) -> tuple[Lists, list[tuple[int, int]]]:
    """Lists of rows in which the first ``same[row]`` candidates are one family, and the calls."""
    calls: list[tuple[int, int]] = []
    order = np.array([np.roll(np.arange(N_ARTICLES), first) for first in range(len(same))])
    family = np.arange(N_ARTICLES, dtype=np.int32)

    def fill(lists: Lists, rows: Rows, source: int) -> None:
        calls.append((len(rows.local), lists.articles.shape[1]))
        for place, row in enumerate(rows.local):
            scores = np.zeros((1, N_ARTICLES), np.float32)
            scores[0, order[row]] = -np.arange(N_ARTICLES)
            one = Lists(*(array[place : place + 1] for array in lists))
            fill_dense(one, scores, 0, rows.blocked.take(np.array([place])), source)

    nothing = empty_rows((len(same), N_ARTICLES))
    lists = Lists.empty(len(same), N) if begun is None else begun
    for row, n_same in enumerate(same):
        families = family.copy()
        families[order[row, :n_same]] = order[row, 0]
        rules = Rules(np.ones(N_ARTICLES, bool), np.full(N_ARTICLES, -1, np.int32), families, 0)
        one = Lists(*(array[row : row + 1] for array in lists))
        rows = Rows(nothing, Blocked(empty_rows((1, N_ARTICLES)), rules.denied), np.array([row]))
        fill_by_rules(one, rows, fill, 7, (), rules)
    return lists, calls


@pytest.mark.parametrize(
    ("n_same", "expected", "widths"),
    [(1, 2, [52]), (51, 2, [52]), (52, 2, [52, 208]), (207, 2, [52, 208]), (208, 1, [52, 208])],
)
def test_twice_as_far_as_it_is_worth(n_same, expected, widths):
    lists, calls = fill_all([n_same])
    assert np.count_nonzero(lists.articles >= 0) == expected
    assert lists.articles[0, :expected].tolist() == [0, n_same][:expected]
    assert [width for _, width in calls] == widths


def test_full_lists_are_left_alone():
    begun = Lists.empty(1, N)
    begun.articles[:], begun.sources[:] = [[3, 4]], 1
    lists, calls = fill_all([1], begun)
    assert lists.articles.tolist() == [[3, 4]]
    assert calls == []


@pytest.mark.parametrize("candidates", [1, 120, 2**22])
def test_memory_is_bounded_by_runs_of_rows(monkeypatch, candidates):
    """Five rows, of which one cannot be filled from the first candidates."""
    monkeypatch.setattr(by_rules, "CANDIDATES", candidates)
    families = np.arange(N_ARTICLES, dtype=np.int32)
    families[:100] = 0
    rules = Rules(np.ones(N_ARTICLES, bool), np.full(N_ARTICLES, -1, np.int32), families, 0)
    first = np.array([0, 150, 200, 250, 300])
    scores = -((np.arange(N_ARTICLES)[None, :] - first[:, None]) % N_ARTICLES).astype(np.float32)
    sizes: list[int] = []

    def fill(lists: Lists, rows: Rows, source: int) -> None:
        sizes.append(lists.articles.size)
        fill_dense(lists, scores[rows.local], 0, rows.blocked, source)

    nothing = empty_rows((5, N_ARTICLES))
    lists = Lists.empty(5, N)
    fill_by_rules(lists, Rows(nothing, Blocked(nothing, rules.denied), np.arange(5)), fill, 0, (),
                  rules)  # fmt: skip
    assert lists.articles.tolist() == [[0, 100], *([a, a + 1] for a in first[1:].tolist())]
    assert max(sizes) <= max(candidates, 208)
