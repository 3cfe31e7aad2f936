"""What was measured: bytes and seconds per unit of work. ``benchmarks/calibrate_plan.py`` refits.

Bytes are in flight, beside the values of :mod:`cfdist.plan.values`, which follow from shapes: the
resident size of a process, sampled every 0.1 s, less those. Seconds are processor time of one
thread on a machine with the rates of ``REFERENCE``. Measured with the sample and with synthetic
shops of 50,000, 200,000 and 557,000 users.
"""

from typing import Final

from cfdist.plan.sizes import Rates

REFERENCE: Final = Rates(
    gemm_flops=93e9, sparse_flops=5.0e9, memory_bytes=18e9, table_rows=3.0e6, disk_bytes=1.5e9
)
"""Rates of the machine on which the seconds below were measured, by `cfdist.planning.rates`."""

MIB: Final = 2**20

# bytes ------------------------------------------------------------------------------------------
BASE_BYTES: Final = 265 * MIB
"""One process with Dask and the libraries, before any data: a training of 20,000 rows."""
KERNEL_BYTES: Final = 73 * MIB
"""Compiled kernels and the compiler; ingest calls the first."""
WRITER_BYTES: Final = 28 * MIB
"""Writers of parquet and archives, from the first file of a build."""
CLIENT_BYTES: Final = 280 * MIB
"""The process that was started, beside two worker processes: client, scheduler, dashboard."""
MIN_WORKER_BYTES = 10**9
"""What a worker takes to start at all, with some room."""
PAUSE_SHARE: Final = 0.8
"""Of its limit, above which a Dask worker starts no tasks (``distributed.worker.memory.pause``)."""
HELD_SHARE: Final = 0.7
"""Of the largest amount in flight so far, what the allocator keeps: from ingest to index."""
READ_COPIES: Final = 2.0
"""Rows of a part while it is read and checked, in multiples of a row as it is passed on; the rows
that have been passed on count once."""
MATRIX_ROW_BYTES: Final = 60
"""Per row of a block while it is summed into pairs and baskets."""
HASH_USER_BYTES: Final = 120
"""Per user while equal histories are found."""
BUILD_COPIES: Final = 6.2
"""Unit rows while they are grouped, in multiples of the search index."""
FOUND_COPIES: Final = 3.5
"""Neighbour lists at the end of a search: of the tasks, joined, and in the order of rows."""
VOTE_BYTES: Final = 180
"""Per neighbour of a distinct history while its list is made."""
TILE_COPIES: Final = 4
"""Dense scores of a tile of users while `spectral` makes them, in multiples of the tile."""
SIMILAR_ROW_BYTES: Final = 170
"""Per row of similar users while its block is written."""
LIST_ROW_BYTES: Final = 120
"""Per entry of the lists while their block is written."""
EVALUATED_USER_BYTES: Final = 2000
"""Per user whose held-out purchases are measured, beside what is fitted."""

# files ------------------------------------------------------------------------------------------
LIST_FILE_BYTES: Final = 6.3
"""Per entry of the published lists; 5.9 to 7.3."""
SIMILAR_FILE_BYTES: Final = 7.0
"""Per row of similar users; 6.3 to 7.6."""
PAIR_FILE_BYTES: Final = 8.5
"""Per row of the pairs; 7.6 to 15, least where few articles share a basket."""
USER_FILE_BYTES: Final = 11.5
"""Per row of the users; 10.4 to 14."""

# seconds ----------------------------------------------------------------------------------------
START_S: Final = 3.4
"""From the start of the process to the first stage, and from the last to its end."""
WORKERS_START_S: Final = 4.0
"""Until two worker processes are ready and each has loaded the kernels, besides."""
TASK_S: Final = 0.002
"""Per task: scheduler and worker."""
THREADS_POWER: Final = 0.85
"""Seconds of tasks fall with the number of threads to this power."""
READ_ROW_S: Final = 3.5e-7
"""Per row of the input: read and checked."""
TEXT_ROW_S: Final = 1.5e-7
"""Per row and id column of text, besides."""
SORT_ROW_S: Final = 3.5e-7
"""Per used row: brought to its block and sorted."""
HASH_BYTE_S: Final = 1.0e-9
"""Per byte of the input's files, for the key of the stage."""
CHECKPOINT_BYTE_S: Final = 3e-9
"""Per byte of a checkpoint: its checksum, and writing it."""
INDEX_USER_S: Final = 5e-8
"""Per user."""
MATRIX_ROW_S: Final = 1.4e-7
"""Per row: aggregated, weighted, put into baskets."""
HASH_USER_S: Final = 4e-7
"""Per user, in one task: equal hashes brought together."""
PROFILE_PAIR_S: Final = 1e-7
"""Per pair: hashed, and copied into the distinct histories."""
SPARSE_S: Final = 4e-10
"""Per floating point operation of a sparse product."""
GEMM_S: Final = 1.07e-11
"""Per floating point operation of a dense product in float32."""
KRYLOV_PRODUCTS: Final = 6.0
"""Products of the whole basis with itself that all passes and the end amount to."""
USUAL_PASSES: Final = 10
"""Passes until 1e-4 is reached: 9 to 11 on every shop so far."""
EIGEN_S: Final = 1e-10
"""Per cubed row of a symmetric matrix whose eigenvectors are found."""
SEARCH_FLOP_S: Final = 1.07e-11
"""Per floating point operation of the tiles of a search."""
SEARCH_PAIR_S: Final = 2.8e-9
"""Per pair that a search computes, besides: comparing it, and keeping some."""
GROUP_ROW_S: Final = 1.5e-6
"""Per row that is searched: grouped and sorted, in one task."""
LIST_S: Final = 2.3e-6
"""Per distinct history: its list, whoever fills it."""
VOTE_S: Final = 4e-7
"""Per neighbour of a distinct history whose articles are summed."""
VOTE_ENTRY_S: Final = 4e-8
"""Per article of such a neighbour."""
SPECTRAL_PASSES: Final = 2
"""The SVD of `spectral` goes to 1e-6: so many times as many passes."""
TILE_SCORE_S: Final = 5e-8
"""Per score of a dense tile: the walks of the filter, and choosing the best."""
PAIR_WORK_S: Final = 6e-9
"""Per pair of entries of a basket, for all baskets of all articles."""
PAIR_ROW_S: Final = 4.5e-7
"""Per row of the pairs: its figures."""
TRANSPOSE_S: Final = 2e-8
"""Per entry of the baskets, in one task."""
WRITE_ROW_S: Final = 1.1e-7
"""Per row of a published table."""
WRITE_BYTE_S: Final = 3e-9
"""Per published byte: written, synced, hashed."""
JUDGE_S: Final = 0.15
"""The gate, the manifest and the commit."""
EVALUATION_S: Final = 0.6
"""Of the hold-out: its own stages of any size, and about 150 tasks."""
EVALUATED_USER_S: Final = 2e-5
"""Per user of the hold-out, beside what is fitted."""


def article_search_share(articles: int) -> float:
    """Share of all pairs of articles that their search computes.

    Notes
    -----
    Synthetic shops of 400, 3,000, 5,000 and 7,300 articles had 1.00, 0.93, 0.66 and 0.58, Complete
    Journey with 68,500 had 0.44.

    Examples
    --------
    >>> round(article_search_share(68_509), 2)
    0.36
    """
    return float(min(1.0, (2200 / max(articles, 1)) ** 0.3))
