"""The core of a matrix: users with enough articles, articles with enough users.

Taking out an article can leave a user with too few, and the other way round, so rounds are
repeated until nothing changes. What goes from round to round is one flag per article:

1. every block tells which of its users have enough of the articles left (:func:`keep_users`),
   and how many of these users each article has (:func:`article_user_counts`);
2. the counts of all blocks are added, and :func:`keep_articles` says which articles stay.

A round only takes out what no core can hold, so the end is the largest core there is. It does
not depend on how users are dealt to blocks.

References
----------
Seidman: Network structure and minimum degree, Social Networks 5(3), 1983, for graphs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.interactions import run_starts


class UserArticlePairs(NamedTuple):
    """Which articles the users of a block took, each pair once.

    Attributes
    ----------
    user : int32 ``(n_pairs,)`` user of the block
    article : int32 ``(n_pairs,)`` global index
    n_users : int, users of the block
    """

    user: NDArray[np.int32]
    article: NDArray[np.int32]
    n_users: int


def distinct_pairs(
    user: NDArray[np.int32], article: NDArray[np.int32], n_users: int
) -> UserArticlePairs:
    """The distinct pairs of rows in which equal pairs stand together; user −1 is nobody."""
    starts = run_starts(user, article)
    starts = starts[user[starts] >= 0]
    return UserArticlePairs(user[starts], article[starts], n_users)


def keep_users(
    pairs: UserArticlePairs, articles_in: NDArray[np.bool_], min_articles: int
) -> NDArray[np.bool_]:
    """Users who have ``min_articles`` of the articles still in, bool ``(n_users,)``."""
    left = pairs.user[articles_in[pairs.article]]
    return np.bincount(left, minlength=pairs.n_users) >= min_articles


def article_user_counts(
    pairs: UserArticlePairs, users_in: NDArray[np.bool_], articles_in: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Users still in of each article still in, int64 ``(n_articles,)``; blocks add up."""
    left = users_in[pairs.user] & articles_in[pairs.article]
    counts = np.bincount(pairs.article[left], minlength=len(articles_in))
    return counts.astype(np.int64)


def keep_articles(user_counts: NDArray[np.int64], min_users: int) -> NDArray[np.bool_]:
    """Articles with ``min_users`` of the users still in, bool ``(n_articles,)``.

    Nothing that is out comes back, since its count is 0, as long as ``min_users`` ≥ 1.
    """
    return user_counts >= min_users
