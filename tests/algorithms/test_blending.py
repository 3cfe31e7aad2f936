import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_matrices import block_of

from cfdist.algorithms.blending import blend_tiles
from cfdist.algorithms.csr import empty_rows, take_rows

WEIGHTS = st.sampled_from([0, 0.01, 0.3, 1, 2.5, 5])


def by_hand(tiles: list[NDArray], weights: list[float], owned: NDArray) -> NDArray:
    total = np.zeros(owned.shape)
    for tile, weight in zip(tiles, weights, strict=True):
        for row in range(len(owned)):
            highest = max(
                (s for s, o in zip(tile[row], owned[row], strict=True) if not o), default=0
            )
            if highest > 0:
                total[row] += weight * tile[row].astype(float) / highest
    return total


def random_case(seed: int, n_parts: int = 3) -> tuple[list[NDArray], NDArray]:
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.integers(-4, 5, n_parts)
    tiles = [(s * rng.standard_normal((6, 9))).astype(np.float32) for s in scales]
    return tiles, (rng.random((6, 9)) < 0.4).astype(int)


@given(seed=st.integers(0, 10**6), weights=st.lists(WEIGHTS, min_size=1, max_size=4))
def test_blended_as_by_hand(seed: int, weights: list[float]) -> None:
    tiles, owned = random_case(seed, len(weights))
    before = [tile.copy() for tile in tiles]
    result = blend_tiles(tiles, weights, block_of(owned))
    expected = by_hand(tiles, weights, owned)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    assert all(np.array_equal(tile, old) for tile, old in zip(tiles, before, strict=True))


@given(seed=st.integers(0, 10**6), power=st.integers(-20, 20))
def test_the_scale_of_a_part_and_of_a_user_does_not_matter(seed: int, power: int) -> None:
    tiles, owned = random_case(seed)
    scaled = [tile * np.float32(2.0 ** (power + np.arange(6)))[:, None] for tile in tiles]
    block = block_of(owned)
    expected = blend_tiles(tiles, [1, 0.5, 2], block)
    np.testing.assert_allclose(blend_tiles(scaled, [1, 0.5, 2], block), expected, rtol=1e-5)


@given(seed=st.integers(0, 10**6), cut=st.integers(0, 6))
def test_rows_do_not_depend_on_their_tile(seed: int, cut: int) -> None:
    tiles, owned = random_case(seed)
    block, rows = block_of(owned), np.arange(6)
    parts = [
        blend_tiles([tile[part] for tile in tiles], [1, 2, 3], take_rows(block, part))
        for part in (rows[:cut], rows[cut:])
    ]
    assert np.array_equal(np.vstack(parts), blend_tiles(tiles, [1, 2, 3], block))


def test_owned_articles_do_not_set_the_scale() -> None:
    tile = np.float32([[8, 2, 1]])
    assert blend_tiles([tile], [1], block_of(np.array([[1, 0, 0]]))).tolist() == [[4, 1, 0.5]]


@pytest.mark.parametrize("scores", [[0, 0, 0], [-1, -2, -3], [5, -1, 0]])
def test_a_part_without_a_positive_score_adds_nothing(scores: list[int]) -> None:
    """Divided by a negative maximum its order would be reversed."""
    owned = block_of(np.array([[1, 0, 0]]))
    other = np.float32([[0, 1, 2]])
    assert blend_tiles([np.float32([scores]), other], [3, 2], owned).tolist() == [[0, 1, 2]]


def test_a_part_of_weight_zero_is_not_looked_at() -> None:
    owned = block_of(np.zeros((1, 2)))
    broken = np.full((1, 2), np.nan, dtype=np.float32)
    assert blend_tiles([broken, np.float32([[1, 2]])], [0, 1], owned).tolist() == [[0.5, 1]]


def test_the_maximum_is_over_what_a_list_may_hold():
    """Article 0 is denied: the favourite of the first part is then article 1."""
    spectral = np.array([[10, 1, 0]], dtype=np.float32)
    neighbors = np.array([[0, 0.2, 0.25]], dtype=np.float32)
    nothing = empty_rows((1, 3))
    tile = blend_tiles([spectral, neighbors], [1, 1], nothing, np.array([0]))
    assert tile[0, 1:].tolist() == pytest.approx([1.8, 1.0])
