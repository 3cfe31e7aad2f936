"""Lists: never owned or denied, never twice, as many as there are, equal to brute force.

Weights are small binary fractions, so that sums are exact in any order and lists are compared
bit for bit. Random factors agree within 1e-6 of their scale.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import all_products, fill_from_scores, ranking_as_scores, weighted_mean

from cfdist.algorithms import scoring
from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.algorithms.scoring import (
    fill_dense,
    fill_latent,
    fill_ranked,
    fill_sparse,
    fill_through,
    mean_through,
)

WEIGHTS = [0.0, 0.0, 0.25, 0.5, 1.0, 2.0]
FACTORS = [-1.0, -0.5, 0.0, 0.5, 1.0]
SCORES = np.float32([0.9, 0.5, 0.4, 0.2, 0.1])


def block_of(dense: np.ndarray, *, keep_zeros: bool = False) -> CsrBlock:
    dense = np.asarray(dense, dtype=np.float64)
    rows, columns = np.nonzero(np.ones_like(dense) if keep_zeros else dense)
    return csr_from_sorted(rows, columns, dense[rows, columns], dense.shape)


def copy_of(lists: Lists) -> Lists:
    return Lists(*(array.copy() for array in lists))


def assert_same_lists(found: Lists, expected: tuple) -> None:
    for name, array, wanted in zip(found._fields, found, expected, strict=True):
        np.testing.assert_array_equal(array, wanted, err_msg=name)


def assert_well_formed(lists: Lists, owned: np.ndarray, n_wanted: np.ndarray) -> None:
    """Nothing owned, nothing twice, filled from the front, as long as it can be."""
    for row, articles in enumerate(lists.articles):
        listed = articles[articles >= 0]
        assert np.array_equal(articles[: len(listed)], listed)
        assert len(set(listed.tolist())) == len(listed)
        assert not owned[row, listed].any()
        assert len(listed) == n_wanted[row]
        assert np.array_equal(lists.sources[row] >= 0, articles >= 0)


@dataclass(frozen=True)
class Case:
    """A shop of a few users and articles, dense."""

    owned: np.ndarray
    weights: np.ndarray
    table: np.ndarray
    user_factors: np.ndarray
    item_factors: np.ndarray
    ranking: np.ndarray
    n: int
    denied: np.ndarray

    @property
    def n_rows(self) -> int:
        return len(self.owned)

    @property
    def n_articles(self) -> int:
        return self.owned.shape[1]

    @property
    def kept_out(self) -> np.ndarray:
        """What a list may not hold, users × articles."""
        return self.owned.astype(bool) | self.denied

    @property
    def blocked(self) -> CsrBlock | Blocked:
        owned = block_of(self.owned)
        return Blocked(owned, np.flatnonzero(self.denied)) if self.denied.any() else owned

    @property
    def n_possible(self) -> np.ndarray:
        """Places that the catalogue can fill, per row."""
        return np.minimum(self.n, self.n_articles - np.count_nonzero(self.kept_out, axis=1))

    def rows(self, rows: slice) -> "Case":
        return replace(
            self, owned=self.owned[rows], weights=self.weights[rows],
            user_factors=self.user_factors[rows],
        )  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n_rows, n_others = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    n_articles, n_components = draw(st.integers(1, 9)), draw(st.integers(1, 5))

    def table(values: list, height: int, width: int) -> np.ndarray:
        row = st.lists(st.sampled_from(values), min_size=width, max_size=width)
        return np.array(draw(st.lists(row, min_size=height, max_size=height)))

    return Case(
        owned=table([0, 0, 1], n_rows, n_articles),
        weights=table([-1.0, *WEIGHTS], n_rows, n_others),
        table=table([-0.5, *WEIGHTS], n_others, n_articles),
        user_factors=table(FACTORS, n_rows, n_components).astype(np.float32),
        item_factors=table(FACTORS, n_articles, n_components).astype(np.float32),
        ranking=np.array(draw(st.permutations(range(n_articles))), dtype=np.int64),
        n=draw(st.integers(1, 10)),
        denied=table([False, False, True], 1, n_articles)[0],
    )


def through(lists: Lists, case: Case, source: int = 0, *, keep_zeros: bool = False) -> None:
    weights, table = (block_of(m, keep_zeros=keep_zeros) for m in (case.weights, case.table))
    fill_through(lists, weights, table, case.blocked, source)


def dense(lists: Lists, case: Case, source: int = 0) -> None:
    """In tiles of two rows."""
    products = all_products(case.user_factors, case.item_factors)
    for first in range(0, case.n_rows, 2):
        fill_dense(lists, products[first : first + 2], first, case.blocked, source)


def sparse(lists: Lists, case: Case, source: int = 0) -> None:
    fill_sparse(lists, scores_of(case), case.blocked, source)


def latent(lists: Lists, case: Case, source: int = 0) -> None:
    fill_latent(lists, case.user_factors, case.item_factors, case.blocked, source)


def popular(lists: Lists, case: Case, source: int = 0) -> None:
    falling = -np.arange(len(case.ranking), dtype=np.float32)
    fill_ranked(lists, case.ranking, falling, case.blocked, source)


def scores_of(case: Case) -> CsrBlock:
    """Stored scores: the products, 0 for every third article."""
    products = all_products(case.user_factors, case.item_factors)
    kept = np.arange(case.n_articles) % 3 != 1
    return block_of(products.reshape(-1, case.n_articles) * kept, keep_zeros=True)


def brute_through(lists: Lists, case: Case, source: int = 0) -> tuple:
    means = weighted_mean(case.weights, case.table)
    return fill_from_scores(*lists, means, case.kept_out, source, only_positive=True)


def brute_latent(lists: Lists, case: Case, source: int = 0) -> tuple:
    products = all_products(case.user_factors, case.item_factors)
    return fill_from_scores(*lists, products, case.kept_out, source, only_positive=False)


def brute_sparse(lists: Lists, case: Case, source: int = 0) -> tuple:
    scores = scores_of(case).to_scipy().toarray()
    return fill_from_scores(*lists, scores, case.kept_out, source, only_positive=True)


def brute_popular(lists: Lists, case: Case, source: int = 0) -> tuple:
    falling = ranking_as_scores(case.ranking, case.n_rows, case.n_articles)
    return fill_from_scores(*lists, falling, case.kept_out, source, only_positive=False)


FILLERS = {
    "through": (through, brute_through),
    "dense": (dense, brute_latent),
    "sparse": (sparse, brute_sparse),
    "latent": (latent, brute_latent),
    "popular": (popular, brute_popular),
}


@pytest.mark.parametrize("name", FILLERS)
@settings(max_examples=100)
@given(case=cases())
def test_empty_lists_are_filled_as_by_brute_force(name: str, case: Case) -> None:
    fill, brute = FILLERS[name]
    lists = Lists.empty(case.n_rows, case.n)
    expected = brute(lists, case)
    fill(lists, case)
    assert_same_lists(lists, expected)


@pytest.mark.parametrize("first", FILLERS)
@pytest.mark.parametrize("second", FILLERS)
@settings(max_examples=50)
@given(case=cases(), n_first=st.integers(0, 4))
def test_free_places_are_filled_after_those_taken(
    first: str, second: str, case: Case, n_first: int
) -> None:
    """A second source adds behind the first, leaves its places alone and repeats nothing."""
    lists = Lists.empty(case.n_rows, case.n)
    begun = Lists.empty(case.n_rows, min(n_first, case.n))
    FILLERS[first][0](begun, case, 5)
    for whole, part in zip(lists, begun, strict=True):
        whole[:, : part.shape[1]] = part
    expected = FILLERS[second][1](copy_of(lists), case, 7)
    FILLERS[second][0](lists, case, 7)
    assert_same_lists(lists, expected)


@settings(max_examples=100)
@given(case=cases(), order=st.permutations(["through", "latent", "popular"]))
def test_never_owned_never_denied_never_twice_exactly_n(case: Case, order: list[str]) -> None:
    lists = Lists.empty(case.n_rows, case.n)
    for source, name in enumerate(order):
        FILLERS[name][0](lists, case, source)
        if name != "through":
            assert_well_formed(lists, case.kept_out, case.n_possible)
    for row in range(case.n_rows):
        for source in range(3):
            mine = lists.sources[row] == source
            ranks = list(zip(-lists.scores[row, mine], lists.articles[row, mine], strict=True))
            assert ranks == sorted(ranks)
        sources = lists.sources[row][lists.sources[row] >= 0]
        assert np.all(np.diff(sources) >= 0)


@settings(max_examples=60)
@given(case=cases())
def test_stored_zeros_weigh_nothing(case: Case) -> None:
    sparse, stored = (Lists.empty(case.n_rows, case.n) for _ in range(2))
    through(sparse, case)
    through(stored, case, keep_zeros=True)
    assert_same_lists(stored, tuple(sparse))


@settings(max_examples=60)
@given(case=cases(), cut=st.integers(0, 5))
def test_users_scored_in_two_blocks_get_the_same_lists(case: Case, cut: int) -> None:
    for fill, _ in FILLERS.values():
        whole = Lists.empty(case.n_rows, case.n)
        fill(whole, case)
        parts = []
        for rows in (np.s_[:cut], np.s_[cut:]):
            part = case.rows(rows)
            lists = Lists.empty(part.n_rows, case.n)
            fill(lists, part)
            parts.append(lists)
        joined = tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        assert_same_lists(whole, joined)


def test_the_weighted_mean_by_hand() -> None:
    """Two similar users, of weight 3 and 1, over five articles; the first article is owned."""
    table = block_of([[1, 1, 0, 2, 0], [1, 0, 4, 2, 0]])
    lists = Lists.empty(1, 4)
    fill_through(lists, block_of([[3, 1]]), table, block_of([[1, 0, 0, 0, 0]]), 6)
    assert lists.articles.tolist() == [[3, 2, 1, -1]]
    assert lists.scores.tolist() == [[2.0, 1.0, 0.75, -2.0]]
    assert lists.sources.tolist() == [[6, 6, 6, -1]]


def test_an_owned_article_that_is_denied_stays_denied() -> None:
    """The next row does not own it, and still may not list it."""
    blocked = Blocked(block_of([[1, 0, 0], [0, 0, 1]]), np.array([0]))
    lists = Lists.empty(2, 3)
    fill_ranked(lists, np.array([0, 1, 2]), SCORES[:3], blocked, 9)
    assert lists.articles.tolist() == [[1, 2, -1], [1, -1, -1]]


@settings(max_examples=60)
@given(case=cases())
def test_dense_means_are_those_of_the_lists(case: Case) -> None:
    weights, table = block_of(case.weights), block_of(case.table)
    means = weighted_mean(case.weights, case.table)
    np.testing.assert_array_equal(mean_through(weights, table), means)


def test_what_is_not_a_number_is_not_offered() -> None:
    tile = np.float32([[np.nan, -np.inf, -1, np.nan, 2]])
    lists = Lists.empty(1, 3)
    fill_dense(lists, tile, 0, block_of([[0, 0, 0, 0, 0]]), 1)
    assert lists.articles.tolist() == [[4, 2, -1]]


def test_nothing_negative_is_recommended_by_neighbours() -> None:
    """A dissimilar user does not vote, and entries ≤ 0 are no reason."""
    table = block_of([[1, 0, 0], [0, 1, -1]], keep_zeros=True)
    lists = Lists.empty(1, 3)
    fill_through(lists, block_of([[-1, 1]]), table, block_of([[0, 0, 0]]), 0)
    assert lists.articles.tolist() == [[1, -1, -1]]
    assert lists.scores[0, 0] == 1.0


def test_latent_lists_hold_negative_scores_rather_than_nothing() -> None:
    users = np.float32([[-1, 0], [0, 0]])
    items = np.float32([[1, 0], [2, 9], [0.5, 0], [-1, 3]])
    lists = Lists.empty(2, 4)
    fill_latent(lists, users, items, block_of([[0, 0, 1, 0], [0, 0, 0, 1]]), 2)
    assert lists.articles.tolist() == [[3, 0, 1, -1], [0, 1, 2, -1]]
    assert lists.scores.tolist() == [[1, -1, -2, -2], [0, 0, 0, -2]]
    assert lists.sources.tolist() == [[2, 2, 2, -1], [2, 2, 2, -1]]


def test_popular_articles_fill_up_behind_what_is_there() -> None:
    lists = Lists.empty(3, 3)
    lists.articles[0, 0], lists.scores[0, 0], lists.sources[0, 0] = 4, 0.1, 8
    lists.articles[1], lists.scores[1], lists.sources[1] = [1, 3, 0], [3, 2, 1], [8, 8, 8]
    owned = block_of([[0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 0, 1]])
    fill_ranked(lists, np.array([1, 4, 2, 0, 3]), SCORES, owned, 9)
    assert lists.articles.tolist() == [[4, 2, 0], [1, 3, 0], [3, -1, -1]]
    assert lists.sources.tolist() == [[8, 9, 9], [8, 8, 8], [9, -1, -1]]
    assert lists.scores[0].tolist() == SCORES[[4, 2, 3]].tolist()


def test_a_short_ranking_leaves_places_free() -> None:
    lists = Lists.empty(1, 3)
    fill_ranked(lists, np.array([2]), SCORES[:1], block_of([[0, 0, 0, 0]]), 1)
    assert lists.articles.tolist() == [[2, -1, -1]]


def test_who_owns_everything_gets_nothing() -> None:
    case = Case(
        np.ones((1, 3)), np.ones((1, 2)), np.ones((2, 3)), np.ones((1, 2), np.float32),
        np.ones((3, 2), np.float32), np.arange(3), 2, np.zeros(3, bool),
    )  # fmt: skip
    for fill, _ in FILLERS.values():
        lists = Lists.empty(1, 2)
        fill(lists, case)
        assert_same_lists(lists, tuple(Lists.empty(1, 2)))


@pytest.mark.parametrize(("tile_rows", "tile_articles"), [(512, 4096), (7, 16), (1, 1)])
@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e8])
def test_random_factors_in_any_tiles(
    tile_rows: int, tile_articles: int, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, whatever the tiles: candidates of BLAS are scored again in float64."""
    monkeypatch.setattr(scoring, "TILE_ROWS", tile_rows)
    monkeypatch.setattr(scoring, "TILE_ARTICLES", tile_articles)
    rng = np.random.default_rng(0)
    users = (scale * rng.standard_normal((40, 30))).astype(np.float32)
    items = rng.standard_normal((90, 30)).astype(np.float32)
    items[50:60] = items[10:20]  # equal scores: the lower index comes first
    owned = (rng.random((40, 90)) < 0.2).astype(int)
    lists = Lists.empty(40, 12)
    fill_latent(lists, users, items, block_of(owned), 3)
    products = all_products(users, items)
    empty = Lists.empty(40, 12)
    expected = fill_from_scores(*empty, products, owned, 3, only_positive=False)
    assert_same_lists(lists, expected)
    exact = users.astype(np.float64) @ items.astype(np.float64).T
    listed = np.take_along_axis(exact, lists.articles, axis=1)
    assert np.abs(listed - lists.scores).max() < 1e-6 * np.abs(exact).max()


