"""Check every file of a build, and make the build live in one act."""

import os
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from cfdist.builds import log
from cfdist.builds.build import ITEM_TABLE, USER_TABLE, Build, load_build
from cfdist.builds.files import WrittenFile, place, sha256_of, sync, write_synced
from cfdist.builds.manifest import MANIFEST, FileEntry, Manifest
from cfdist.config import Config
from cfdist.errors import ConfigError, ConflictError, DataError
from cfdist.redact import redact
from cfdist.stages.checkpoint import code_versions
from cfdist.stages.context import Context
from cfdist.stages.outputs import write_all
from cfdist.stages.results import Results, counts_of


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
        written = write_all(stage, context, results)
        stage.wait(written)
        files: list[WrittenFile] = [future.result() for future in written]
        _check_rows(files, results)
        build = context.run_id
        folder = log.build_folder(root, build)
        for file in files:
            place(Path(file.path), folder / file.name, file.sha256)
        manifest = _manifest(context, results, build, files)
        path = folder / MANIFEST
        write_synced(path, manifest.model_dump_json(indent=1).encode())
        for parent in {(folder / file.name).parent for file in files} | {folder.parent, root}:
            sync(parent)
        try:
            log.commit(root, build, sha256_of(path), before)
        except ConflictError:
            shutil.rmtree(folder, ignore_errors=True)  # no entry of the log will ever name it
            raise
        _refresh_links(context, root)
        return load_build(root, build)


def _refresh_links(context: Context, root: Path) -> None:
    """Set the convenience links; the build is live already, so trouble is a note."""
    try:
        hidden = log.refresh_links(root)
    except OSError as error:
        context.note(
            f"the links in {root} could not be set: {error}; the build is live all the same"
        )
        return
    if hidden:
        context.note(
            f"{root} has files of its own called {', '.join(hidden)}: they were left as they "
            "are, so the old paths do not lead to this build; move them away"
        )


def require_writable(config: Config) -> None:
    """Raise before anything is computed where the output cannot be written.

    Raises
    ------
    ConfigError
        Names the folder and why.
    """
    for folder in (config.publish.root, config.runs.path):
        if "://" in folder:
            raise ConfigError(
                f"{folder}: builds are written to a mounted file system only",
                remedy="choose a folder with --output",
            )
        try:
            _probe(Path(folder))
        except OSError as error:
            raise ConfigError(
                f"{folder} cannot be written: {error.strerror}",
                remedy="choose another folder with --output, or change its owner",
            ) from error


def _probe(folder: Path) -> None:
    """Write, link and remove a file, as publishing will."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".probe-{uuid4().hex}"
    hard, soft = probe.with_suffix(".hard"), probe.with_suffix(".soft")
    try:
        probe.write_bytes(b"")
        os.link(probe, hard)
        os.symlink(probe.name, soft)
    finally:
        for path in (probe, hard, soft):
            path.unlink(missing_ok=True)


def _check_rows(files: list[WrittenFile], results: Results) -> None:
    """One entry per name, and as many rows as the stages counted."""
    names = [file.name for file in files]
    made = results.recommendations.meta
    expected = {
        USER_TABLE: sum(made["n_by_source"].values()),
        ITEM_TABLE: results.pairs.meta["n_pairs"],
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
        rows=redact(rows),
        settings=redact(context.config.model_dump(mode="json")),
        seconds={name: round(value, 3) for name, value in context.seconds.items()},
        resumed=context.resumed,
        notes=context.notes,
        versions=code_versions(),
        files=sorted(
            (FileEntry(name=f.name, rows=f.rows, bytes=f.bytes, sha256=f.sha256) for f in files),
            key=lambda entry: entry.name,
        ),
    )
