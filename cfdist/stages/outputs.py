"""The tasks that write the files of a build, one per file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.algorithms.exact_neighbors import article_units
from cfdist.algorithms.profiles import Profiles
from cfdist.algorithms.purchases import NO_TIME
from cfdist.builds.build import ITEM_TABLE, USER_TABLE
from cfdist.builds.files import (
    WrittenFile,
    part_name,
    write_array,
    write_arrays,
    write_bytes,
    write_matrix,
    write_parquet,
)
from cfdist.input.articles import describe_articles, resolve_articles
from cfdist.schema import (
    RECOMMENDERS,
    RELATIONS,
    item_recommendations,
    similar_users,
    user_recommendations,
)
from cfdist.schema import (
    articles as articles_schema,
)
from cfdist.schema import (
    buy_again as buy_again_schema,
)
from cfdist.schema import (
    users as users_schema,
)
from cfdist.stages.context import Context, Stage
from cfdist.stages.results import Results, metrics_of

SIMILARITY_TILE = 1024
BUY_AGAIN_TABLE = "buy_again"

Array = np.ndarray[Any, Any]


def write_all(stage: Stage, context: Context, results: Results) -> list[Future]:
    """Futures of all files, each of a :class:`WrittenFile`, staged below the run."""
    folder = Path(context.config.runs.path) / context.run_id / "staging"
    folder = folder.resolve()
    index, factors = results.index, results.factors
    article_ids = index.article_ids
    all_users = stage.submit(_concat, *index.parts["user_ids"], label="ids")
    writes = []
    for number, lists in enumerate(results.recommendations.lists):
        users = index.parts["user_ids"][number]
        first = index.first_users[number]
        writes += [
            stage.submit(_write_lists, folder, number, lists, users, article_ids, label="lists"),
            stage.submit(_write_users, folder, number, results.matrix.blocks[number], users, first,
                         results.profiles.profiles, label="users"),
            stage.submit(_write_similar_users, folder, number, first, index.first_users[number + 1],
                         results.profiles.profiles, results.neighbors.users, all_users,
                         label="similar-users"),
        ]  # fmt: skip
    writes += [
        stage.submit(_write_pairs, folder, number, pairs, article_ids, label="pairs")
        for number, pairs in enumerate(results.pairs.shards)
    ]
    for number, bought in enumerate(results.buy_again.lists if results.buy_again else []):
        users = index.parts["user_ids"][number]
        writes.append(
            stage.submit(_write_buy_again, folder, number, bought, users, article_ids,
                         label="buy-again")
        )  # fmt: skip
    described = resolve_articles(context.config.ingest)
    writes += [
        stage.submit(_write_articles, folder, article_ids, results.matrix.articles,
                     results.matrix.baskets, described, label="articles"),
        stage.submit(_write_factors, folder, "user_latent_factors.npy", *factors.user_factors,
                     label="factors"),
        stage.submit(_write_factors, folder, "item_latent_factors.npy", factors.item_factors,
                     label="factors"),
        stage.submit(_write_factors, folder, "singular_values.npy", factors.singular_values,
                     label="factors"),
        stage.submit(_write_similarity, folder, factors.item_factors, factors.singular_values,
                     results.neighbors.articles, context.config.publish.max_similarity_articles,
                     label="similarity"),
        stage.submit(_write_metrics, folder, metrics_of(results), label="metrics"),
    ]  # fmt: skip
    if context.config.publish.user_item_matrix:
        writes.append(
            stage.submit(_write_user_items, folder, *results.matrix.blocks, label="matrix")
        )
    return writes


def _staged(folder: Path) -> Path:
    """A folder of this attempt's own: a second attempt of a task cannot collide with it."""
    return folder / uuid4().hex


def _write_lists(
    folder: Path, number: int, lists: dict[str, Array], users: pa.Array, articles: pa.Array
) -> WrittenFile:
    rows = lists["row_of_user"]
    chosen = lists["articles"][rows]
    user, place_ = np.nonzero(chosen >= 0)
    row = rows[user]
    schema = user_recommendations(users.type, articles.type)
    table = pa.Table.from_arrays(
        [
            users.take(pa.array(user)),
            pa.array((place_ + 1).astype(np.int16)),
            articles.take(pa.array(lists["articles"][row, place_])),
            pa.array(lists["scores"][row, place_]),
            _labels(lists["sources"][row, place_], RECOMMENDERS),
        ],
        schema=schema,
    )
    return write_parquet(_staged(folder), part_name(USER_TABLE, number), table)


def _write_buy_again(
    folder: Path, number: int, bought: dict[str, Array], users: pa.Array, articles: pa.Array
) -> WrittenFile:
    last_us = bought["last_us"]
    table = pa.Table.from_arrays(
        [
            users.take(pa.array(bought["user"])),
            pa.array(bought["rank"].astype(np.int16)),
            articles.take(pa.array(bought["article"])),
            pa.array(bought["score"]),
            pa.array(last_us, mask=last_us == NO_TIME).cast(pa.timestamp("us")),
            pa.array(bought["n_bought"]),
        ],
        schema=buy_again_schema(users.type, articles.type),
    )
    return write_parquet(_staged(folder), part_name(BUY_AGAIN_TABLE, number), table)


