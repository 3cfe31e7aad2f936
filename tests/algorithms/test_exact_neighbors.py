"""Neighbours are those of brute force, to the last tie, however the work is grouped or dealt.

Against the rows as given scores agree within 1e-5. Against brute force over the same unit rows,
which also sums in float64 and rounds once, lists are equal: index for index, bit for bit.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import all_cosines, all_products, top_k_cosine

from cfdist.algorithms.exact_neighbors import (
    NOTHING,
    QUERY_ROWS,
    NeighborIndex,
    build_index,
    cosines_of_pairs,
    dot64,
    insert_sorted,
    query_tiles,
    search,
    unit_rows,
)


def random_rows(n_rows: int, n_components: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_rows, n_components))


def clustered_rows(n_rows: int, n_components: int, spread: float, n_clusters: int) -> np.ndarray:
    """Rows around few directions, of lengths from 0.01 to 100."""
    rng = np.random.default_rng(n_clusters)
    centres = rng.standard_normal((n_clusters, n_components))
    rows = centres[rng.integers(0, n_clusters, n_rows)]
    rows = rows + spread * rng.standard_normal(rows.shape)
    return rows * 10.0 ** rng.uniform(-2, 2, (n_rows, 1))


def skewed_rows(n_rows: int, n_components: int) -> np.ndarray:
    """Like UΣ: a first component that everybody shares, the others falling."""
    scale = 1 / np.arange(1, n_components + 1)
    return random_rows(n_rows, n_components) * scale + np.eye(n_components)[0]


def uneven_rows(n_lone: int, seed: int) -> np.ndarray:
    """Lone rows, whose neighbours are far, among crowds, whose neighbours are near."""
    rng = np.random.default_rng(seed)
    crowds = np.repeat(rng.standard_normal((14, 3)), 12, axis=0)
    crowds = crowds + 1e-2 * rng.standard_normal(crowds.shape)
    return rng.permutation(np.vstack([rng.standard_normal((n_lone, 3)), crowds]))


def with_zeros(rows: np.ndarray) -> np.ndarray:
    rows = rows.copy()
    rows[::7] = 0
    return rows


ROWS: dict[str, np.ndarray] = {
    "random": random_rows(400, 16),
    "one component": random_rows(200, 1),
    "two components": random_rows(300, 2),
    "three components": random_rows(500, 3),
    "crowds and lone rows": uneven_rows(50, 75),
    "many components": random_rows(150, 300),
    "clustered": clustered_rows(700, 12, 0.1, 20),
    "tight clusters": clustered_rows(500, 50, 1e-4, 3),
    "tight clusters, many components": clustered_rows(300, 200, 3e-5, 2),
    "skewed": skewed_rows(600, 20),
    "repeated directions": np.repeat(random_rows(12, 5), 25, axis=0),
    "small integers": np.random.default_rng(1).integers(-1, 2, (300, 3)).astype(float),
    "zero rows": with_zeros(random_rows(300, 8)),
    "all identical": np.tile([[0.6, -0.3, 0.2]], (QUERY_ROWS + 50, 1)),
    "one row": random_rows(1, 4),
    "two rows": random_rows(2, 4),
    "only zero rows": np.zeros((5, 3)),
    "no rows": np.zeros((0, 3)),
    "larger than a tile of candidates": clustered_rows(1_100, 6, 0.3, 2),
}


def neighbors_of(
    units: np.ndarray, k: int, family: np.ndarray | None = None, n_groups: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Lists of all rows in their own order; rows that are no query have none."""
    family = np.arange(len(units)) if family is None else family
    index = build_index(units, family, n_groups)
    return in_order(len(units), k, search(index, query_tiles(index), k))


def in_order(n_rows: int, k: int, *found: tuple) -> tuple[np.ndarray, np.ndarray]:
    ids = np.full((n_rows, k), -1, dtype=np.int64)
    scores = np.full((n_rows, k), NOTHING, dtype=np.float32)
    for queries, neighbor_ids, neighbor_scores, _ in found:
        ids[queries], scores[queries] = neighbor_ids, neighbor_scores
    return ids, scores


