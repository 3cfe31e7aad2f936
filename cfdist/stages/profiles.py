"""Distinct histories: users with identical rows are searched and scored once."""

from typing import Any

from distributed import Future

from cfdist.algorithms.csr import CsrBlock, stack, take_rows
from cfdist.algorithms.hashing import hash_rows
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.profiles import Profiles, find_profiles, owners_in
from cfdist.backends import Backend
from cfdist.stages.context import Artifact, Context
from cfdist.stages.index import Index
from cfdist.stages.matrix import UserItemMatrix


class ProfileTable(Artifact):
    """Which users share a history, and the histories.

    ``meta``: n_profiles.
    Parts ``profiles``: one :class:`Profiles`, on the host; ``matrix``: CsrBlock of their rows, on
    the device.

    Notes
    -----
    On a GPU the profiles are found on the device and come to the host once, 28 bytes a user and
    profile: files are written from them. A device task that is given them takes all of them up
    again, so it is rather given the rows that it uses.
    """

    @property
    def n_profiles(self) -> int:
        """Distinct histories."""
        return int(self.meta["n_profiles"])

    @property
    def profiles(self) -> Future:
        """Which users share a history."""
        return self.parts["profiles"][0]

    @property
    def matrix(self) -> Future:
        """Rows of the matrix, one per profile."""
        return self.parts["matrix"][0]


def profiles(context: Context, index: Index, matrix: UserItemMatrix) -> ProfileTable:
    """Distinct rows of the matrix, found by a 128-bit hash of each; replicated, not in blocks."""
    with context.stage("profiles", matrix.key) as stage:
        found = stage.resume(ProfileTable)
        if found is not None:
            return found
        hashes = [stage.compute(_row_hashes, block, label="hash") for block in matrix.blocks]
        table = stage.compute(_find, *hashes, part="profiles")
        owners = [
            stage.submit(owners_in, table, *index.bounds(number), label="owners")
            for number in range(len(matrix.blocks))
        ]
        rows = [
            stage.compute(_take, block, owned, label="rows")
            for block, owned in zip(matrix.blocks, owners, strict=True)
        ]
        stacked = stage.compute(_stack, *rows, part="matrix")
        n_profiles = stage.result(stage.submit(_n_profiles, table, label="count"))
        stage.wait([stacked])
        meta = {"n_profiles": n_profiles}
        return stage.complete(ProfileTable, meta, profiles=[table], matrix=[stacked])


def _row_hashes(_: Backend, block: CsrBlock) -> tuple[Any, Any]:
    return (
        hash_rows(block.indptr, block.indices, block.data),
        hash_rows(block.indptr, block.indices),
    )


def _find(backend: Backend, *hashes: tuple[Any, Any]) -> Profiles:
    xp = namespace_of(hashes[0][0])
    rows, sets = (xp.concatenate(list(words)) for words in zip(*hashes, strict=True))
    found: Profiles = backend.to_host(find_profiles(rows, sets))
    return found


def _take(_: Backend, block: CsrBlock, rows: Any) -> CsrBlock:
    return take_rows(block, rows)


def _stack(_: Backend, *blocks: CsrBlock) -> CsrBlock:
    return stack(list(blocks))


def _n_profiles(table: Profiles) -> int:
    return len(table.owner)
