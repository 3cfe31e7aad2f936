"""What was fitted, taken back from a published build: index, matrix, rows as they were counted."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from cfdist.algorithms.csr import CsrBlock, check_canonical, take_rows
from cfdist.algorithms.partitioning import n_blocks
from cfdist.algorithms.variance import add_totals, column_totals
from cfdist.builds import Build
from cfdist.errors import BuildError
from cfdist.schema import ARTICLE_ID
from cfdist.stages.context import Context, Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.index import Index, tree_reduce
from cfdist.stages.ingest import Interactions
from cfdist.stages.matrix import UserItemMatrix, per_article

MATRIX = "user_item_matrix.npz"


def fitting_of(context: Context, build: Build, n_users: int) -> Fitting:
    """The stages over a build's matrix, as if its interactions had just been read.

    Parameters
    ----------
    n_users : int
        Users of the first block: users stand in the order of their hashes, so the first are a
        sample of all. The others are cut as training cuts them.

    Raises
    ------
    BuildError
        The build has no matrix, or one that does not fit its tables.
    """
    rows = Interactions(f"{build.id} rows", build.manifest.rows, {})
    fitting = Fitting(context, rows)
    with context.stage("published", build.id, n_users) as stage:
        fitting.__dict__["index"], fitting.__dict__["matrix"] = _read(stage, build, n_users)
    return fitting


def _read(stage: Stage, build: Build, n_users: int) -> tuple[Index, UserItemMatrix]:
    path = build.path / MATRIX
    if not path.is_file():
        raise BuildError(
            f"build {build.id} has no {MATRIX}",
            remedy="publish it with --set publish.user_item_matrix=true",
        )
    whole = stage.submit(_matrix, path, label="read")
    ids = stage.submit(_ids, build.files_of("articles"), part="article_ids")
    shape = stage.result(stage.submit(_shape, whole, label="count"))
    bounds = _bounds(shape[0], n_users, int(build.manifest.rows["rows_used"]))
    blocks = [
        stage.submit(_rows, whole, int(first), int(last), part="blocks")
        for first, last in pairwise(bounds)
    ]
    totals = [stage.submit(column_totals, block, label="totals") for block in blocks]
    total = tree_reduce(stage, add_totals, totals, label="sum")
    articles = stage.submit(per_article, total, part="articles")
    stage.wait([*blocks, ids, articles])
    n_articles = len(ids.result())
    if n_articles != shape[1]:
        raise BuildError(
            f"{path} has {shape[1]:,} columns, and there are {n_articles:,} articles",
            remedy="publish again",
        )
    sizes = np.diff(bounds).tolist()
    described = {"n_users": shape[0], "n_articles": n_articles, "block_users": sizes}
    index = Index(f"{stage.key} index", described, {"article_ids": [ids]})
    sums = total.result()
    meta = {"shape": list(shape), "nnz": sums.nnz, "squared_norm": sums.squared_norm}
    parts = {"blocks": blocks, "articles": [articles]}
    return index, UserItemMatrix(f"{stage.key} matrix", meta, parts)


def _bounds(n_rows: int, n_users: int, n_interactions: int) -> np.ndarray[Any, Any]:
    """First row of each block, and the end."""
    first = min(n_users, n_rows)
    n_others = min(n_blocks(n_interactions), n_rows - first)
    others = np.linspace(first, n_rows, n_others + 1).astype(np.int64)
    return np.concatenate(([0], others))


def _matrix(path: Path) -> CsrBlock:
    stored: Any = sp.load_npz(path)
    block = CsrBlock(
        stored.data.astype(np.float32),
        stored.indices.astype(np.int32),
        stored.indptr.astype(np.int64),
        stored.shape,
    )
    check_canonical(block)
    return block


def _shape(block: CsrBlock) -> tuple[int, int]:
    return block.shape


def _rows(block: CsrBlock, first: int, last: int) -> CsrBlock:
    return take_rows(block, np.arange(first, last))


def _ids(files: list[str]) -> pa.Array:
    import pyarrow.dataset as ds

    table = ds.dataset(files, format="parquet").to_table(columns=[ARTICLE_ID])
    return table[ARTICLE_ID].combine_chunks()
