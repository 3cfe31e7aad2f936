"""A context of the stages on a small in-process cluster, for tests."""

from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from conftest import quick_config

from cfdist.cluster import open_cluster
from cfdist.stages.checkpoint import Checkpoints
from cfdist.stages.context import Context


@contextmanager
def open_context(folder: Path, columns: dict | None = None, given: dict | None = None, keep=False):
    """Context over the sample, or over a table made of ``columns``."""
    chosen = dict(given or {})
    if columns is not None:
        pq.write_table(pa.table(columns), folder / "input.parquet")
        chosen.setdefault("ingest", {})["input"] = str(folder / "input.parquet")
    config = quick_config(folder, chosen)
    with open_cluster(config.cluster) as client:
        checkpoints = Checkpoints(folder / "checkpoints" if keep else None)
        yield Context(client, config, "20260101T000000Z-test", checkpoints=checkpoints)
