"""Distributed collaborative filtering: customers also bought, often bought together.

Importing cfdist loads neither Dask nor a numerical library; the public names do, on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfdist.builds import Build, load_build
    from cfdist.config import Config
    from cfdist.errors import CfdistError
    from cfdist.estimator import TruncatedSVD
    from cfdist.pipeline import evaluate, experiment, train

_HOMES = {
    "Build": "cfdist.builds",
    "CfdistError": "cfdist.errors",
    "TruncatedSVD": "cfdist.estimator",
    "Config": "cfdist.config",
    "evaluate": "cfdist.pipeline",
    "experiment": "cfdist.pipeline",
    "load_build": "cfdist.builds",
    "train": "cfdist.pipeline",
}
__all__ = [
    "Build",
    "CfdistError",
    "Config",
    "TruncatedSVD",
    "evaluate",
    "experiment",
    "load_build",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cfdist' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
