"""Random draws with the long tails of a real shop: array maths without tables or files.

Uniform numbers, the four operations and square roots suffice, one power per taste group apart. As
IEEE 754 rounds these alike everywhere, a seed gives the same shop on every machine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FIRST_DAY = np.datetime64("2024-01-01", "D")
LAST_DAY = np.datetime64("2025-12-31", "D")

ACTIVITY_TAIL = 3.0  # weight of the heavy tail in a user's activity; 0 makes all users alike
OWN_SHARE = 0.45  # rows from the user's taste group; the rest is overlap and noise
NEAR_SHARE = 0.10  # rows from the group next to it
REPEAT_SHARE = 0.5  # of the rows of a very long history; a short one repeats less
REPEAT_HALF = 3  # rows after which half of that share is reached
COMPANION_SHARE = 0.15  # rows that belong to the same kit as the line before
KIT_SIZE = 4
MAX_BASKET_LINES = 20
MAX_QUANTITY = 24

_MONDAY_TO_SUNDAY = np.array([0.85, 0.8, 0.85, 0.95, 1.25, 1.5, 0.8])
_JANUARY_TO_DECEMBER = np.array([0.9, 0.85, 0.95, 1, 1, 0.95, 0.9, 0.9, 1, 1.05, 1.2, 1.5])
_OPENING_S, _OPEN_S = 8 * 3600, 14 * 3600


@dataclass(frozen=True)
class Histories:
    """The shape of the histories of a block of users, before anybody has bought anything.

    Parameters
    ----------
    counts : ndarray of int64, (n_users,)
        Rows of each user; a user's rows follow each other.
    position : ndarray of int64, (n_rows,)
        Place of each row in its user's history, from 0.
    repeats : ndarray of bool, (n_rows,)
        Rows that buy again what the user has had.
    opens : ndarray of bool, (n_rows,)
        Rows that open a basket.
    """

    counts: Ints
    position: Ints
    repeats: Flags
    opens: Flags


def draw_histories(rng: np.random.Generator, n_users: int, n_rows: int) -> Histories:
    """Histories of `n_users` users, at least one row each and `n_rows` in all."""
    counts = rows_per_user(rng, n_users, n_rows)
    position = np.arange(n_rows) - np.repeat(np.cumsum(counts) - counts, counts)
    repeats = repeated(rng, position)
    return Histories(counts, position, repeats, basket_starts(rng, counts, position, repeats))


def rows_per_user(rng: np.random.Generator, n_users: int, n_rows: int) -> Ints:
    """Rows of each user, (n_users,): at least 1, `n_rows` in all, P(more than x) ~ x⁻²."""
    activity = 1 + ACTIVITY_TAIL * (1 / np.sqrt(_uniform(rng, n_users)) - 1)
    reached = np.concatenate([[0.0], np.cumsum(activity)])
    extra = np.floor(reached / reached[-1] * (n_rows - n_users)).astype(np.int64)
    counts: Ints = 1 + np.diff(extra)
    return counts


def taste_groups(rng: np.random.Generator, n: int, n_groups: int) -> Ints:
    """Group of each of `n` draws: share ~ rank^-1/3, so that the first is 8 % of 40."""
    u = _uniform(rng, n)
    return np.minimum(n_groups * u * np.sqrt(u), n_groups - 1).astype(np.int64)


def row_groups(rng: np.random.Generator, user_group: Ints, n_groups: int) -> Ints:
    """Group from which each row draws: mostly the user's, some of the next one, some of any."""
    u = _uniform(rng, len(user_group))
    other = np.where(
        u < OWN_SHARE + NEAR_SHARE,
        (user_group + 1) % n_groups,
        taste_groups(rng, len(user_group), n_groups),
    )
    return np.where(u < OWN_SHARE, user_group, other)


