"""Ids ↔ dense indexes: users by bucket and id, articles by id."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa
from distributed import Future

from cfdist.algorithms.interactions import InteractionBlock, merge_sorted
from cfdist.backends import Backend
from cfdist.stages.context import Artifact, Context, Stage
from cfdist.stages.ingest import Interactions


class Index(Artifact):
    """Which index an id has.

    ``meta``: n_users, n_articles, block_users (users per block).
    Parts ``user_ids``: one Arrow array per block, in the order of the index; ``article_ids``: one
    sorted Arrow array.
    """

    @property
    def n_users(self) -> int:
        """Rows of the matrix."""
        return int(self.meta["n_users"])

    @property
    def n_articles(self) -> int:
        """Columns of the matrix."""
        return int(self.meta["n_articles"])

    @property
    def article_ids(self) -> Future:
        """Sorted ids of all articles."""
        return self.parts["article_ids"][0]

    @property
    def first_users(self) -> list[int]:
        """Index of the first user of each block, and the end."""
        return [0, *accumulate(self.meta["block_users"])]

    def bounds(self, number: int) -> tuple[int, int]:
        """Index of the first user of a block, and of the next block's first."""
        first, last = self.first_users[number : number + 2]
        return first, last


def index(context: Context, interactions: Interactions) -> Index:
    """Index over the ids of all blocks: a prefix sum over blocks, a tree merge of articles.

    Ids are on the host, whatever the backend: what stays on a device is not touched.
    """
    with context.stage("index", interactions.key) as stage:
        found = stage.resume(Index)
        if found is not None:
            return found
        users = [stage.compute(_user_ids, block, part="user_ids") for block in interactions.blocks]
        sizes = [stage.submit(len, ids, label="count") for ids in users]
        distinct = [
            stage.compute(_article_ids, block, label="articles") for block in interactions.blocks
        ]
        merged = tree_reduce(stage, merge_sorted, distinct, label="merge")
        articles = stage.submit(_itself, merged, part="article_ids")
        n_articles = stage.submit(len, articles, label="count")
        stage.wait([*users, *sizes, articles, n_articles])
        block_users = [future.result() for future in sizes]
        meta = {
            "n_users": sum(block_users),
            "n_articles": n_articles.result(),
            "block_users": block_users,
        }
        return stage.complete(Index, meta, user_ids=users, article_ids=[articles])


def tree_reduce(
    stage: Stage, combine: Any, futures: Sequence[Future], label: str, *, on_device: bool = False
) -> Future:
    """``combine`` over neighbours of a fixed binary tree, so that sums have one order."""
    level = list(futures)
    submit = stage.compute if on_device else stage.submit
    while len(level) > 1:
        paired = [
            submit(combine, level[i], level[i + 1], label=label)
            for i in range(0, len(level) - 1, 2)
        ]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def _user_ids(backend: Backend, block: InteractionBlock) -> pa.Array:
    return block.user_ids


def _article_ids(backend: Backend, block: InteractionBlock) -> pa.Array:
    return block.article_ids


def _itself(value: Any) -> Any:
    return value
