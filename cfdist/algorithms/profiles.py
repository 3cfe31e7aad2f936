"""Histories repeat: users with identical rows are one profile for search and scoring."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.namespace import lexsort, namespace_of


class Profiles(NamedTuple):
    """The distinct rows of a matrix.

    Attributes
    ----------
    owner : int64 ``(n_profiles,)`` ascending: the lowest user index of each profile
    of_user : int32 ``(n_users,)`` profile of each user
    n_users : int64 ``(n_profiles,)`` users who share it
    family : int64 ``(n_profiles,)`` equal for profiles with the same article set
    """

    owner: NDArray[np.int64]
    of_user: NDArray[np.int32]
    n_users: NDArray[np.int64]
    family: NDArray[np.int64]

    @property
    def on_host(self) -> tuple[str, ...]:
        """Fields that are never moved to a device: all; a task is given what it uses."""
        return self._fields


def find_profiles(row_hashes: NDArray[np.uint64], set_hashes: NDArray[np.uint64]) -> Profiles:
    """Profiles from 128-bit hashes ``(n_users, 2)`` of rows and article sets, where those are."""
    of_user, owner = group_equal(row_hashes)
    family, _ = group_equal(set_hashes[owner])
    counts = namespace_of(of_user).bincount(of_user, minlength=len(owner)).astype(np.int64)
    return Profiles(owner, of_user.astype(np.int32), counts, family)


def owners_in(profiles: Profiles, first: int, last: int) -> NDArray[np.int64]:
    """Owners among the users ``first`` … ``last − 1``, counted from ``first``."""
    owner = profiles.owner
    xp = namespace_of(owner)
    begin, end = (int(xp.searchsorted(owner, edge)) for edge in (first, last))
    return owner[begin:end] - first


def group_equal(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number of each row's group, groups numbered by first appearance, and those first rows.

    Examples
    --------
    >>> group, first = group_equal(np.array([[7, 7], [3, 3], [7, 7]], dtype=np.uint64))
    >>> group.tolist(), first.tolist()
    ([0, 1, 0], [0, 1])
    """
    xp = namespace_of(hashes)
    if not len(hashes):
        return xp.empty(0, np.int64), xp.empty(0, np.int64)
    order = lexsort((hashes[:, 1], hashes[:, 0]))
    sorted_hashes = hashes[order]
    new = xp.ones(len(order), dtype=bool)
    new[1:] = (sorted_hashes[1:] != sorted_hashes[:-1]).any(axis=1)
    first = order[new]  # lexsort is stable: the first of a run is the lowest row
    by_appearance = xp.argsort(first)
    rank = xp.empty(len(first), dtype=np.int64)
    rank[by_appearance] = xp.arange(len(first))
    group = xp.empty(len(order), dtype=np.int64)
    group[order] = rank[xp.cumsum(new) - 1]
    return group, first[by_appearance]
