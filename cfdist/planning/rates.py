"""What one thread of this machine does in a second, measured in two seconds."""

import io
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from cfdist.plan import Rates

BUDGET_S = 0.25
"""Of each measurement; five of them and their preparation stay within two seconds."""
ROWS = 200_000


def measure_rates() -> Rates:
    """Rates of one thread.

    Notes
    -----
    Each is the best of several short rounds: what else runs on the machine can only slow one.
    """
    rng = np.random.default_rng(0)
    with threadpool_limits(1, user_api="blas"):
        return Rates(
            gemm_flops=_gemm(rng),
            sparse_flops=_sparse(rng),
            memory_bytes=_copy(),
            table_rows=_table(rng),
            disk_bytes=_disk(),
        )


def _gemm(rng: np.random.Generator) -> float:
    tile = rng.standard_normal((1024, 256)).astype(np.float32)
    other = rng.standard_normal((256, 1024)).astype(np.float32)
    return 2 * 1024 * 256 * 1024 / _best(lambda: tile @ other)


def _sparse(rng: np.random.Generator) -> float:
    """A sparse product as in a pass of the SVD."""
    matrix: Any = sp.random(20_000, 5_000, 0.0006, "csr", np.float32, random_state=rng)
    dense = rng.standard_normal((5_000, 25)).astype(np.float32)
    return float(2 * matrix.nnz * 25 / _best(lambda: matrix @ dense))


def _copy() -> float:
    source = np.ones(2**26, dtype=np.uint8)
    target = np.empty_like(source)
    return 2 * len(source) / _best(lambda: np.copyto(target, source))


def _table(rng: np.random.Generator) -> float:
    """Reading and sorting a table like those that are ingested."""
    names = ("user", "article", "basket", "quantity", "time")
    table = pa.table({name: rng.integers(0, 50_000, ROWS) for name in names})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)

    def read_and_sort() -> None:
        read = pq.read_table(io.BytesIO(buffer.getvalue()), use_threads=False)
        columns = [np.asarray(read[name]) for name in names[:3]]
        order = np.lexsort(columns[::-1])
        for column in columns:
            column.take(order)

    return ROWS / _best(read_and_sort)


def _disk() -> float:
    """Writing and syncing a file where temporary files go."""
    content = np.random.default_rng(0).bytes(2**24)
    with tempfile.NamedTemporaryFile() as handle:

        def write() -> None:
            handle.seek(0)
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())

        return len(content) / _best(write)


def _best(work: Callable[[], object]) -> float:
    """Seconds of the fastest round within the budget; the first round does not count."""
    work()
    best, end = float("inf"), time.perf_counter() + BUDGET_S
    while True:
        started = time.perf_counter()
        work()
        now = time.perf_counter()
        best = min(best, now - started)
        if now >= end:
            return best