def assert_equal_to_brute_force(
    units: np.ndarray, k: int, family: np.ndarray | None = None, n_groups: int | None = None
) -> None:
    ids, scores = neighbors_of(units, k, family, n_groups)
    true_ids, true_scores = top_k_cosine(units, k, family, all_products(units, units))
    np.testing.assert_array_equal(scores, true_scores)
    np.testing.assert_array_equal(ids, true_ids)


@pytest.mark.parametrize("k", [1, 7, 20])
@pytest.mark.parametrize("name", ROWS)
def test_lists_are_those_of_brute_force(name: str, k: int) -> None:
    assert_equal_to_brute_force(unit_rows(ROWS[name]), k)


@pytest.mark.parametrize("name", ROWS)
def test_scores_are_the_cosines_of_the_rows_as_given(name: str) -> None:
    """Within 1e-5 of float64: what rounding the unit rows to float32 costs is below 2e-7."""
    rows = ROWS[name]
    ids, scores = neighbors_of(unit_rows(rows), 10)
    _, true_scores = top_k_cosine(rows, 10)
    assert np.abs(scores - true_scores).max(initial=0) < 1e-5
    if len(rows):
        listed = np.take_along_axis(all_cosines(rows), np.maximum(ids, 0), axis=1)
        assert np.abs(np.where(ids >= 0, listed - scores, 0)).max() < 1e-5


@pytest.mark.parametrize("n_groups", [1, 2, 5, 17, 200])
@pytest.mark.parametrize(
    "name",
    [
        "clustered",
        "small integers",
        "tight clusters",
        "zero rows",
        "three components",
        "crowds and lone rows",
        "larger than a tile of candidates",
    ],
)
def test_any_grouping_gives_the_same_lists(name: str, n_groups: int) -> None:
    units = unit_rows(ROWS[name])
    ids, scores = neighbors_of(units, 10, n_groups=n_groups)
    default_ids, default_scores = neighbors_of(units, 10)
    np.testing.assert_array_equal(ids, default_ids)
    np.testing.assert_array_equal(scores, default_scores)


@pytest.mark.parametrize(
    ("seed", "n_lone", "n_groups", "k"),
    [(11, 30, 2, 1), (42, 30, 2, 1), (75, 50, 5, 2), (105, 25, 3, 5)],
)
def test_one_query_of_a_tile_may_look_farther_than_the_others(
    seed: int, n_lone: int, n_groups: int, k: int
) -> None:
    """Seeds at which only the first queries of a tile reach the edge of a group."""
    assert_equal_to_brute_force(unit_rows(uneven_rows(n_lone, seed)), k, n_groups=n_groups)


@pytest.mark.parametrize("name", ["clustered", "small integers", "all identical"])
def test_any_dealing_of_the_tiles_gives_the_same_bits(name: str) -> None:
    units = unit_rows(ROWS[name])
    index = build_index(units, np.arange(len(units)))
    tiles = query_tiles(index)
    at_once = in_order(len(units), 8, search(index, tiles, 8))
    for seed, n_tasks in [(0, 1), (1, 2), (2, 5), (3, len(tiles))]:
        shuffled = np.random.default_rng(seed).permutation(tiles)
        runs = [search(index, run, 8) for run in np.array_split(shuffled, n_tasks)]
        ids, scores = in_order(len(units), 8, *runs)
        np.testing.assert_array_equal(ids, at_once[0])
        assert np.array_equal(scores.view(np.uint32), at_once[1].view(np.uint32))


def test_tiles_cover_every_row_once_and_stay_in_a_group() -> None:
    index = build_index(unit_rows(ROWS["clustered"]), np.arange(700), 2)
    tiles = query_tiles(index)
    assert tiles[:, 0].tolist() == [0, *tiles[:-1, 1]]
    assert tiles[-1, 1] == 700
    assert np.diff(tiles, axis=1).max() <= QUERY_ROWS
    assert set(index.start.tolist()) <= {0, *tiles[:, 1].tolist()}


def test_no_tiles_no_queries() -> None:
    index = build_index(unit_rows(random_rows(10, 3)), np.arange(10))
    queries, ids, scores, n_pairs = search(index, np.empty((0, 2), dtype=np.int64), 4)
    assert (queries.shape, ids.shape, scores.shape, n_pairs) == ((0,), (0, 4), (0, 4), 0)


