"""The draws: whose history a row belongs to is never mixed up."""

import numpy as np
import pytest

from cfdist.datasets import drawing


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(0))


@pytest.fixture
def histories(rng: np.random.Generator) -> drawing.Histories:
    return drawing.draw_histories(rng, n_users=2_000, n_rows=9_000)


def test_histories_follow_each_other(histories: drawing.Histories) -> None:
    assert histories.counts.sum() == len(histories.position) == 9_000
    starts = np.cumsum(histories.counts) - histories.counts
    assert np.array_equal(np.flatnonzero(histories.position == 0), starts)
    assert histories.opens[starts].all()
    assert not histories.repeats[starts].any()


def test_what_is_bought_again_was_bought_before_by_the_same_user(
    rng: np.random.Generator, histories: drawing.Histories
) -> None:
    row = np.arange(9_000)
    source = drawing.buy_again(rng, row, histories)
    assert (source >= row - histories.position).all()
    assert np.array_equal(source < row, histories.repeats)
    assert len(np.unique((row - source)[histories.position == 3])) == 4


def test_companions_are_of_the_kit_of_a_line_before_in_the_basket(
    rng: np.random.Generator, histories: drawing.Histories
) -> None:
    basket = np.cumsum(histories.opens)
    article = 40 * drawing.KIT_SIZE * np.arange(9_000)  # a kit of its own for each row
    with_kits = drawing.with_companions(rng, article, histories.opens, 10**9, 40)
    companions = np.flatnonzero(with_kits != article)
    anchor = with_kits[companions] // (40 * drawing.KIT_SIZE)
    assert len(companions) > 100
    assert (anchor < companions).all()
    assert np.array_equal(basket[anchor], basket[companions])


def test_all_ranks_and_groups_are_drawn(rng: np.random.Generator) -> None:
    group = drawing.taste_groups(rng, 200_000, 7)
    article = drawing.articles_in(rng, group, 100, 7)
    assert np.array_equal(np.unique(article), np.arange(100))
    assert np.array_equal(article % 7, group)
    counts = np.bincount(article)
    assert counts[0] > 2 * counts[14] > 4 * counts[70]
