"""Write every file of a build, check them, and make the build live in one act."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.algorithms.exact_neighbors import unit_rows
from cfdist.algorithms.profiles import Profiles
from cfdist.builds import log
from cfdist.builds.build import ITEM_TABLE, USER_TABLE, Build, load_build
from cfdist.builds.files import (
    WrittenFile,
    part_name,
    place,
    sha256_of,
    write_array,
    write_arrays,
    write_bytes,
    write_matrix,
    write_parquet,
)
from cfdist.builds.manifest import MANIFEST, FileEntry, Manifest
from cfdist.builds.redact import redact
from cfdist.config import Config
from cfdist.errors import ConfigError, DataError
from cfdist.input.articles import describe_articles
from cfdist.schema import (
    RECOMMENDERS,
    RELATIONS,
    item_recommendations,
    similar_users,
    user_recommendations,
)
from cfdist.schema import articles as articles_schema
from cfdist.schema import users as users_schema
from cfdist.stages.context import Context, Stage
from cfdist.stages.factorize import Factors
from cfdist.stages.index import Index
from cfdist.stages.ingest import Interactions
from cfdist.stages.matrix import UserItemMatrix
from cfdist.stages.neighbors import Neighbors
from cfdist.stages.recommend import Recommendations

SIMILARITY_TILE = 1024
LIBRARIES = ("numpy", "scipy", "pyarrow", "pandas", "numba", "dask", "distributed")

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Results:
    """The artifacts that a build is made of."""

    interactions: Interactions
    index: Index
    matrix: UserItemMatrix
    factors: Factors
    neighbors: Neighbors
    recommendations: Recommendations


def publish(context: Context, results: Results) -> Build:
    """The live build, after every part was checked.

    Raises
    ------
    ConflictError
        Another publisher committed since this stage began.
    DataError
        A part is missing or the rows do not add up: nothing was committed.
    """
    root = Path(context.config.publish.root)
    with context.stage("publish", context.run_id) as stage:
        before = log.live_entry(root)
        written = _write_all(stage, context, results)
        stage.wait(written)
        files: list[WrittenFile] = [future.result() for future in written]
        _check_rows(files, results)
        build = _build_id(context)
        folder = log.build_folder(root, build)
        for file in files:
            place(Path(file.path), folder / file.name)
        manifest = _manifest(context, results, build, files)
        path = folder / MANIFEST
        log.write_synced(path, manifest.model_dump_json(indent=1).encode())
        log.sync_folder(folder)
        entry = log.commit(root, build, sha256_of(path), before)
        log.refresh_links(root, entry)
        return load_build(root, build)


def require_writable(config: Config) -> None:
    """Raise before anything is computed where the output cannot be written.

    Raises
    ------
    ConfigError
        Names the folder and why.
    """
    for folder in (config.publish.root, config.runs.path):
        if "://" in folder:
            raise ConfigError(f"{folder}: builds are written to a mounted file system only")
        probe = Path(folder) / f".probe-{platform.node()}"
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise ConfigError(
                f"{folder} cannot be written: {error.strerror}",
                remedy="choose another folder with --output, or change its owner",
            ) from error


def _write_all(stage: Stage, context: Context, results: Results) -> list[Future]:
    """One task per file."""
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
                         results.neighbors.profiles, label="users"),
            stage.submit(_write_similar_users, folder, number, first, index.first_users[number + 1],
                         results.neighbors.profiles, results.neighbors.users, all_users,
                         label="similar-users"),
        ]  # fmt: skip
    writes += [
        stage.submit(_write_pairs, folder, number, pairs, article_ids, label="pairs")
        for number, pairs in enumerate(results.recommendations.pairs)
    ]
    writes += [
        stage.submit(_write_articles, folder, article_ids, results.matrix.articles,
                     results.matrix.baskets, context.config.ingest, label="articles"),
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


def metrics_of(results: Results) -> dict[str, Any]:
    """The numbers of a build, for ``metrics.json`` and the record of the run."""
    factors, made = results.factors.meta, results.recommendations.meta
    return {
        "energy": sum(factors["energy"]),
        "explained_variance_ratio": sum(factors["explained_variance_ratio"]),
        "energy_per_component": factors["energy"],
        "explained_variance_ratio_per_component": factors["explained_variance_ratio"],
        "residuals": factors["residuals"],
        "n_components": factors["n_components"],
        "n_passes": factors["n_passes"],
        "svd_method": factors["method"],
        "svd_dtype": factors["dtype"],
        **counts_of(results),
        "entries_by_source": made["n_by_source"],
        "short_lists": made["n_short_lists"],
    }


def counts_of(results: Results) -> dict[str, Any]:
    """How much of everything there is."""
    matrix, near, made = results.matrix.meta, results.neighbors.meta, results.recommendations.meta
    return {
        "n_users": results.index.n_users,
        "n_articles": results.index.n_articles,
        "nnz": matrix["nnz"],
        "n_profiles": near["n_profiles"],
        "n_baskets": matrix["n_baskets"],
        "n_large_baskets": matrix["n_large_baskets"],
        "basket_kind": matrix["basket_kind"],
        "n_recommendations": sum(made["n_by_source"].values()),
        "n_pairs": made["n_pairs"],
        "user_pairs_share": near["user_pairs_share"],
        "article_pairs_share": near["article_pairs_share"],
    }


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
            users.take(pa.array(profiles.owner[begin + row])),
            pa.array((rank + 1).astype(np.int16)),
            users.take(pa.array(profiles.owner[other])),
            pa.array(found["scores"][begin + row, rank]),
            pa.array(profiles.n_users[other]),
        ],
        schema=similar_users(users.type),
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
    units = unit_rows(item_factors.astype(np.float64) * singular_values)
    tiles = (
        units[first : first + SIMILARITY_TILE] @ units.T
        for first in range(0, len(units), SIMILARITY_TILE)
    )
    shape = (len(units), len(units))
    return write_array(_staged(folder), "item_similarity.npy", tiles, shape)


def _write_metrics(folder: Path, metrics: Mapping[str, Any]) -> WrittenFile:
    content = json.dumps(metrics, indent=1).encode()
    return write_bytes(_staged(folder), "metrics.json", content)


def _labels(codes: Array, names: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(names))


def _concat(*ids: pa.Array) -> pa.Array:
    return pa.concat_arrays(ids)


def _check_rows(files: list[WrittenFile], results: Results) -> None:
    """One entry per name, and as many rows as the stages counted."""
    names = [file.name for file in files]
    made = results.recommendations.meta
    expected = {
        USER_TABLE: sum(made["n_by_source"].values()),
        ITEM_TABLE: made["n_pairs"],
        "users": results.index.n_users,
        "articles": results.index.n_articles,
    }
    for table, rows in expected.items():
        found = sum(file.rows for file in files if file.name.startswith(f"{table}.parquet/"))
        if found != rows or len(set(names)) != len(names):
            raise DataError(
                f"{table} has {found:,} rows where the stages made {rows:,}: nothing was published",
                remedy="run the same command again, and report it if it comes back",
            )


def _build_id(context: Context) -> str:
    """Time for people, the run for uniqueness."""
    return context.run_id


def _manifest(context: Context, results: Results, build: str, files: list[WrittenFile]) -> Manifest:
    rows = results.interactions.meta
    return Manifest(
        build=build,
        run=context.run_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        cfdist_version=version("cfdist"),
        backend="cpu",
        user_type=rows["user_type"],
        article_type=rows["article_type"],
        counts=counts_of(results),
        rows=dict(rows),
        settings=redact(context.config.model_dump(mode="json")),
        seconds={name: round(value, 3) for name, value in context.seconds.items()},
        resumed=context.resumed,
        notes=context.notes,
        versions={"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
        files=sorted(
            (FileEntry(name=f.name, rows=f.rows, bytes=f.bytes, sha256=f.sha256) for f in files),
            key=lambda entry: entry.name,
        ),
    )