@pytest.mark.parametrize("k", [3, 10])
@pytest.mark.parametrize("n_families", [1, 2, 40])
@pytest.mark.parametrize("name", ["random", "small integers", "zero rows"])
def test_rows_of_one_family_are_no_neighbours(name: str, n_families: int, k: int) -> None:
    units = unit_rows(ROWS[name])
    family = np.random.default_rng(3).integers(0, n_families, len(units))
    assert_equal_to_brute_force(units, k, family)
    ids, _ = neighbors_of(units, k, family)
    row, place = np.nonzero(ids >= 0)
    assert not np.any(family[row] == family[ids[row, place]])


def test_where_rows_are_fewer_than_neighbours_the_rest_is_free() -> None:
    units = unit_rows(random_rows(4, 3))
    ids, scores = neighbors_of(units, 6)
    assert np.all(np.sort(ids[:, :3]) == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
    assert np.all(ids[:, 3:] == -1)
    assert np.all(scores[:, 3:] == NOTHING)


def test_equal_cosines_by_lower_index_by_hand() -> None:
    """Rows 0, 2, 4 point east at any length, 1 and 3 north, 5 north-east."""
    rows = np.array([[1, 0], [0, 2], [3, 0], [0, 1], [7, 0], [2, 2]])
    ids, scores = neighbors_of(unit_rows(rows), 5)
    assert ids.tolist() == [
        [2, 4, 5, 1, 3],
        [3, 5, 0, 2, 4],
        [0, 4, 5, 1, 3],
        [1, 5, 0, 2, 4],
        [0, 2, 5, 1, 3],
        [0, 1, 2, 3, 4],
    ]
    half = np.float32(np.sqrt(0.5))
    np.testing.assert_array_equal(scores[0], np.array([1, 1, half, 0, 0], np.float32))
    np.testing.assert_array_equal(scores[5], np.array([half] * 5, np.float32))


def test_zero_rows_neither_ask_nor_answer() -> None:
    rows = np.array([[0, 0], [1, 0], [0, 0], [0, -1]])
    index = build_index(unit_rows(rows), np.arange(4))
    queries, ids, scores, _ = search(index, query_tiles(index), 3)
    assert sorted(queries.tolist()) == [1, 3]
    assert ids[np.argsort(queries)].tolist() == [[3, -1, -1], [1, -1, -1]]
    assert scores[0].tolist() == [0, -2, -2]


def test_an_opposite_row_does_not_end_the_search() -> None:
    """The float32 cosine of opposite rows can be −1.0000001, which has no arccosine."""
    angles = np.linspace(0, np.pi, 200)
    circle = unit_rows(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    east = next(row for row in circle if dot64(row, row) > 1)
    up = np.array([0, 0, 1], dtype=np.float32)
    query = np.array([*east, 0], dtype=np.float32)
    near = unit_rows(np.array([[*east, -0.1], [*-east, -0.1]]))
    # Two groups around ±up: the query's own holds only its opposite and its own family.
    units = np.array([*[up] * 20, query, -query, *near, *[-up] * 20], dtype=np.float32)
    family = np.array([0] * 20 + [0, 1, 2, 3] + [4] * 20)
    index = build_index(units, family, 2)
    assert index.start.tolist() == [0, 22, 44]
    assert_equal_to_brute_force(units, 1, family, 2)
    assert neighbors_of(units, 1, family, 2)[0][20] == 22


def test_far_groups_are_skipped() -> None:
    """Only a few of the pairs of well separated clusters go through tiles."""
    units = unit_rows(clustered_rows(2_000, 10, 0.02, 40))
    index = build_index(units, np.arange(2_000))
    *_, n_pairs = search(index, query_tiles(index), 5)
    assert 2_000 * 5 < n_pairs < 2_000**2 / 4


@pytest.mark.parametrize("name", ["clustered", "zero rows", "one row", "all identical"])
def test_the_index_is_what_it_says(name: str) -> None:
    units = unit_rows(ROWS[name])
    family = np.arange(len(units)) // 2
    index: NeighborIndex = build_index(units, family)
    kept = np.flatnonzero(units.any(axis=1))
    assert np.array_equal(np.sort(index.identity), kept)
    assert np.array_equal(index.rows, units[index.identity])
    assert np.array_equal(index.family, family[index.identity])
    assert index.start[0] == 0
    assert index.start[-1] == len(kept)
    assert len(index.start) == len(index.centroids) + 1
    np.testing.assert_allclose(np.linalg.norm(index.centroids, axis=1), 1, atol=1e-6)
    for group, (begin, end) in enumerate(zip(index.start, index.start[1:], strict=False)):
        cosines = index.rows[begin:end].astype(np.float64) @ index.centroids[group]
        assert np.all(np.diff(index.angle[begin:end]) >= 0)
        assert np.abs(np.cos(index.angle[begin:end]) - cosines).max(initial=0) < 1e-6


coordinates = st.sampled_from([-2.0, -1.0, 0.0, 0.0, 1.0, 3.0])


@settings(max_examples=150)
@given(
    data=st.data(),
    n_rows=st.integers(0, 30),
    n_components=st.integers(1, 4),
    k=st.integers(1, 12),
    n_groups=st.sampled_from([None, 1, 2, 9]),
)
def test_small_tables_full_of_ties(
    data: st.DataObject, n_rows: int, n_components: int, k: int, n_groups: int | None
) -> None:
    row = st.lists(coordinates, min_size=n_components, max_size=n_components)
    table = data.draw(st.lists(row, min_size=n_rows, max_size=n_rows))
    family = np.array(data.draw(st.lists(st.integers(0, 6), min_size=n_rows, max_size=n_rows)))
    rows = np.array(table).reshape(n_rows, n_components)
    assert_equal_to_brute_force(unit_rows(rows), k, family.astype(np.int64), n_groups)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), spread=st.sampled_from([0.0, 1e-4, 1e-2, 1.0]))
