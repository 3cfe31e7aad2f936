"""The tasks that write the files of a build, one per file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.csr import CsrBlock
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
    write_parquet,
)
from cfdist.builds.parts import (
    ArrayPart,
    MatrixPart,
    join_array,
    join_matrix,
    write_matrix_part,
    write_part,
)
from cfdist.input.articles import describe_articles, resolve_articles
from cfdist.schema import (
    OTHER_USER_ID,
    PROFILE_USER_INDEX,
    RECOMMENDERS,
    RELATIONS,
    USER_ID,
    USER_INDEX,
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
from cfdist.stages.context import Context, Stage, staging_of
from cfdist.stages.results import Results, metrics_of

SIMILARITY_TILE = 1024
BUY_AGAIN_TABLE = "buy_again"

Array = np.ndarray[Any, Any]


def write_all(stage: Stage, context: Context, results: Results) -> list[Future]:
    """Futures of all files, each of a :class:`WrittenFile`, staged below the run.

    What takes longest alone comes first, so that it does not end last.
    """
    folder = staging_of(context)
    return [
        *_arrays(stage, folder, context, results),
        *_user_tables(stage, folder, results),
        *_article_tables(stage, folder, context, results),
        stage.submit(_write_metrics, folder, metrics_of(results), label="metrics"),
    ]


def _arrays(stage: Stage, folder: Path, context: Context, results: Results) -> list[Future]:
    """Factors, similarities, and the matrix where it is wanted."""
    factors, settings = results.factors, context.config.publish
    item_factors = stage.on_host(factors.item_factors)
    writes = [
        stage.submit(_write_similarity, folder, item_factors, factors.singular_values,
                     results.neighbors.articles, settings.max_similarity_articles,
                     label="similarity"),
        stage.submit(_write_array, folder, "item_latent_factors.npy", item_factors,
                     label="factors"),
        stage.submit(_write_array, folder, "singular_values.npy", factors.singular_values,
                     label="factors"),
    ]  # fmt: skip
    parts = [
        stage.submit(write_part, folder, block, label="part") for block in factors.user_factors
    ]
    writes.append(stage.submit(_join_factors, folder, *parts, label="factors"))
    if settings.user_item_matrix:
        parts = [
            stage.submit(write_matrix_part, folder, block, label="part")
            for block in results.matrix.blocks
        ]
        writes.append(stage.submit(_join_matrix, folder, *parts, label="matrix"))
    return writes


def _user_tables(stage: Stage, folder: Path, results: Results) -> list[Future]:
    """Per block of users a part of every table of theirs."""
    index, profiles = results.index, results.profiles.profiles
    article_ids = index.article_ids
    owners = [
        stage.submit(_owner_ids, users, *index.bounds(number), profiles, label="ids")
        for number, users in enumerate(index.parts["user_ids"])
    ]
    owner_ids = stage.submit(_concat, *owners, label="ids")
    similar = stage.on_host(results.neighbors.users)
    writes = []
    for number, users in enumerate(index.parts["user_ids"]):
        first, last = index.bounds(number)
        writes += [
            stage.submit(_write_similar_users, folder, number, first, last, profiles,
                         similar, owner_ids, label="similar-users"),
            stage.submit(_write_lists, folder, number, results.recommendations.lists[number],
                         users, article_ids, label="lists"),
            stage.submit(_write_users, folder, number, results.matrix.blocks[number], users,
                         first, profiles, label="users"),
        ]  # fmt: skip
        if results.buy_again:
            writes.append(
                stage.submit(_write_buy_again, folder, number, results.buy_again.lists[number],
                             users, article_ids, label="buy-again")
            )  # fmt: skip
    return writes


def _article_tables(stage: Stage, folder: Path, context: Context, results: Results) -> list[Future]:
    """Partners, and what is known of each article."""
    article_ids = results.index.article_ids
    described = resolve_articles(context.config.ingest)
    return [
        stage.submit(_write_articles, folder, article_ids, results.matrix.articles,
                     results.matrix.baskets, described, label="articles"),
        *(
            stage.submit(_write_pairs, folder, number, pairs, article_ids, label="pairs")
            for number, pairs in enumerate(results.pairs.shards)
        ),
    ]  # fmt: skip


def _staged(folder: Path) -> Path:
    """A folder of this attempt's own: a second attempt of a task cannot collide with it."""
    return folder / uuid4().hex


def _write_lists(
    folder: Path, number: int, lists: dict[str, Array], users: pa.Array, articles: pa.Array
) -> WrittenFile:
    rows = lists["row_of_user"]
    listed = lists["articles"][rows]
    filled = listed >= 0
    rank = np.broadcast_to(np.arange(1, listed.shape[1] + 1, dtype=np.int16), listed.shape)
    user = np.repeat(np.arange(len(listed)), np.count_nonzero(filled, axis=1))
    table = pa.Table.from_arrays(
        [
            users.take(pa.array(user)),
            pa.array(rank[filled]),
            articles.take(pa.array(listed[filled])),
            pa.array(lists["scores"][rows][filled]),
            _labels(lists["sources"][rows][filled], RECOMMENDERS),
        ],
        schema=user_recommendations(users.type, articles.type),
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
    distinct = (USER_INDEX, USER_ID, PROFILE_USER_INDEX)
    return write_parquet(_staged(folder), part_name("users", number), table, distinct)


def _owner_ids(users: pa.Array, first: int, last: int, profiles: Profiles) -> pa.Array:
    """Ids of the users of a block who own a profile."""
    begin, end = np.searchsorted(profiles.owner, [first, last])
    return users.take(pa.array(profiles.owner[begin:end] - first))


def _write_similar_users(
    folder: Path, number: int, first: int, last: int, profiles: Profiles,
    found: dict[str, Array], owner_ids: pa.Array,
) -> WrittenFile:  # fmt: skip
    """Neighbours of the profiles whose owner is a user of this block."""
    begin, end = np.searchsorted(profiles.owner, [first, last])
    neighbours = found["ids"][begin:end]
    known = neighbours >= 0
    rank = np.broadcast_to(np.arange(1, known.shape[1] + 1, dtype=np.int16), known.shape)
    row = np.repeat(np.arange(begin, end), np.count_nonzero(known, axis=1))
    other = neighbours[known]
    table = pa.Table.from_arrays(
        [
            _like(owner_ids.take(pa.array(row))),
            pa.array(rank[known]),
            _like(owner_ids.take(pa.array(other))),
            pa.array(found["scores"][begin:end][known]),
            pa.array(profiles.n_users[other]),
        ],
        schema=similar_users(_like(owner_ids[:0]).type),
    )
    name = part_name("similar_users", number)
    return write_parquet(_staged(folder), name, table, (OTHER_USER_ID,))


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


def _write_array(folder: Path, name: str, array: Array) -> WrittenFile:
    return write_array(_staged(folder), name, [array], array.shape)


def _join_factors(folder: Path, *parts: ArrayPart) -> WrittenFile:
    return join_array(_staged(folder), "user_latent_factors.npy", parts)


def _join_matrix(folder: Path, *parts: MatrixPart) -> WrittenFile:
    return join_matrix(_staged(folder), "user_item_matrix.npz", parts)


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
