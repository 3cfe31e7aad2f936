"""Rules: never denied, never beyond the limit, one per family, as many as there can be."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.algorithms.rules import Rules, admit, capacity, family_categories, walk

N_ARTICLES = 9
SCORES = np.linspace(0.9, 0.1, N_ARTICLES).astype(np.float32)


def rules_of(category: list, family: list, limit: int, denied: tuple = ()) -> Rules:
    families = np.array(family, dtype=np.int32)
    categories = family_categories(np.array(category, dtype=np.int32), families)
    allowed = ~np.isin(np.arange(len(family)), denied)
    return Rules(allowed, categories, families, limit)


codes = st.lists(st.integers(-1, 3), min_size=N_ARTICLES, max_size=N_ARTICLES)
rules = st.builds(
    rules_of,
    category=codes,
    family=st.lists(st.integers(0, 5), min_size=N_ARTICLES, max_size=N_ARTICLES),
    limit=st.integers(0, 3),
    denied=st.sets(st.integers(0, N_ARTICLES - 1), max_size=4).map(tuple),
)
owned_sets = st.lists(st.sets(st.integers(0, N_ARTICLES - 1)), min_size=1, max_size=4)
rankings = st.permutations(range(N_ARTICLES)).map(np.array)


def owned_block(owned: list[set]) -> CsrBlock:
    pairs = [(row, article) for row, articles in enumerate(owned) for article in sorted(articles)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return csr_from_sorted(rows, columns, np.ones(len(rows)), (len(owned), N_ARTICLES))


def fits(chosen: list[int], rules: Rules) -> bool:
    """Whether a list of these articles keeps the rules, one by one in plain Python."""
    families = [int(rules.family[a]) for a in chosen]
    categories = [int(rules.category[a]) for a in chosen if rules.category[a] >= 0]
    within = all(categories.count(c) <= rules.max_per_category for c in categories)
    return (
        all(rules.allowed[a] for a in chosen)
        and len(set(families)) == len(families)
        and (within or not rules.max_per_category)
    )


def greedy(begun: list[int], offered: list[int], rules: Rules, n: int) -> list[int]:
    listed = list(begun)
    for article in offered:
        if len(listed) < n and fits([*listed, article], rules):
            listed.append(article)
    return listed


def held(lists: Lists, row: int) -> list[int]:
    return [a for a in lists.articles[row].tolist() if a >= 0]


@settings(max_examples=200)
@given(rules=rules, owned=owned_sets, ranking=rankings, n=st.integers(1, 6))
def test_a_walk_is_greedy_and_as_long_as_any_list_can_be(rules, owned, ranking, n):
    lists = Lists.empty(len(owned), n)
    walk(lists, ranking, SCORES, Blocked(owned_block(owned), rules.denied), rules, 3)
    for row, mine in enumerate(owned):
        free = [a for a in ranking.tolist() if a not in mine]
        assert held(lists, row) == greedy([], free, rules, n)
        one_more = combinations(sorted(free), len(held(lists, row)) + 1)
        longer_fits = any(fits(list(chosen), rules) for chosen in one_more)
        assert len(held(lists, row)) == n or not longer_fits
        assert np.array_equal(lists.sources[row] == 3, lists.articles[row] >= 0)
        places = [ranking.tolist().index(a) for a in held(lists, row)]
        assert lists.scores[row, : len(places)].tolist() == SCORES[places].tolist()


@settings(max_examples=200)
@given(rules=rules, data=st.data(), n=st.integers(1, 6), width=st.integers(1, N_ARTICLES))
def test_candidates_are_admitted_in_order_behind_what_is_there(rules, data, n, width):
    """For some rows only, the others stay as they are."""
    rankings_of_rows = [data.draw(rankings) for _ in range(3)]
    begun = [greedy([], data.draw(rankings).tolist(), rules, data.draw(st.integers(0, n)))
             for _ in range(3)]  # fmt: skip
    lists, candidates = Lists.empty(3, n), Lists.empty(2, width)
    for row, listed in enumerate(begun):
        lists.articles[row, : len(listed)] = listed
        lists.sources[row, : len(listed)] = 1
    offered = []
    for new, row in enumerate((0, 2)):
        allowed = [a for a in rankings_of_rows[row].tolist() if rules.allowed[a]][:width]
        candidates.articles[new, : len(allowed)] = allowed
        candidates.scores[new, : len(allowed)] = SCORES[: len(allowed)]
        candidates.sources[new, : len(allowed)] = 2
        offered.append(allowed)
    admit(lists, np.array([0, 2]), candidates, rules)
    assert held(lists, 1) == begun[1]
    for new, row in enumerate((0, 2)):
        assert held(lists, row) == greedy(begun[row], offered[new], rules, n)
        added = held(lists, row)[len(begun[row]) :]
        first = len(begun[row])
        scores = SCORES[[offered[new].index(a) for a in added]]
        assert lists.scores[row, first : first + len(added)].tolist() == scores.tolist()
        assert lists.sources[row].tolist() == (
            [1] * first + [2] * len(added) + [-1] * (n - first - len(added))
        )


@settings(max_examples=200)
@given(rules=rules)
def test_the_capacity_is_the_longest_list(rules):
    free = np.flatnonzero(rules.allowed).tolist()
    fitting = [
        size
        for size in range(len(free) + 1)
        if any(fits(list(chosen), rules) for chosen in combinations(free, size))
    ]
    assert capacity(rules) == max(fitting)


def test_rules_by_hand() -> None:
    """Shirts 0 and 1 are one product; 0 to 3 are clothes, 4 is a cup, 5 has no category."""
    rules = rules_of([0, -1, 0, 0, 1, -1], [0, 0, 1, 2, 3, 4], limit=2, denied=(4,))
    assert rules.category.tolist() == [0, 0, 0, 0, 1, -1], "a variant has its product's category"
    assert capacity(rules) == 3
    nothing = Blocked(csr_from_sorted(*np.empty((3, 0), int), (1, 6)), rules.denied)
    lists = Lists.empty(1, 5)
    walk(lists, np.array([1, 0, 4, 3, 2, 5]), SCORES[:6], nothing, rules, 0)
    assert held(lists, 0) == [1, 3, 5]


@pytest.mark.parametrize("limit", [0, 1])
def test_articles_without_a_category_are_never_limited(limit) -> None:
    assert capacity(rules_of([-1] * 4, [0, 1, 2, 3], limit)) == 4


def test_nothing_is_limited_where_nothing_is_allowed() -> None:
    assert capacity(rules_of([0, 1], [0, 1], 1, denied=(0, 1))) == 0
