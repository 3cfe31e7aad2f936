"""Groups of unit rows: which rows stand where, which copies are looked at, bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import all_products, top_k_cosine

from cfdist.algorithms.exact_neighbors import search, unit_rows
from cfdist.algorithms.neighbor_groups import (
    MAX_GROUPS,
    arrange,
    assign,
    build_index,
    fit_centroids,
    groups_for,
    index_bytes,
    query_tiles,
)


def random_units(n_rows: int, n_components: int, seed: int = 0) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).standard_normal((n_rows, n_components)))


def lists_of(index, n_rows: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    queries, ids, scores, _ = search(index, query_tiles(index), k)
    all_ids = np.full((n_rows, k), -1)
    all_scores = np.full((n_rows, k), -2, dtype=np.float32)
    all_ids[queries], all_scores[queries] = ids, scores
    return all_ids, all_scores


@pytest.mark.parametrize("n_groups", [1, 3, 40])
def test_centroids_are_unit_and_rows_go_to_the_nearest(n_groups: int) -> None:
    units = random_units(500, 6)
    centroids = fit_centroids(units, n_groups)
    group, angle = assign(units, centroids)
    cosines = units.astype(np.float64) @ centroids.T
    assert centroids.shape == (n_groups, 6)
    np.testing.assert_allclose(np.linalg.norm(centroids, axis=1), 1, atol=1e-6)
    chosen = cosines[np.arange(500), group]
    np.testing.assert_allclose(chosen, cosines.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(np.cos(angle), chosen, atol=1e-6)


def test_an_index_made_block_by_block_is_the_index() -> None:
    units, family = random_units(3_000, 5), np.arange(3_000) // 2
    centroids = fit_centroids(units, groups_for(3_000))
    blocks = [assign(units[first : first + 1024], centroids) for first in range(0, 3_000, 1024)]
    group, angle = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    index = arrange(units, np.arange(3_000), family, group, angle, centroids)
    whole = build_index(units, family)
    for name in ("rows", "identity", "family", "centroids", "start", "end", "angle"):
        np.testing.assert_array_equal(getattr(index, name), getattr(whole, name))


def test_the_number_of_groups_grows_with_the_root_of_the_rows() -> None:
    assert [groups_for(n) for n in (0, 1, 100, 10**4, 10**6)] == [1, 1, 1, 39, 1000]
    assert groups_for(10**9) == MAX_GROUPS


@pytest.mark.parametrize("n_rows", [1, 10, 1_000])
def test_bytes_are_those_of_the_arrays(n_rows: int) -> None:
    index = build_index(random_units(n_rows, 7), np.arange(n_rows))
    n_bytes = sum(part.nbytes for part in index if isinstance(part, np.ndarray))
    assert n_bytes == index_bytes(n_rows, 7)
    assert index.identity.dtype == index.family.dtype == np.int32


class Slices:
    """Rows that can be read by contiguous slices alone, as a file is."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows, self.longest = rows, 0

    def __getitem__(self, rows: slice) -> np.ndarray:
        assert rows.step is None
        self.longest = max(self.longest, rows.stop - rows.start)
        return self.rows[rows.start : rows.stop]


def test_rows_are_read_by_slices_of_a_few_mebibytes() -> None:
    units = random_units(9_000, 300)
    index = build_index(units, np.arange(9_000))
    tiles = query_tiles(index)[::12]
    expected = search(index, tiles, 5)
    rows = Slices(index.rows)
    index = index._replace(rows=rows)
    found = search(index, tiles, 5)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)
    largest = np.diff(index.start).max()
    assert rows.longest <= 4 * 2**20 // (4 * 300) + largest


def test_longer_lists_than_the_index_is_for_are_refused() -> None:
    index = build_index(random_units(10, 3), np.arange(10), max_list=4)
    with pytest.raises(ValueError, match="lists of 5"):
        search(index, query_tiles(index), 5)


@pytest.mark.parametrize("n_families", [1, 2, 3, 500])
def test_many_copies_are_not_all_looked_at(n_families: int) -> None:
    copies = np.tile(unit_rows(np.array([[0.6, -0.3, 0.2]])), (500, 1))
    family = np.arange(500) * n_families // 500
    index = build_index(copies, family, max_list=4)
    assert 4 <= (index.end - index.start[:-1]).sum() <= 8
    assert index.start[-1] == 500
    true_ids, true_scores = top_k_cosine(copies, 4, family, all_products(copies, copies))
    ids, scores = lists_of(index, 500, 4)
    np.testing.assert_array_equal(ids, true_ids)
    np.testing.assert_array_equal(scores, true_scores)


@settings(max_examples=100)
@given(
    data=st.data(),
    n_rows=st.integers(1, 60),
    n_directions=st.integers(1, 4),
    k=st.integers(1, 4),
    n_groups=st.sampled_from([None, 1, 3]),
)
def test_copies_of_any_families(
    data: st.DataObject, n_rows: int, n_directions: int, k: int, n_groups: int | None
) -> None:
    directions = random_units(n_directions, 3)
    which = data.draw(st.lists(st.integers(0, n_directions - 1), min_size=n_rows, max_size=n_rows))
    family = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n_rows, max_size=n_rows)))
    units = directions[which]
    index = build_index(units, family, n_groups, max_list=k)
    ids, scores = lists_of(index, n_rows, k)
    true_ids, true_scores = top_k_cosine(units, k, family, all_products(units, units))
    np.testing.assert_array_equal(scores, true_scores)
    np.testing.assert_array_equal(ids, true_ids)


@pytest.mark.parametrize("tile", [(0, 300), (-1, 4), (290, 301)])
def test_tiles_that_are_none_of_the_index_never_reach_the_kernels(tile: tuple[int, int]) -> None:
    index = build_index(random_units(300, 3), np.arange(300))
    with pytest.raises(ValueError, match="tiles are runs of at most 256"):
        search(index, np.array([tile]), 5)
