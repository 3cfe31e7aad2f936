"""Check every file of a build, and make the build live in one act."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from cfdist.builds import log
from cfdist.builds.build import ITEM_TABLE, USER_TABLE, Build, load_build
from cfdist.builds.files import WrittenFile, place, sha256_of
from cfdist.builds.manifest import MANIFEST, FileEntry, Manifest
from cfdist.builds.redact import redact
from cfdist.config import Config
from cfdist.errors import ConfigError, DataError
from cfdist.stages.context import Context
from cfdist.stages.outputs import write_all
from cfdist.stages.results import Results, counts_of

LIBRARIES = ("numpy", "scipy", "pyarrow", "pandas", "numba", "dask", "distributed")


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
            place(Path(file.path), folder / file.name)
        manifest = _manifest(context, results, build, files)
        path = folder / MANIFEST
        log.write_synced(path, manifest.model_dump_json(indent=1).encode())
        log.sync_folder(folder)
        entry = log.commit(root, build, sha256_of(path), before)
        hidden = log.refresh_links(root, entry)
        if hidden:
            context.note(
                f"{root} has files of its own called {', '.join(hidden)}: they were left as they "
                f"are, so the old paths do not lead to this build; move them away"
            )
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
        probe = Path(folder) / f".probe-{uuid4().hex}"
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise ConfigError(
                f"{folder} cannot be written: {error.strerror}",
                remedy="choose another folder with --output, or change its owner",
            ) from error


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
