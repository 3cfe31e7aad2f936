"""Matrix, profiles, purchases and reweighting on the stand-in device, against the CPU."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import open_context
from small_shop import shop_rows
from strict.installing import strict_packages

from cfdist.algorithms.csr import csr_from_sorted
from cfdist.algorithms.profiles import Profiles
from cfdist.backends import get_backend
from cfdist.stages import ingest as ingest_module
from cfdist.stages.context import Context
from cfdist.stages.index import index
from cfdist.stages.ingest import ingest
from cfdist.stages.matrix import matrix, totals_of
from cfdist.stages.profiles import profiles
from cfdist.stages.purchases import purchases
from cfdist.stages.reweight import normalize_degrees, scale_columns

N_BLOCKS = 3
DEVICE_ARRAYS = "cupy"


@pytest.fixture(scope="module")
def device() -> Iterator:
    with strict_packages() as found:
        get_backend.cache_clear()
        yield found
    get_backend.cache_clear()


def made_by(context: Context) -> dict[str, Any]:
    """Every value of the stages by name, where it was made."""
    interactions = ingest(context)
    found = index(context, interactions)
    weights = matrix(context, interactions, found)
    table = profiles(context, found, weights)
    bought = purchases(context, interactions, found, weights)
    normal, scaled = (
        normalize_degrees(context, weights, 0.5, 0.5),
        scale_columns(context, weights, 0.3),
    )
    made = {
        "baskets": weights.baskets.result(),
        "profiles": table.profiles.result(),
        "profile rows": table.matrix.result(),
        "purchases": [block.result() for block in bought.blocks],
    }
    for name, one in (("matrix", weights), ("normal", normal), ("scaled", scaled)):
        made |= {name: [block.result() for block in one.blocks], f"{name} meta": dict(one.meta)}
        made[f"{name} articles"] = one.articles.result()
    return made


def on(backend: str, folder: Path, settings: dict[str, Any]) -> tuple[dict[str, Any], Context]:
    folder.mkdir()
    with open_context(folder, shop_rows(), settings) as context:
        on_it = context.on_backend(backend)
        return made_by(on_it), on_it


def assert_same(cpu: Any, gpu: Any, name: str) -> None:
    """Integers are equal, floats to 1e-6."""
    if isinstance(cpu, dict):
        assert cpu.keys() == gpu.keys(), name
        for key in cpu:
            assert_same(cpu[key], gpu[key], f"{name}.{key}")
    elif isinstance(cpu, list | tuple):
        assert len(cpu) == len(gpu), name
        for left, right in zip(cpu, gpu, strict=True):
            assert_same(left, right, name)
    elif isinstance(cpu, np.ndarray):
        assert cpu.dtype == gpu.dtype, name
        rtol = 1e-6 if cpu.dtype.kind == "f" else 0
        np.testing.assert_allclose(gpu, cpu, rtol=rtol, err_msg=name)
    else:
        assert gpu == pytest.approx(cpu, rel=1e-6) if isinstance(cpu, float) else gpu == cpu, name


@pytest.mark.parametrize(
    ("aggregate", "returns", "weighting", "half_life"),
    [
        ("count", "drop", "log1p", None),
        ("sum", "net", "bm25", 30.0),
        ("max", "net", "tfidf", None),
        ("last", "drop", "none", 30.0),
        ("count", "net", "bm25", None),
    ],
)
def test_values_are_those_of_the_cpu(
    tmp_path, monkeypatch, device, aggregate, returns, weighting, half_life
):
    monkeypatch.setattr(ingest_module, "n_blocks", lambda _: N_BLOCKS)
    settings = {
        "ingest": {"returns": returns, "max_basket_articles": 2},
        "matrix": {"aggregate": aggregate, "weighting": weighting, "half_life_days": half_life},
    }
    wanted, _ = on("cpu", tmp_path / "cpu", settings)
    got, _ = on("gpu", tmp_path / "gpu", settings)
    assert len(got["matrix"]) == N_BLOCKS
    for name in ("matrix", "normal", "scaled"):
        assert all(type(block.data).__module__ == DEVICE_ARRAYS for block in got[name])
        assert isinstance(got[f"{name} articles"]["n_users"], np.ndarray)
    assert isinstance(got["baskets"].data, np.ndarray), "pairs are counted much later"
    assert all(isinstance(column, np.ndarray) for column in got["profiles"])
    assert_same(wanted, get_backend("gpu").to_host(got), "made")


def test_rows_stay_on_the_device(tmp_path, monkeypatch, device):
    """What moves is per article and per user, and the baskets; no entries of the matrix."""
    monkeypatch.setattr(ingest_module, "n_blocks", lambda _: N_BLOCKS)
    made, context = on("gpu", tmp_path / "gpu", {"matrix": {"weighting": "tfidf"}})
    n_articles = made["matrix"][0].shape[1]
    moved = context.transfers
    baskets = made["baskets"].nbytes + (N_BLOCKS - 1) * made["baskets"].indptr.itemsize
    # per block three columns of articles (users of the statistics and totals, sums), and baskets
    assert moved["matrix"]["to_host"] == (3 + 3) * N_BLOCKS
    assert moved["matrix"]["to_host_bytes"] == 3 * N_BLOCKS * n_articles * 8 + baskets
    assert moved["matrix"]["to_device"] == 2 * N_BLOCKS, "codes, and the statistics of all"
    table: Profiles = made["profiles"]
    assert moved["profiles"]["to_host"] == len(table)
    assert moved["profiles"]["to_host_bytes"] == sum(column.nbytes for column in table)
    assert moved["profiles"]["to_device"] == N_BLOCKS
    assert moved["profiles"]["to_device_bytes"] == table.owner.nbytes
    assert moved["purchases"]["to_host"] == 0
    assert moved["purchases"]["to_device"] == N_BLOCKS
    assert moved["reweight"]["to_host"] == 2 * 2 * N_BLOCKS


def test_totals_are_on_the_host_even_if_there_is_one_block(device):
    """The client asks for them, and need not have cupy."""
    gpu = get_backend("gpu")
    rows, columns, data = gpu.to_device((np.array([0, 0, 1]), np.array([0, 2, 1]), np.ones(3)))
    totals = totals_of(gpu, csr_from_sorted(rows, columns, data, (2, 3)))
    assert all(isinstance(totals[i], np.ndarray) for i in (2, 3))
    assert (totals.nnz, totals.squared_norm) == (3, 3.0)
