"""Sums over two steps, from the entries of a row on to the entries of the rows they name.

That is a product of two sparse matrices, made dense a tile of rows at a time: cuSPARSE's own can
return zeros in silence (cupy, issue 10033).
"""

from collections.abc import Iterator
from typing import Any

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.namespace import namespace_of
from cfdist.backends.tiles import expansion_entries


def weighted_sums(rows: Any, others: Any, weights: Any, table: CsrBlock, n_rows: int) -> Any:
    """Σ_e weight_e · table[other_e], added up by row: float64 ``(n_rows, n_columns)``.

    Parameters
    ----------
    rows, others : int ``(n_entries,)``
        Of each entry the row that it belongs to, and the row of the table that it names.
    weights : float64 ``(n_entries,)``
    table : CsrBlock
        Entries ≤ 0 count as 0.

    Notes
    -----
    ``bincount`` adds in any order: the last bits of float64 vary.
    """
    xp = namespace_of(weights)
    n_columns = table.shape[1]
    total = xp.zeros(n_rows * n_columns)
    for entry, place in _expanded(others, table):
        keys = rows[entry] * n_columns
        keys += table.indices[place]
        values = xp.maximum(table.data[place], 0).astype(xp.float64)
        values *= weights[entry]
        del place, entry
        total += xp.bincount(keys, weights=values, minlength=len(total))
    return total.reshape(n_rows, n_columns)


def counts(rows: Any, others: Any, table: CsrBlock, n_rows: int) -> Any:
    """How often each column is reached from each row: int64 ``(n_rows, n_columns)``, exact."""
    xp = namespace_of(rows)
    n_columns = table.shape[1]
    total = xp.zeros(n_rows * n_columns, dtype=xp.int64)
    for entry, place in _expanded(others, table):
        keys = rows[entry] * n_columns
        keys += table.indices[place]
        del place, entry
        total += xp.bincount(keys, minlength=len(total))
    return total.reshape(n_rows, n_columns)


def _expanded(others: Any, table: CsrBlock) -> Iterator[tuple[Any, Any]]:
    """Runs of (entry, place of an entry of its row in the table), each short enough.

    One number comes to the host, which the control flow needs; for several runs their bounds.
    """
    xp = namespace_of(others)
    lengths = xp.diff(table.indptr)[others]
    ends = xp.cumsum(lengths)
    shift = table.indptr[others] - (ends - lengths)
    for first, last in _bounds(ends):
        entry = xp.repeat(xp.arange(first, last), lengths[first:last])
        before = 0 if first == 0 else ends[first - 1]
        yield entry, xp.arange(len(entry)) + before + shift[entry]


def _bounds(ends: Any) -> list[tuple[int, int]]:
    """Runs of entries that expand to about so many; one at least."""
    xp = namespace_of(ends)
    limit = expansion_entries()
    total = int(ends[-1]) if len(ends) else 0
    if total <= limit:
        return [(0, len(ends))] if total else []
    goals = xp.arange(limit, total, limit)
    cuts = xp.searchsorted(ends, goals, side="right")
    inner = sorted({int(cuts[i]) for i in range(len(cuts))} - {0, len(ends)})
    return list(zip([0, *inner], [*inner, len(ends)], strict=True))
