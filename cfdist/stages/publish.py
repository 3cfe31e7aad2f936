"""Check every file of a build, judge it, and make it live in one act."""

import os
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from cfdist.builds import log
from cfdist.builds.build import ITEM_TABLE, USER_TABLE, Build, load_build
from cfdist.builds.commit import take_over
from cfdist.builds.files import WrittenFile, place, sha256_of, sync, write_synced
from cfdist.builds.lists import count_owned
from cfdist.builds.manifest import MANIFEST, FileEntry, Manifest
from cfdist.builds.rollback import verify
from cfdist.builds.verdict import judge_build, refusal
from cfdist.cluster.plugins import peak_memory
from cfdist.config import Config
from cfdist.errors import ConfigError, ConflictError, DataError
from cfdist.plan import Plan
from cfdist.planning import document
from cfdist.redact import redact
from cfdist.stages.checkpoint import code_versions
from cfdist.stages.context import Context
from cfdist.stages.outputs import BUY_AGAIN_TABLE, write_all
from cfdist.stages.results import Results, counts_of


def publish(
    context: Context,
    results: Results,
    hold_out: dict[str, Any] | None = None,
    force: bool = False,
    plan: Plan | None = None,
) -> Build:
    """The published build, after every part was checked and the gate let it pass.

    Parameters
    ----------
    hold_out : dict, optional
        Quality of a sibling that was fitted before the hold-out, for the gate.
    force : bool
        Publish what the gate refuses, and record that.
    plan : Plan, optional
        What was planned, to be kept beside what was measured.

    Returns
    -------
    Build
        Live; where the live build is pinned, complete and waiting behind it.

    Raises
    ------
    ConflictError
        Another publisher committed since this stage began.
    DataError
        A part is missing or the rows do not add up: nothing was committed.
    GateError
        A check refused the build: it is kept and marked, and not live.
    """
    root, build = Path(context.config.publish.root), context.run_id
    with context.stage("publish", build) as stage:
        before = log.live_entry(root)
        written = write_all(stage, context, results)
        owned = [
            stage.submit(count_owned, lists, block, label="owned")
            for lists, block in zip(results.recommendations.lists, results.matrix.blocks,
                                    strict=True)
        ]  # fmt: skip
        stage.wait([*written, *owned])
        files: list[WrittenFile] = [future.result() for future in written]
        _check_rows(files, results)
        folder = log.build_folder(root, build)
        for file in files:
            place(Path(file.path), folder / file.name, file.sha256)
        manifest = _manifest(context, results, build, files)
        planned = None if plan is None else document(plan, _measured(context, files))
        manifest = manifest.model_copy(update={"hold_out": hold_out, "plan": planned})
        n_owned = sum(future.result() for future in owned)
        manifest = _judged(context, Build(folder, manifest), before, n_owned, force)
        sha256 = _write_manifest(root, folder, manifest)
        if manifest.refused:
            raise refusal(root, manifest, before)
        _commit(context, root, manifest, sha256, before)
        _refresh_links(context, root)
        return load_build(root, build)


def _measured(context: Context, files: list[WrittenFile]) -> dict[str, Any]:
    """What came of the plan, as far as the stages have ended."""
    peaks = context.client.run(peak_memory, on_error="ignore")
    return {
        "seconds": {k: s for k, s in context.seconds.items() if k not in context.resumed},
        "peak_bytes": max(peaks.values(), default=0),
        "output_bytes": sum(file.bytes for file in files),
    }


def _judged(
    context: Context, build: Build, before: log.Entry | None, n_owned: int, force: bool
) -> Manifest:
    """The manifest with the gate's verdict; what somebody should look at becomes a note."""
    root = Path(context.config.publish.root)
    found = judge_build(root, build, before, n_owned, context.config.gate, force)
    for note in found.notes:
        context.note(note)
    return build.manifest.model_copy(update={"gate": found.gate, "notes": list(context.notes)})


def _write_manifest(root: Path, folder: Path, manifest: Manifest) -> str:
    """Make the build durable, the manifest last; its sha256."""
    path = folder / MANIFEST
    write_synced(path, manifest.model_dump_json(indent=1).encode())
    parents = {(folder / file.name).parent for file in manifest.files}
    for parent in parents | {folder, folder.parent, root}:
        sync(parent)
    return sha256_of(path)


def _commit(
    context: Context, root: Path, manifest: Manifest, sha256: str, before: log.Entry | None
) -> None:
    """Make the build live, or let it wait; a lost race removes its folder."""
    build = manifest.build
    verify(root, build, sha256)
    try:
        entry = take_over(root, build, sha256, before, manifest.forced)
    except ConflictError:
        shutil.rmtree(log.build_folder(root, build), ignore_errors=True)  # no entry will name it
        raise
    if entry.build != build:
        context.note(
            f"build {entry.build} is pinned and stays live; build {build} waits: "
            f"`cfdist builds unpin {build}` makes it live"
        )


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
    for folder, option in (
        (config.publish.root, "--output"),
        (config.runs.path, "--set runs.path=FOLDER"),
    ):
        if "://" in folder:
            raise ConfigError(
                f"{folder}: builds are written to a mounted file system only",
                remedy=f"choose a folder with {option}",
            )
        try:
            _probe(Path(folder))
        except OSError as error:
            raise ConfigError(
                f"{folder} cannot be written: {error.strerror}",
                remedy=f"choose another folder with {option}, or change its owner",
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
        BUY_AGAIN_TABLE: results.buy_again.meta["n_rows"] if results.buy_again else 0,
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
        backend=context.backend,
        user_type=rows["user_type"],
        article_type=rows["article_type"],
        counts=counts_of(results),
        rows=redact(rows),
        settings=redact(context.config.model_dump(mode="json")),
        seconds={name: round(value, 3) for name, value in context.seconds.items()},
        resumed=context.resumed,
        notes=context.notes,
        transfers=context.transfers or None,
        versions=code_versions(),
        method=results.recommendations.meta["method"],
        files=sorted(
            (FileEntry(name=f.name, rows=f.rows, bytes=f.bytes, sha256=f.sha256) for f in files),
            key=lambda entry: entry.name,
        ),
    )
