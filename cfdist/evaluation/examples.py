"""Ten lists with names, to look at."""

from typing import Any

import numpy as np
import pyarrow as pa

from cfdist.evaluation.folds import Fold
from cfdist.evaluation.measure import Measured
from cfdist.input.articles import describe_articles
from cfdist.schema import NAME, RECOMMENDERS
from cfdist.stages.context import Context

N_EXAMPLES = 10
N_HISTORY = 8

Array = np.ndarray[Any, Any]


def example_lists(context: Context, fold: Fold, measured: Measured, k: int) -> list[dict[str, Any]]:
    """Histories and lists of ten judged users, evenly spaced in the index.

    Notes
    -----
    Users come from one block: the first with judged users.
    """
    names = _names(context, fold)
    for number, truth_future in enumerate(fold.truths):
        truth = truth_future.result()
        judged = np.flatnonzero(np.diff(truth.new.indptr))
        if not len(judged):
            continue
        lists = measured.recommendations.lists[number].result()
        history = context.value_of(fold.base.matrix.blocks[number])
        users = fold.base.index.parts["user_ids"][number].result()
        chosen = judged[np.linspace(0, len(judged) - 1, min(N_EXAMPLES, len(judged))).astype(int)]
        return [
            {
                "user": str(users[int(row)].as_py()),
                "history": [names[1][a] for a in _row(history, row)[:N_HISTORY]],
                "entries": _entries(lists, row, k, set(_row(truth.new, row)), names),
            }
            for row in np.unique(chosen)
        ]
    return []


def _entries(
    lists: dict[str, Array], row: int, k: int, held: set[int], names: tuple[list[str], list[str]]
) -> list[dict[str, Any]]:
    at = lists["row_of_user"][row]
    return [
        {
            "article": names[0][article],
            "name": names[1][article],
            "source": RECOMMENDERS[source],
            "hit": article in held,
        }
        for article, source in zip(
            lists["articles"][at, :k].tolist(), lists["sources"][at, :k].tolist(), strict=True
        )
        if article >= 0
    ]


def _row(block: Any, row: int) -> list[int]:
    indices: list[int] = block.indices[block.indptr[row] : block.indptr[row + 1]].tolist()
    return indices


def _names(context: Context, fold: Fold) -> tuple[list[str], list[str]]:
    """Ids and names of all articles; an article without a name has its id for one."""
    ids: pa.Array = fold.base.index.article_ids.result()
    texts = [str(value) for value in ids.to_pylist()]
    found = describe_articles(context.config.ingest, ids)[NAME].to_pylist()
    return texts, [name or text for name, text in zip(found, texts, strict=True)]
