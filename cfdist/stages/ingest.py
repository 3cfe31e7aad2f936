"""Read, check and sample the input, and bring it into sorted blocks of users."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from distributed import Future

from cfdist.algorithms.partitioning import n_blocks
from cfdist.algorithms.sampling import WHOLE_RANGE
from cfdist.backends import Backend
from cfdist.errors import ConfigError, DataError
from cfdist.input.articles import check_articles
from cfdist.input.check import RowCounts, date_window
from cfdist.input.frames import get_frames
from cfdist.input.source import Part, Source, open_file, open_source
from cfdist.schema import ARTICLE_ID, BASKET_ID, USER_ID
from cfdist.settings import IngestSettings
from cfdist.stages.context import RETRIES, Artifact, Context, Stage, staging_of
from cfdist.stages.exchange import exchange, goes_through_files, remove_files, rows_to_file

Array = np.ndarray[Any, Any]

FLOOR_ALONE = 1e-9
"""``sample_percent`` at which ``min_sample_users`` alone says how large a sample is."""
HASH_BYTES = 2**22
UNREAD = {
    "input", "storage_options", "articles", "returns", "max_basket_articles",
    "min_articles_per_user", "min_users_per_article",
}  # fmt: skip
"""Settings of the section that other stages read."""


class Interactions(Artifact):
    """Checked interactions in blocks.

    ``meta``: rows_in, rows_used, dropped (reason → rows), examples, first_timestamp,
    last_timestamp, user_type, article_type, has_baskets, has_timestamps, sampled_share,
    sample_threshold, n_files, now_us (later timestamps than a day after it were in the future).
    Parts ``blocks``: one :class:`InteractionBlock` per run of buckets.
    """

    @property
    def blocks(self) -> Sequence[Future]:
        """One InteractionBlock per run of buckets."""
        return self.parts["blocks"]


def ingest(context: Context, beside: Interactions | None = None) -> Interactions:
    """Sorted blocks of the usable rows, each dropped row counted by its reason.

    Parameters
    ----------
    beside : Interactions, optional
        Interactions that these rows are compared with: a user falls into the same block, and
        into the sample where it is by users.

    Raises
    ------
    DataError
        See :mod:`cfdist.input`; also when more than ``max_dropped_share`` is dropped or nothing
        is left, or ids have another type than those ``beside``.
    ConfigError
        ``first_date`` or ``last_date`` is no date, or there are no timestamps for them.
    """
    settings = context.config.ingest
    source = open_source(settings)
    check_articles(settings, source.id_types[ARTICLE_ID])
    _require_dates(settings, source)
    _require_same_ids(source, settings, beside)
    for note in source.notes:
        context.note(note)
    relevant = settings.model_dump(exclude=UNREAD)
    other = [beside.key, settings.input] if beside else []
    with context.stage("ingest", fingerprint(source, context), relevant, *other) as stage:
        found = stage.resume(Interactions)
        if found is not None:
            return found
        threshold = _sample_threshold(stage, source, settings, beside)
        folder = staging_of(context) if goes_through_files(context, len(source.parts)) else None
        reads = [
            stage.compute(
                _read_part, part, source, settings, threshold, context.now_us, folder,
                label="read", retries=_retries(part),
            )
            for part in source.parts
        ]  # fmt: skip
        counts = [stage.compute(_counts_of, read, label="count") for read in reads]
        stage.wait([*reads, *counts])
        total = _total(counts, settings)
        for reason, number in total.host_reads.items():
            context.note(
                f"{number:,} of {len(source.parts):,} parts of {settings.input} were read on the "
                f"host: {reason}"
            )
        number = len(beside.blocks) if beside else n_blocks(total.rows_used)
        blocks = exchange(stage, reads, number)
        if folder is None:
            reads.clear()  # the exchange has what it needs
        stage.wait(blocks)
        remove_files(reads)
        meta = _describe(total, source, threshold) | {"now_us": context.now_us}
        return stage.complete(Interactions, meta, blocks=blocks)


def _require_dates(settings: IngestSettings, source: Source) -> None:
    """Dates in the settings are dates, and there are timestamps to compare them with."""
    date_window(settings)
    for name in ("first_date", "last_date"):
        value = getattr(settings, name)
        if value is not None and not source.columns.timestamp:
            raise ConfigError(
                f"ingest.{name} = {value!r}, but {settings.input} has no column of timestamps",
                remedy=f"name it in ingest.columns.timestamp, or leave ingest.{name} out",
            )


def _require_same_ids(
    source: Source, settings: IngestSettings, beside: Interactions | None
) -> None:
    for role, name in ((USER_ID, "user_type"), (ARTICLE_ID, "article_type")):
        if beside and str(source.id_types[role]) != beside.meta[name]:
            raise DataError(
                f"{settings.input}: {role} is {source.id_types[role]}, "
                f"in the interactions it is {beside.meta[name]}",
                remedy="store the ids of both with one type",
            )


def _retries(part: Part) -> int:
    """Reading a network address may fail and then work; a local file stays what it is."""
    return RETRIES if "://" in part.url else 0


def fingerprint(source: Source, context: Context) -> list[str]:
    """sha256 of each local file, size and ETag of each remote one; names without checkpoints.

    What the folders' names add to the rows counts, too.
    """
    if context.checkpoints.folder is None:
        return sorted(source.files)
    hive = {part.url: dict(part.hive) for part in source.parts}
    marks = []
    for url in source.files:
        if "://" in url:
            marks.append(_remote_mark(url, context.config.ingest))
            continue
        digest = hashlib.sha256()
        with open_file(url, context.config.ingest) as handle:
            while chunk := handle.read(HASH_BYTES):
                digest.update(chunk)
        marks.append(f"{digest.hexdigest()} {hive.get(url)}")
    return sorted(marks)


def _remote_mark(url: str, settings: IngestSettings) -> str:
    from fsspec.core import url_to_fs

    fs, path = url_to_fs(url, **settings.storage_options)
    info = fs.info(path)
    mark = info.get("ETag") or info.get("etag") or info.get("mtime") or info.get("LastModified")
    return f"{url} {info.get('size')} {mark or uuid4().hex}"  # unknown age: never resumed


def _sample_threshold(
    stage: Stage, source: Source, settings: IngestSettings, beside: Interactions | None
) -> int:
    """Rows whose sampling hash lies below this are kept; 2⁶⁴ keeps all.

    A sample by users keeps ``min_sample_users`` at least: the threshold is then the hash of that
    user in the order of hashes, whatever the number of parts. Rows ``beside`` others share theirs.
    """
    if settings.sample_percent >= 100:
        return WHOLE_RANGE
    if beside:
        return int(beside.meta["sample_threshold"])
    wanted = int(WHOLE_RANGE * settings.sample_percent / 100)
    if settings.sample_by == "interactions":
        return wanted
    smallest = [
        stage.compute(
            _lowest_hashes, part, source, settings, wanted,
            label="sample", retries=_retries(part),
        )
        for part in source.parts
    ]  # fmt: skip
    stage.wait(smallest)
    hashes = np.unique(np.concatenate([future.result() for future in smallest]))
    if len(hashes) <= settings.min_sample_users:
        if settings.sample_percent > FLOOR_ALONE:
            stage.context.note(
                f"all {len(hashes):,} users are taken: a sample has ingest.min_sample_users = "
                f"{settings.min_sample_users:,} at least"
            )
        return WHOLE_RANGE
    return max(wanted, int(hashes[settings.min_sample_users]))


def _lowest_hashes(
    backend: Backend, part: Part, source: Source, settings: IngestSettings, wanted: int
) -> Array:
    return get_frames(backend.frames).lowest_hashes(part, source, settings, wanted)


def _read_part(
    backend: Backend, part: Part, source: Source, settings: IngestSettings, threshold: int,
    now_us: int, folder: Path | None,
) -> tuple[Any, RowCounts]:  # fmt: skip
    """Checked and sampled rows of a part, or the file with them, and their counts."""
    frames = get_frames(backend.frames)
    rows, counts = frames.read(part, source, settings, threshold, now_us)
    return (rows_to_file(frames.to_arrow(rows), folder) if folder else rows), counts


def _counts_of(_: Backend, read: tuple[Any, RowCounts]) -> RowCounts:
    return read[1]


def _total(counts: list[Future], settings: IngestSettings) -> RowCounts:
    total = RowCounts()
    for future in counts:
        total.add(future.result())
    reasons = "; ".join(
        f"{rows:,} {reason}, first in {total.examples[reason]}"
        for reason, rows in total.dropped.items()
        if reason in total.examples
    )
    if total.rows_in == 0:
        raise DataError(f"{settings.input}: there are no rows", remedy="check the input")
    n_inside = total.rows_in - total.rows_outside
    if total.rows_dropped > settings.max_dropped_share * n_inside:
        raise DataError(
            f"{total.rows_dropped:,} of {n_inside:,} rows cannot be used, more than "
            f"ingest.max_dropped_share = {settings.max_dropped_share}: {reasons}",
            remedy=total.remedy,
        )
    if total.rows_used == 0:
        raise DataError(f"{settings.input}: no rows are left: {reasons}", remedy=total.remedy)
    return total


def _describe(total: RowCounts, source: Source, threshold: int) -> dict[str, Any]:
    return {
        "rows_in": total.rows_in,
        "rows_used": total.rows_used,
        "dropped": total.dropped,
        "examples": total.examples,
        "first_timestamp": total.first_timestamp,
        "last_timestamp": total.last_timestamp,
        "rows_per_day": total.newest_days(),
        "user_type": str(source.id_types[USER_ID]),
        "article_type": str(source.id_types[ARTICLE_ID]),
        "has_baskets": BASKET_ID in source.id_types,
        "has_timestamps": bool(source.columns.timestamp),
        "sampled_share": threshold / WHOLE_RANGE,
        "sample_threshold": threshold,
        "n_files": len(source.files),
    }
