"""Small builds made by hand, for tests of what reads, compares, moves and deletes them."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cfdist import schema
from cfdist.builds import log
from cfdist.builds.build import USER_TABLE, Build
from cfdist.builds.commit import take_over
from cfdist.builds.files import part_name, sha256_of, write_bytes, write_parquet
from cfdist.builds.manifest import MANIFEST, FileEntry, Manifest
from cfdist.schema import POPULAR, RECOMMENDERS

Lists = Mapping[Any, Sequence[Any]]


def make_build(
    root: Path,
    name: str,
    lists: Lists | None = None,
    articles: Sequence[Any] | None = None,
    n_parts: int = 1,
    **fields: Any,
) -> Build:
    """A build below ``root``, complete but for the log; ``lists``: user → articles."""
    lists = {1: [10, 20]} if lists is None else lists
    articles = sorted({a for row in lists.values() for a in row}) if articles is None else articles
    folder = log.build_folder(root, name)
    article_ids, files = _ids(articles), []
    for number, users in enumerate(np.array_split(np.arange(len(lists)), n_parts)):
        chosen = [list(lists)[i] for i in users]
        files.append(_write_users(folder, number, chosen, list(lists), int(users[0])))
        files.append(_write_lists(folder, number, {user: lists[user] for user in chosen}, lists,
                                  article_ids))  # fmt: skip
    files.append(_write_articles(folder, article_ids))
    files.append(write_bytes(folder, "metrics.json", b"{}"))
    manifest = _manifest(name, lists, article_ids, fields, files)
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    return Build(folder, manifest)


def publish_by_hand(root: Path, build: Build) -> log.Entry:
    """The entry that puts ``build`` behind whatever is live now."""
    sha256 = sha256_of(build.path / MANIFEST)
    return take_over(root, build.id, sha256, log.live_entry(root), build.manifest.forced)


def rewrite_time(root: Path, number: int, days_ago: float) -> None:
    """Move one commit into the past, as a test cannot wait."""
    file = root / "_log" / f"{number:020d}.json"
    stored = json.loads(file.read_text())
    stored["committed_at"] = time.time() - days_ago * 86_400
    file.write_text(json.dumps(stored))


def _ids(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.string() if values and isinstance(values[0], str) else pa.int64())


def _write_users(folder: Path, number: int, users: list[Any], all_users: list[Any], first: int):
    ids = _ids(all_users).slice(first, len(users))
    zeros = pa.array(np.zeros(len(users), dtype=np.int64))
    table_schema = schema.users(ids.type)
    columns = [ids if field.name == "user_id" else zeros.cast(field.type) for field in table_schema]
    return write_parquet(
        folder, part_name("users", number), pa.Table.from_arrays(columns, schema=table_schema)
    )


def _write_lists(folder: Path, number: int, lists: Lists, all_lists: Lists, articles: pa.Array):
    kind = _ids(list(all_lists)).type
    rows = [(user, place + 1, a) for user, row in lists.items() for place, a in enumerate(row)]
    codes = pa.array(np.full(len(rows), RECOMMENDERS.index(POPULAR), dtype=np.int8))
    columns = [
        pa.array([row[0] for row in rows], kind),
        pa.array([row[1] for row in rows], pa.int16()),
        pa.array([row[2] for row in rows], articles.type),
        pa.array(np.ones(len(rows), dtype=np.float32)),
        pa.DictionaryArray.from_arrays(codes, pa.array(RECOMMENDERS)),
    ]
    table_schema = schema.user_recommendations(kind, articles.type)
    table = pa.Table.from_arrays(columns, schema=table_schema)
    return write_parquet(folder, part_name(USER_TABLE, number), table)


def _write_articles(folder: Path, ids: pa.Array):
    table_schema = schema.articles(ids.type)
    zeros = pa.array(np.zeros(len(ids), dtype=np.int64))
    columns = []
    for field in table_schema:
        if field.name == "article_id":
            columns.append(ids)
        elif pa.types.is_integer(field.type):
            columns.append(zeros.cast(field.type))
        elif field.name == "name":
            columns.append(pa.array([f"name of {i}" for i in ids.to_pylist()], field.type))
        else:
            columns.append(pa.nulls(len(ids), field.type))
    table = pa.Table.from_arrays(columns, schema=table_schema)
    return write_parquet(folder, part_name("articles", 0), table)


def _manifest(name: str, lists: Lists, articles: pa.Array, fields: dict, files: list) -> Manifest:
    base = {
        "build": name, "run": name, "created_at": "2026-01-01T00:00:00+00:00",
        "cfdist_version": "0", "backend": "cpu",
        "user_type": str(_ids(list(lists)).type), "article_type": str(articles.type),
        "counts": {"n_users": len(lists), "n_articles": len(articles)},
        "rows": {"rows_in": 100, "rows_used": 90, "dropped": {"no article": 10}},
        "settings": {"recommend": {"method": "user_neighbors", "owned": "exclude"}},
        "seconds": {}, "resumed": [], "notes": [], "versions": {},
        "files": sorted((FileEntry(name=f.name, rows=f.rows, bytes=f.bytes, sha256=f.sha256)
                         for f in files), key=lambda entry: entry.name),
    }  # fmt: skip
    return Manifest(**(base | fields))