def test_random_tables_of_any_spread(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    n_rows, n_components = rng.integers(1, 120), rng.integers(1, 40)
    rows = rng.standard_normal(n_components) + spread * rng.standard_normal((n_rows, n_components))
    assert_equal_to_brute_force(unit_rows(rows), int(rng.integers(1, 9)))


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_renaming_the_rows_renames_the_neighbours(seed: int) -> None:
    """Of rows without equal cosines: where there are some, the lower index decides."""
    rng = np.random.default_rng(seed)
    units = unit_rows(rng.standard_normal((40, 6)))
    order = rng.permutation(40)
    ids, scores = neighbors_of(units, 5)
    renamed_ids, renamed_scores = neighbors_of(units[order], 5)
    np.testing.assert_array_equal(renamed_scores, scores[order])
    np.testing.assert_array_equal(order[renamed_ids], ids[order])


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e30])
def test_unit_rows_have_length_one_at_any_scale(scale: float) -> None:
    rows = (random_rows(50, 9) * scale).astype(np.float32)
    units = unit_rows(with_zeros(rows))
    lengths = np.linalg.norm(units.astype(np.float64), axis=1)
    assert units.dtype == np.float32
    assert not units[::7].any()
    np.testing.assert_allclose(np.delete(lengths, np.s_[::7]), 1, atol=2e-7)


@pytest.mark.parametrize("n_components", [1, 2, 3, 4, 5, 8, 50])
def test_dot64_is_symmetric_and_rounds_once(n_components: int) -> None:
    left, right = unit_rows(random_rows(200, n_components)).reshape(2, 100, n_components)
    for a, b in zip(left, right, strict=True):
        exact = np.float32(np.dot(a.astype(np.float64), b.astype(np.float64)))
        assert dot64(a, b) == dot64(b, a) == exact


def test_cosines_of_pairs_are_the_scores_of_the_search() -> None:
    units = unit_rows(ROWS["clustered"])
    ids, scores = neighbors_of(units, 6)
    queries = np.repeat(np.arange(len(units)), 6)
    assert np.array_equal(cosines_of_pairs(units, queries, ids.ravel()), scores.ravel())


@given(
    scores=st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), max_size=12),
    k=st.integers(1, 6),
    data=st.data(),
)
def test_candidates_may_come_in_any_order(scores: list[float], k: int, data: st.DataObject) -> None:
    ids = np.full(k, -1, dtype=np.int64)
    best = np.full(k, NOTHING, dtype=np.float32)
    for identity in data.draw(st.permutations(range(len(scores)))):
        insert_sorted(ids, best, identity, np.float32(scores[identity]))
    ranked = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:k]
    free = k - len(ranked)
    assert ids.tolist() == ranked + [-1] * free
    assert best.tolist() == [scores[i] for i in ranked] + [float(NOTHING)] * free
