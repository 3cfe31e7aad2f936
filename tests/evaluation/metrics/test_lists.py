"""Lists and ranks that no metric may be given are refused, with the offending value."""

import numpy as np
import pytest

from cfdist.evaluation.metrics.lists import check_ks, check_lists


@pytest.mark.parametrize(
    "lists",
    [[[0, 1, 2], [2, 1, 0]], [[-1, -1, -1]], [[4, -1, 3], [4, -1, -1]], np.empty((0, 3)), [[], []]],
)
def test_lists_with_empty_places_are_lists(lists) -> None:
    check_lists(np.array(lists, dtype=np.int64), n_articles=5)


@pytest.mark.parametrize("article", [-2, 5, 2**40])
def test_an_article_outside_the_catalogue_is_refused(article: int) -> None:
    with pytest.raises(ValueError, match=rf"article {article} outside −1 … 4"):
        check_lists(np.array([[0, 1], [article, 1]]), n_articles=5)


@pytest.mark.parametrize("second", [[3, 1, 3, -1], [3, 3, -1, -1], [0, 1, 2, 2]])
def test_an_article_listed_twice_is_refused(second: list[int]) -> None:
    lists = np.array([[0, 1, 2, 3], second])
    repeated = next(a for a in second if second.count(a) > 1)
    with pytest.raises(ValueError, match=f"row 1 holds article {repeated} twice"):
        check_lists(lists, n_articles=5)


@pytest.mark.parametrize("ks", [(1,), (3,), (1, 2, 3)])
def test_ascending_ranks_within_the_lists_are_ranks(ks: tuple[int, ...]) -> None:
    check_ks(ks, n=3)


@pytest.mark.parametrize("ks", [(), (0, 1), (-1,), (2, 2), (3, 1)])
def test_other_ranks_are_refused(ks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not ascending numbers from 1"):
        check_ks(ks, n=3)


def test_a_rank_beyond_the_lists_is_refused() -> None:
    with pytest.raises(ValueError, match="rank 4 in lists of 3 places"):
        check_ks((1, 4), n=3)
