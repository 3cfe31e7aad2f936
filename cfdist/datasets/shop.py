"""A synthetic shop: its sizes, cut into blocks of users that can each be drawn on their own."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from cfdist.datasets import drawing
from cfdist.datasets.catalogue import article_ids, user_ids
from cfdist.datasets.layout import INTERACTIONS
from cfdist.errors import ConfigError

BLOCK_ROWS = 2**18
MAX_ROWS_PER_USER = 10_000
FIRST_BASKET_ID = 30_000_000_000


@dataclass(frozen=True)
class Shop:
    """Sizes and seed, from which every row follows.

    Parameters
    ----------
    n_users, n_articles, n_interactions : int
        Every user and every article has at least one interaction.
    n_taste_groups : int
        Groups of articles that the same users like.
    seed : int
        Another seed gives another shop of the same shape.
    """

    n_users: int
    n_articles: int
    n_interactions: int
    n_taste_groups: int
    seed: int

    @property
    def users_per_block(self) -> int:
        """Users whose rows are drawn together; their rows fit in memory."""
        return max(1, BLOCK_ROWS * self.n_users // self.n_interactions)

    def first_row(self, user_index: int) -> int:
        """Count the rows of all users before `user_index`, where that begins a block."""
        return user_index * self.n_interactions // self.n_users

    def blocks(self) -> Iterator[pa.Table]:
        """All rows, one block of users after the other, each in the order of time.

        Notes
        -----
        Memory depends on the block, not on the shop: about 30 MB, and no array per user.
        """
        for number, first_user in enumerate(range(0, self.n_users, self.users_per_block)):
            last_user = min(first_user + self.users_per_block, self.n_users)
            seed = np.random.SeedSequence(self.seed, spawn_key=(number,))
            rng = np.random.Generator(np.random.PCG64(seed))
            yield _draw_block(self, rng, first_user, last_user)


def plan_shop(
    n_users: int, n_articles: int, n_interactions: int, n_taste_groups: int, seed: int
) -> Shop:
    """Shop of these sizes, or of as many users and articles as there are interactions.

    Raises
    ------
    ConfigError
        If a size is below 1, the seed below 0, or a user would have over 10,000 rows on average.
    """
    sizes = {
        "n_users": n_users,
        "n_articles": n_articles,
        "n_interactions": n_interactions,
        "n_taste_groups": n_taste_groups,
        "seed + 1": seed + 1,
    }
    for name, size in sizes.items():
        if size < 1:
            raise ConfigError(f"{name} is {size}, and must be at least 1")
    if n_interactions > MAX_ROWS_PER_USER * n_users:
        raise ConfigError(
            f"{n_interactions:,} interactions are more than {MAX_ROWS_PER_USER:,} "
            f"for each of {n_users:,} users",
            remedy=f"ask for at least {-(-n_interactions // MAX_ROWS_PER_USER):,} users",
        )
    n_articles = min(n_articles, n_interactions)
    n_users = min(n_users, n_interactions)
    return Shop(n_users, n_articles, n_interactions, min(n_taste_groups, n_articles), seed)


def _draw_block(shop: Shop, rng: np.random.Generator, first_user: int, last_user: int) -> pa.Table:
    first_row, last_row = shop.first_row(first_user), shop.first_row(last_user)
    n_rows = last_row - first_row
    histories = drawing.draw_histories(rng, last_user - first_user, n_rows)
    article = _draw_articles(shop, rng, histories)
    _cover_catalogue(shop, article, first_row)
    basket = np.cumsum(histories.opens) - 1
    time = drawing.basket_times(rng, int(basket[-1]) + 1)[basket]
    order = drawing.order_of_time(time)
    columns = [
        user_ids(np.repeat(np.arange(first_user, last_user), histories.counts), shop.n_users),
        article_ids(article, shop.n_articles),
        FIRST_BASKET_ID + first_row + basket,
        drawing.quantities(rng, n_rows),
        time,
    ]
    return pa.table([column[order] for column in columns], schema=INTERACTIONS)


def _draw_articles(
    shop: Shop, rng: np.random.Generator, histories: drawing.Histories
) -> drawing.Ints:
    n_articles, n_groups = shop.n_articles, shop.n_taste_groups
    taste = drawing.taste_groups(rng, len(histories.counts), n_groups)
    group = drawing.row_groups(rng, np.repeat(taste, histories.counts), n_groups)
    article = drawing.articles_in(rng, group, n_articles, n_groups)
    article = drawing.buy_again(rng, article, histories)
    return drawing.with_companions(rng, article, histories.opens, n_articles, n_groups)


def _cover_catalogue(shop: Shop, article: drawing.Ints, first_row: int) -> None:
    """Put each article once on a row of its own, evenly over the shop, so that none is missing."""
    n_articles, n_rows = shop.n_articles, shop.n_interactions
    first, last = (-(-row * n_articles // n_rows) for row in (first_row, first_row + len(article)))
    covered = np.arange(first, last)
    article[covered * n_rows // n_articles - first_row] = covered