def test_scores_are_told_apart_that_blas_cannot() -> None:
    """300 articles within a few float32 roundings of each other."""
    rng = np.random.default_rng(5)
    users = rng.standard_normal((20, 64)).astype(np.float32)
    items = rng.standard_normal(64) * (1 + 1e-7 * rng.standard_normal((300, 64)))
    items = items.astype(np.float32)
    nothing = np.zeros((20, 300))
    lists = Lists.empty(20, 10)
    fill_latent(lists, users, items, block_of(nothing), 0)
    products = all_products(users, items)
    expected = fill_from_scores(*Lists.empty(20, 10), products, nothing, 0, only_positive=False)
    assert_same_lists(lists, expected)


def test_the_tables_of_other_users_may_have_any_height() -> None:
    """300 similar users, 100 articles, random weights: within 1e-6, and in the right order."""
    rng = np.random.default_rng(4)
    weights = rng.random((20, 300)) * (rng.random((20, 300)) < 0.1)
    table = rng.random((300, 100)) * (rng.random((300, 100)) < 0.2)
    owned = (rng.random((20, 100)) < 0.3).astype(int)
    lists = Lists.empty(20, 10)
    fill_through(lists, block_of(weights), block_of(table), block_of(owned), 0)
    means = weighted_mean(np.float32(weights), np.float32(table))
    expected = fill_from_scores(*Lists.empty(20, 10), means, owned, 0, only_positive=True)
    np.testing.assert_allclose(lists.scores, expected[1], rtol=1e-6)
    assert np.all(np.diff(lists.scores, axis=1) <= 0)
    assert_well_formed(lists, owned, np.full(20, 10))
