"""Distinct histories: users with identical rows are searched and scored once."""

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, stack, take_rows
from cfdist.algorithms.hashing import hash_rows
from cfdist.algorithms.profiles import Profiles, find_profiles, owners_in
from cfdist.stages.context import Artifact, Context
from cfdist.stages.index import Index
from cfdist.stages.matrix import UserItemMatrix


class ProfileTable(Artifact):
    """Which users share a history, and the histories.

    ``meta``: n_profiles.
    Parts ``profiles``: one :class:`Profiles`; ``matrix``: CsrBlock of their rows.
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
        hashes = [stage.submit(_row_hashes, block, label="hash") for block in matrix.blocks]
        table = stage.submit(_find, *hashes, part="profiles")
        rows = [
            stage.submit(_owned_rows, block, table, *index.bounds(number), label="rows")
            for number, block in enumerate(matrix.blocks)
        ]
        stacked = stage.submit(_stack, *rows, part="matrix")
        n_profiles = stage.result(stage.submit(_n_profiles, table, label="count"))
        stage.wait([stacked])
        meta = {"n_profiles": n_profiles}
        return stage.complete(ProfileTable, meta, profiles=[table], matrix=[stacked])


def _row_hashes(block: CsrBlock) -> tuple[np.ndarray, np.ndarray]:
    return (
        hash_rows(block.indptr, block.indices, block.data),
        hash_rows(block.indptr, block.indices),
    )


def _find(*hashes: tuple[np.ndarray, np.ndarray]) -> Profiles:
    return find_profiles(
        np.concatenate([rows for rows, _ in hashes]), np.concatenate([sets for _, sets in hashes])
    )


def _owned_rows(block: CsrBlock, table: Profiles, first: int, last: int) -> CsrBlock:
    return take_rows(block, owners_in(table, first, last))


def _stack(*blocks: CsrBlock) -> CsrBlock:
    return stack(list(blocks))


def _n_profiles(table: Profiles) -> int:
    return len(table.owner)
