"""Two builds compared: what changed for the users, in the catalogue and in the settings."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.builds.build import Build
from cfdist.builds.lists import StoredLists, positions, read_lists, same_type
from cfdist.config import flatten
from cfdist.schema import ARTICLE_ID, NAME

N_MOVERS = 10
CHUNK_ROWS = 2**18
DECILES = tuple(number / 10 for number in range(11))

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Mover:
    """An article that more, or fewer, lists hold."""

    article_id: str | int
    name: str | None
    before: int
    after: int


@dataclass(frozen=True)
class BuildDiff:
    """What changed from build ``a`` to build ``b``; pairs are (of a, of b).

    Attributes
    ----------
    overlap : float or None
        Mean over the users in both of the shared entries divided by the longer list's length;
        None where no user is in both.
    overlap_deciles : list of float
        Minimum, the nine deciles and maximum of the same.
    coverage : pair of float
        Share of the articles that are in any list's first ``k``.
    risen, fallen : list of Mover
        The articles whose number of listings changed most.
    """

    a: str
    b: str
    k: int
    method: Pair
    counts: dict[str, Pair]
    coverage: Pair
    users_in_both: int
    users_gained: int
    users_lost: int
    articles_gained: int
    articles_lost: int
    overlap: float | None
    overlap_deciles: list[float]
    risen: list[Mover]
    fallen: list[Mover]
    settings: dict[str, Pair]


class Agreement(NamedTuple):
    """How two builds' lists agree.

    Attributes
    ----------
    overlap : float64 ``(n,)``
        Per user in both, unless both lists are empty.
    codes : int64 ``(n_articles of b,)``
        Articles of ``b`` by their position in ``a``; new ones follow behind those of ``a``.
    """

    overlap: NDArray[np.float64]
    users_in_both: int
    articles_in_both: int
    codes: NDArray[np.int64]


def diff(a: Build, b: Build, k: int = 10) -> BuildDiff:
    """What changed from ``a`` to ``b``, joined by ids.

    Notes
    -----
    One pass over both tables of lists, 4 bytes per entry of each in memory.
    """
    before, after = read_lists(a, k), read_lists(b, k)
    found = compare(before, after)
    shares = found.overlap
    risen, fallen = _movers(a, b, before, after, found)
    return BuildDiff(
        a=a.id,
        b=b.id,
        k=k,
        method=(a.manifest.list_method, b.manifest.list_method),
        counts=_pairs(a.manifest.counts, b.manifest.counts),
        coverage=(before.coverage, after.coverage),
        users_in_both=found.users_in_both,
        users_gained=len(after.user_ids) - found.users_in_both,
        users_lost=len(before.user_ids) - found.users_in_both,
        articles_gained=len(after.article_ids) - found.articles_in_both,
        articles_lost=len(before.article_ids) - found.articles_in_both,
        overlap=float(shares.mean()) if len(shares) else None,
        overlap_deciles=np.quantile(shares, DECILES).tolist() if len(shares) else [],
        risen=risen,
        fallen=fallen,
        settings=_different(a.manifest.settings, b.manifest.settings),
    )


def compare(a: StoredLists, b: StoredLists) -> Agreement:
    """How the lists of the users in both agree, joined by ids."""
    users = positions(*same_type(b.user_ids, a.user_ids))
    articles = positions(*same_type(b.article_ids, a.article_ids))
    new = len(a.article_ids) + np.arange(len(articles))
    codes = np.where(articles >= 0, articles, new)
    both = np.flatnonzero(users >= 0)
    overlaps = [
        _overlaps(a.articles[users[rows]], _translated(b.articles[rows], codes))
        for rows in np.array_split(both, max(1, -(-len(both) // CHUNK_ROWS)))
    ]
    known = int(np.count_nonzero(articles >= 0))
    return Agreement(np.concatenate(overlaps), len(both), known, codes)


def _overlaps(mine: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    """Per row: shared entries / entries of the longer list; rows without any are left out."""
    both = np.sort(np.concatenate([mine, other], axis=1), axis=1)  # no list holds a thing twice
    same = (both[:, 1:] == both[:, :-1]) & (both[:, 1:] >= 0)
    shared = np.count_nonzero(same, axis=1)
    lengths = [np.count_nonzero(lists >= 0, axis=1) for lists in (mine, other)]
    longer = np.maximum(*lengths)
    overlaps: NDArray[np.float64] = shared[longer > 0] / longer[longer > 0]
    return overlaps


def _translated(lists: NDArray[np.int32], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.append(codes, -1)[lists]  # -1 is the last


def _movers(
    a: Build, b: Build, before: StoredLists, after: StoredLists, found: Agreement
) -> tuple[list[Mover], list[Mover]]:
    """The articles that rose and that fell most in number of listings; ties by position."""
    n = len(before.article_ids) + len(after.article_ids)
    old = np.bincount(before.articles[before.articles >= 0], minlength=n)
    new = np.bincount(found.codes[after.articles[after.articles >= 0]], minlength=n)
    change = new - old
    order = np.argsort(-change, kind="stable")
    risen = [code for code in order[:N_MOVERS] if change[code] > 0]
    order = np.argsort(change, kind="stable")
    fallen = [code for code in order[:N_MOVERS] if change[code] < 0]
    ids = {code: _id_of(before, after, int(code)) for code in [*risen, *fallen]}
    names = _names(a, list(ids.values())) | _names(b, list(ids.values()))
    movers = {
        code: Mover(value, names.get(str(value)), int(old[code]), int(new[code]))
        for code, value in ids.items()
    }
    return [movers[code] for code in risen], [movers[code] for code in fallen]


def _id_of(before: StoredLists, after: StoredLists, code: int) -> str | int:
    known = len(before.article_ids)
    found: str | int = (
        before.article_ids[code] if code < known else after.article_ids[code - known]
    ).as_py()
    return found


def _names(build: Build, ids: list[str | int]) -> dict[str, str]:
    """Id as text → name, of the articles that this build knows by one."""
    text = build.manifest.article_type != "int64"
    wanted = [str(i) for i in ids] if text else [i for i in ids if isinstance(i, int)]
    table = build.articles(pa.array(wanted, pa.string() if text else pa.int64()))
    pairs = zip(table[ARTICLE_ID].to_pylist(), table[NAME].to_pylist(), strict=True)
    return {str(article): name for article, name in pairs if name is not None}


def _pairs(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Pair]:
    return {key: (a.get(key), b.get(key)) for key in {**a, **b}}


def _different(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Pair]:
    """Settings that differ, by ``section.key``; None where a build does not know the setting."""
    return {key: pair for key, pair in _pairs(flatten(a), flatten(b)).items() if pair[0] != pair[1]}
