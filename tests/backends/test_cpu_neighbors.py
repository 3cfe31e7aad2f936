"""The functions that the stage calls give what the modules below them give."""

import numpy as np
import pytest

from cfdist.algorithms.exact_neighbors import search, unit_rows
from cfdist.algorithms.neighbor_groups import build_index, query_tiles
from cfdist.backends import cpu_neighbors


def units_and_index(k=5):
    units = unit_rows(np.random.default_rng(0).standard_normal((900, 6)))
    units[::10] = 0
    centres = cpu_neighbors.centroids(units)
    parts = [cpu_neighbors.assign(rows, centres) for rows in np.array_split(units, 3)]
    joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return units, cpu_neighbors.arrange(units, np.arange(900), joined, centres, k)


def test_the_index_is_that_of_the_algorithm():
    units, index = units_and_index()
    whole = build_index(units, np.arange(900), max_list=5)
    for found, wanted in zip(index, whole, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_run_of_tiles_is_searched():
    _, index = units_and_index()
    tiles = query_tiles(index)
    assert cpu_neighbors.n_tiles(index) == len(tiles) > 2
    for run in [(0, 2), (1, len(tiles)), (0, 0)]:
        found = cpu_neighbors.search(index, run, 5)
        for value, wanted in zip(found, search(index, tiles[run[0] : run[1]], 5), strict=True):
            np.testing.assert_array_equal(value, wanted)


def test_there_is_one_shard():
    _, index = units_and_index()
    found = cpu_neighbors.search(index, (0, 1), 5)
    assert cpu_neighbors.merge(found) is found
    assert cpu_neighbors.n_shards(10**9, 128, 1) == 1
    with pytest.raises(NotImplementedError, match="the index is one"):
        cpu_neighbors.queries(index, 0, 1)
