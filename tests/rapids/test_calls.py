"""Calls of a whole training on the stand-ins, bound to the signatures of the real wheels."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # the process below is not started by pytest

from conftest import quick_config
from rapids.described import signature_of
from rapids.record_surface import resolve
from strict.installing import strict_environment

from cfdist.cli.doctor.warm import WARM_SHOP
from cfdist.datasets.synthesize import synthesize
from cfdist.pipeline import train

IS_INSTANCE = object()
"""Stands for what a method is called on."""


def badly_bound(where: str, n_positional: int, keywords: list[str]) -> str:
    """Why the real function does not take such a call; empty where it does."""
    path, _, name = where.rpartition(".")
    owner = resolve(path)
    if not hasattr(owner, name):
        return f"{where}: not there"
    signature = signature_of(getattr(owner, name))
    if signature is None:
        return ""
    itself = [IS_INSTANCE] if isinstance(owner, type) else []
    try:
        signature.bind(*itself, *range(n_positional), **dict.fromkeys(keywords))
    except TypeError as error:
        return f"{where}: {error}; it takes {signature}"
    return ""


@pytest.fixture(scope="module")
def calls(tmp_path_factory) -> list:
    """Shapes of the calls of one training, in a process that finds the stand-ins."""
    folder = tmp_path_factory.mktemp("strict")
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        env={**strict_environment(calls=folder / "calls"), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [
        call for path in (folder / "calls").glob("*.json") for call in json.loads(path.read_text())
    ]


def test_a_training_used_every_library(calls):
    used = {where.split(".")[0] for where, *_ in calls}
    assert {"cupy", "cupyx", "cuvs", "cudf"} <= used


def test_every_call_binds_to_the_real_signature(calls):
    assert [said for call in calls if (said := badly_bound(*call))] == []


@pytest.mark.parametrize(
    ("where", "n_positional", "keywords"),
    [
        ("cupy.argpartition", 2, ["kind"]),
        ("cupy.ndarray.sort", 0, ["order"]),
        ("cupy.errstate", 0, []),
        ("cudf.Series.factorize", 0, ["sorted"]),
        ("cuvs.neighbors.brute_force.search", 2, []),
    ],
)
def test_what_does_not_bind_is_told(where, n_positional, keywords):
    assert badly_bound(where, n_positional, keywords)


if __name__ == "__main__":
    table = Path(sys.argv[1]) / "shop.parquet"
    synthesize(table, **WARM_SHOP)
    given = {"cluster": {"backend": "gpu"}, "ingest": {"input": str(table)}}
    train(quick_config(Path(sys.argv[1]), given), force=True)
    assert "cuml" in sys.modules, "its stand-in logs no calls; test_names looks at them"