def _write_pairs(
    folder: Path, number: int, pairs: dict[str, Array], articles: pa.Array
) -> WrittenFile:
    schema = item_recommendations(articles.type)
    table = pa.Table.from_arrays(
        [
            articles.take(pa.array(pairs["article"])),
            _labels(pairs["relation"], RELATIONS),
            pa.array(pairs["rank"].astype(np.int16)),
            articles.take(pa.array(pairs["other"])),
            pa.array(pairs["score"].astype(np.float32)),
            _labels(pairs["source"], RELATIONS),
            pa.array(pairs["pair_count"]),
            pa.array(pairs["confidence"]),
            pa.array(pairs["lift"]),
            pa.array(pairs["similarity"]),
        ],
        schema=schema,
    )
    return write_parquet(_staged(folder), part_name(ITEM_TABLE, number), table)


def _write_users(
    folder: Path, number: int, block: CsrBlock, users: pa.Array, first: int, profiles: Profiles
) -> WrittenFile:
    last = first + len(users)
    owner = profiles.owner[profiles.of_user[first:last]]
    table = pa.Table.from_arrays(
        [
            pa.array(np.arange(first, last)),
            users,
            pa.array(np.diff(block.indptr)),
            pa.array(owner),
        ],
        schema=users_schema(users.type),
    )
    return write_parquet(_staged(folder), part_name("users", number), table)


def _write_similar_users(
    folder: Path, number: int, first: int, last: int, profiles: Profiles,
    found: dict[str, Array], users: pa.Array,
) -> WrittenFile:  # fmt: skip
    """Neighbours of the profiles whose owner is a user of this block."""
    begin, end = np.searchsorted(profiles.owner, [first, last])
    ids = found["ids"][begin:end]
    row, rank = np.nonzero(ids >= 0)
    other = ids[row, rank]
    table = pa.Table.from_arrays(
        [
            _like(users.take(pa.array(profiles.owner[begin + row]))),
            pa.array((rank + 1).astype(np.int16)),
            _like(users.take(pa.array(profiles.owner[other]))),
            pa.array(found["scores"][begin + row, rank]),
            pa.array(profiles.n_users[other]),
        ],
        schema=similar_users(_like(users[:0]).type),
    )
    return write_parquet(_staged(folder), part_name("similar_users", number), table)


def _write_articles(
    folder: Path, ids: pa.Array, totals: dict[str, Array], baskets: CsrBlock, settings: Any
) -> WrittenFile:
    described = describe_articles(settings, ids)
    n_baskets = np.bincount(baskets.indices, minlength=len(ids))
    table = pa.Table.from_arrays(
        [
            pa.array(np.arange(len(ids))),
            ids,
            pa.array(totals["n_users"]),
            pa.array(n_baskets),
            *described.values(),
        ],
        schema=articles_schema(ids.type),
    )
    return write_parquet(_staged(folder), part_name("articles", 0), table)


def _write_factors(folder: Path, name: str, *blocks: Array) -> WrittenFile:
    shape = (sum(len(block) for block in blocks), *blocks[0].shape[1:])
    return write_array(_staged(folder), name, blocks, shape)


def _write_user_items(folder: Path, *blocks: CsrBlock) -> WrittenFile:
    return write_matrix(_staged(folder), "user_item_matrix.npz", stack(list(blocks)))


def _write_similarity(
    folder: Path, item_factors: Array, singular_values: Array, found: dict[str, Array], limit: int
) -> WrittenFile:
    """The full cosine matrix for few articles, tile by tile; the top-k lists for many."""
    if len(item_factors) > limit:
        return write_arrays(_staged(folder), "item_similarity.npz", found)
    units = article_units(item_factors, singular_values)
    tiles = (
        units[first : first + SIMILARITY_TILE] @ units.T
        for first in range(0, len(units), SIMILARITY_TILE)
    )
    shape = (len(units), len(units))
    return write_array(_staged(folder), "item_similarity.npy", tiles, shape)


def _write_metrics(folder: Path, metrics: Mapping[str, Any]) -> WrittenFile:
    content = json.dumps(metrics, indent=1).encode()
    return write_bytes(_staged(folder), "metrics.json", content)


def _like(ids: pa.Array) -> pa.Array:
    """Ids of the published type."""
    return ids.cast(pa.string()) if pa.types.is_large_string(ids.type) else ids


def _labels(codes: Array, names: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(names))


def _concat(*ids: pa.Array) -> pa.Array:
    if pa.types.is_string(ids[0].type):  # more than 2 GB of ids overflow the offsets of string
        ids = tuple(part.cast(pa.large_string()) for part in ids)
    return pa.concat_arrays(ids)
