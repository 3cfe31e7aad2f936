"""Unit rows in which neighbours are searched, and cfdist's search of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import quality_gowalla
import scipy.sparse as sp
from numpy.typing import NDArray
from quality_judge import opened
from quality_shops import ONLINE_RETAIL
from timing import Timed, repeated

from cfdist.algorithms.csr import stack
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import ingest
from cfdist.stages.neighbors import neighbors

K = 20

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class DataSet:
    """What is searched.

    Attributes
    ----------
    side : {"users", "articles"}
    settings : dict
        Of cfdist: the input, its columns, the number of components.
    with_repeats : bool
        Whether peers search all users as well, those with equal histories included.
    """

    name: str
    title: str
    settings: Mapping[str, Any]
    side: str = "users"
    with_repeats: bool = False


@dataclass(frozen=True)
class Rows:
    """Unit rows, and the rows of the matrix that they stand for.

    Attributes
    ----------
    units : float32 ``(n_rows, n_components)``, length one; rows without factors are left out
    family : int64 ``(n_rows,)`` rows of one family are no neighbours of each other
    matrix : float32 ``(n_rows, n_columns)``, of the same rows
    """

    units: Floats
    family: Ints
    matrix: sp.csr_matrix

    def __len__(self) -> int:
        return len(self.units)


@dataclass(frozen=True)
class Searched:
    """What cfdist found, and the rows for its peers.

    Attributes
    ----------
    distinct : Rows
        Of which cfdist found the neighbours.
    every : Rows or None
        All users, where the data set asks for it.
    ids : int64 ``(n_rows, 20)``; −1 for none
    scores : float32, cosines
    ours : Timed
        Seconds of the stage `neighbors` for this side, from factors to lists.
    """

    distinct: Rows
    every: Rows | None
    ids: Ints
    scores: Floats
    ours: Timed = field(repr=False)


def reference(path: Path, title: str) -> DataSet:
    """Users of the synthetic shop in ``path``."""
    return DataSet("reference", title, {"ingest": {"input": str(path)}}, with_repeats=True)


def gowalla(data: Path, folder: Path) -> DataSet:
    """Users of Gowalla's training part at 128 components; a table is written to ``folder``."""
    quality_gowalla.write_tables(data, folder)
    settings = {
        "ingest": {"input": str(folder / "train.parquet")},
        "factorize": {"n_components": 128},
    }
    return DataSet("gowalla", "Gowalla, users", settings)


def online_retail(data: Path, side: str) -> DataSet:
    """Users or articles of Online Retail."""
    path = data / ONLINE_RETAIL.file
    if not path.exists():
        raise FileNotFoundError(2, "no such file", str(path))
    settings = {"ingest": {"input": str(path), "columns": ONLINE_RETAIL.columns}}
    return DataSet(f"online-retail-{side}", f"Online Retail, {side}", settings, side)


def search(data: DataSet, repeat: int) -> Searched:
    """Neighbours by cfdist, timed after a first search that is not counted, and the rows."""
    with _fitted(data) as fitting:
        run = _stage(fitting, data.side)
        run()
        ours = repeated(run, repeat)
        found = ours.result
        rows, every = (
            _user_rows(fitting, data.with_repeats)
            if data.side == "users"
            else (_article_rows(fitting), None)
        )
    kept, distinct = without_zero_rows(rows)
    place = np.full(len(rows), -1)
    place[kept] = np.arange(len(kept))
    ids = found["ids"][kept]
    ids = np.where(ids >= 0, place[ids], -1)
    return Searched(distinct, every, ids, found["scores"][kept], ours)


def without_zero_rows(rows: Rows) -> tuple[Ints, Rows]:
    """Which rows have factors, and those rows: a row of zeros has no direction."""
    kept = np.flatnonzero(rows.units.any(axis=1))
    return kept, Rows(rows.units[kept], rows.family[kept], rows.matrix[kept])


def unit_rows(rows: NDArray[Any]) -> Floats:
    """Rows of length one, rounded from float64; zero rows stay zero."""
    wide = np.asarray(rows, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(norms > 0, norms, 1), dtype=np.float32)


@contextmanager
def _fitted(data: DataSet) -> Iterator[Fitting]:
    """Stages before the search, run; in this process, with all its threads."""
    with opened(data.settings) as context:
        fitting = Fitting(context, ingest(context))
        _ = fitting.factors, fitting.profiles
        yield fitting


def _stage(fitting: Fitting, side: str) -> Callable[[], dict[str, NDArray[Any]]]:
    """The stage itself: grouping, search, lists in the order of rows."""

    def run() -> dict[str, NDArray[Any]]:
        found = neighbors(
            fitting.context, fitting.index, fitting.profiles, fitting.factors, (side,)
        )
        lists: dict[str, NDArray[Any]] = getattr(found, side).result()
        return lists

    return run


def _user_rows(fitting: Fitting, with_repeats: bool) -> tuple[Rows, Rows | None]:
    """Distinct histories, and all users if asked."""
    gather = fitting.context.client.gather
    factors = np.concatenate(gather(list(fitting.factors.user_factors)))
    matrix = stack(gather(list(fitting.matrix.blocks))).to_scipy()
    profiles = fitting.profiles.profiles.result()
    owner = profiles.owner
    distinct = Rows(unit_rows(factors[owner]), profiles.family, matrix[owner])
    if not with_repeats:
        return distinct, None
    every = Rows(unit_rows(factors), np.arange(len(factors)), matrix)
    return distinct, without_zero_rows(every)[1]


def _article_rows(fitting: Fitting) -> Rows:
    """Articles by their users; rows of VΣ."""
    gather = fitting.context.client.gather
    matrix = stack(gather(list(fitting.matrix.blocks))).to_scipy().T.tocsr()
    item_factors = fitting.factors.item_factors.result().astype(np.float64)
    units = unit_rows(item_factors * fitting.factors.singular_values)
    return Rows(units, np.arange(len(units)), matrix)