def articles_in(rng: np.random.Generator, group: Ints, n_articles: int, n_groups: int) -> Ints:
    """Article index for each group, ``rank * n_groups + group``: share ~ (rank + 1)^-1.2."""
    n_in_group = (n_articles - np.arange(n_groups) + n_groups - 1) // n_groups
    span = 1 - (n_in_group + 1.0) ** -0.2
    x = 1 - (1 - _uniform(rng, len(group))) * span[group]
    rank = (1 / (x * x * x * x * x)).astype(np.int64) - 1
    article: Ints = np.minimum(rank, n_in_group[group] - 1) * n_groups + group
    return article


def repeated(rng: np.random.Generator, position: Ints) -> Flags:
    """Which rows buy again what the user has had, from their position 0 … in the history."""
    u = _uniform(rng, len(position))
    repeats: Flags = u * (position + REPEAT_HALF) <= REPEAT_SHARE * position
    return repeats


def buy_again(rng: np.random.Generator, article: Ints, histories: Histories) -> Ints:
    """`article` with the repeats replaced by an earlier one of the user, early ones preferred."""
    row = np.flatnonzero(histories.repeats)
    position = histories.position[row]
    u = rng.random(len(row))
    again = article.copy()
    again[row] = article[row - position + (u * u * position).astype(np.int64)]
    return again


def basket_starts(rng: np.random.Generator, counts: Ints, position: Ints, repeats: Flags) -> Flags:
    """Which rows open a basket: a history's first, what is bought again, and some at random.

    A quarter of the rest on average; users differ, so that a few baskets are long.
    """
    u = _uniform(rng, len(counts))
    new = _uniform(rng, len(position)) < np.repeat(u * u * u, counts)
    opens: Flags = repeats | new | (position % MAX_BASKET_LINES == 0)
    return opens


def with_companions(
    rng: np.random.Generator, article: Ints, opens: Flags, n_articles: int, n_groups: int
) -> Ints:
    """`article` where some lines of a basket come from the kit of a line before them."""
    n_rows = len(article)
    follows = (_uniform(rng, n_rows) < COMPANION_SHARE) & ~opens
    anchor = article[np.maximum.accumulate(np.where(follows, 0, np.arange(n_rows)))]
    step = 1 + ((KIT_SIZE - 1) * rng.random(n_rows)).astype(np.int64)
    companion = ((anchor // n_groups) ^ step) * n_groups + anchor % n_groups
    return np.where(follows & (companion < n_articles), companion, article)


def basket_times(rng: np.random.Generator, n_baskets: int) -> NDArray[np.datetime64]:
    """Second in the two years for each basket, as datetime64[us]: weekly and yearly rhythm."""
    days = np.arange(FIRST_DAY, LAST_DAY + 1)
    weekday = (days.astype(np.int64) + 3) % 7
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    reached = np.cumsum(_MONDAY_TO_SUNDAY[weekday] * _JANUARY_TO_DECEMBER[month])
    day = np.searchsorted(reached, rng.random(n_baskets) * reached[-1], side="right")
    second = _OPENING_S + _OPEN_S * (rng.random(n_baskets) + rng.random(n_baskets)) / 2
    time: NDArray[np.datetime64] = days[day].astype("datetime64[us]") + second.astype("m8[s]")
    return time


def order_of_time(time: NDArray[np.datetime64]) -> Ints:
    """Positions that sort `time`, equal ones in their order."""
    # Sorting unique keys is vectorised in NumPy, 7 times as fast as a stable argsort.
    n = len(time)
    second = (time - FIRST_DAY.astype(time.dtype)) // np.timedelta64(1, "s")
    order: Ints = np.sort(second * n + np.arange(n)) % n
    return order


def quantities(rng: np.random.Generator, n_rows: int) -> Ints:
    """Pieces of each row, 1 … 24: P(at least k) = k⁻², three quarters are 1."""
    return np.minimum(1 / np.sqrt(_uniform(rng, n_rows)), MAX_QUANTITY).astype(np.int64)


def _uniform(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Uniform numbers in (0, 1]: zero is left out, so that they can be divided by."""
    return 1 - rng.random(n)
