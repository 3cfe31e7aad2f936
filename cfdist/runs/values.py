"""Values per user of the primary metric, kept so that two runs can be compared user by user."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cfdist.builds.files import write_atomic
from cfdist.evaluation.evaluate import Comparison

FILE = "values.npz"
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class UserValues:
    """What every candidate reached with every user.

    Attributes
    ----------
    metric : str
        Such as ``"new recall@10"``.
    users : dict
        Name of the fold → uint64 ``(n_users,)`` hash of each user.
    of : dict
        Name of the candidate → name of the fold → float64 ``(n_users,)``; nan: not judged.
    """

    metric: str
    users: Mapping[str, Array]
    of: Mapping[str, Mapping[str, Array]]


def store_values(runs: Path, run: str, found: Comparison) -> Path:
    """Keep the values of a comparison in the folder of its run.

    Notes
    -----
    8 bytes × users × (candidates + 1), for every fold.
    """
    path = runs / run / FILE
    able = found.able
    arrays: dict[str, Array] = {
        "metric": np.array(f"{found.target.kind} {found.target.name}"),
        "folds": np.array([fold.name for fold in found.folds], dtype=np.str_),
        "candidates": np.array([o.candidate.name for o in able], dtype=np.str_),
    }
    for place, fold in enumerate(found.folds):
        arrays[f"users_{place}"] = fold.users
        columns = [found.target.of(outcome.measured[fold.name]) for outcome in able]
        arrays[f"values_{place}"] = np.array(columns).reshape(len(able), len(fold.users))
    write_arrays(path, arrays)
    return path


def read_values(runs: Path, run: str) -> UserValues | None:
    """The values of a run, or None where none were kept."""
    stored = read_arrays(runs / run / FILE)
    if stored is None:
        return None
    folds, candidates = stored["folds"].tolist(), stored["candidates"].tolist()
    return UserValues(
        str(stored["metric"]),
        {fold: stored[f"users_{place}"] for place, fold in enumerate(folds)},
        {
            name: {fold: stored[f"values_{place}"][row] for place, fold in enumerate(folds)}
            for row, name in enumerate(candidates)
        },
    )


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Replace an ``.npz`` file as a whole."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    write_atomic(path, buffer.getvalue())


def read_arrays(path: Path) -> dict[str, Array] | None:
    """The arrays of an ``.npz`` file, or None where there is no readable one."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (FileNotFoundError, ValueError, zipfile.BadZipFile):
        return None
