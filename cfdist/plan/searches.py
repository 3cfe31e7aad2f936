"""The exact search for neighbours: its tasks and its work."""

from math import ceil

from cfdist.algorithms.neighbor_groups import QUERY_ROWS, ROUNDS, ROWS_PER_CENTROID, groups_for
from cfdist.plan import constants as c
from cfdist.plan.terms import Case, Work
from cfdist.plan.values import TASKS_PER_THREAD


def search_work(rows: int, share: float, components: int) -> Work:
    """Tiles of all pairs that are computed; before, centroids, and the nearest of every row."""
    groups = groups_for(rows)
    flops = 2 * components * groups
    pairs_s = share * rows**2 * (2 * components * c.SEARCH_FLOP_S + c.SEARCH_PAIR_S)
    fitted = ROUNDS * min(rows, ROWS_PER_CENTROID * groups) * flops * c.GEMM_S
    return Work(gemm=pairs_s + rows * flops * c.GEMM_S, alone=fitted + rows * c.GROUP_ROW_S)


def n_searches(rows: int, case: Case) -> int:
    """Tasks of a search: runs of tiles of 256 rows at most, at most eight for each thread."""
    return min(ceil(rows / QUERY_ROWS), TASKS_PER_THREAD * case.machine.all_threads)
