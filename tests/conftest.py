"""What several tests need: the sample, quick settings, one trained build."""

from pathlib import Path
from typing import Any

import pytest

from cfdist.config import Config, merge

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "data" / "sample" / "user_item_interactions.parquet"


def quick_config(folder: Path, given: dict[str, Any] | None = None) -> Config:
    """Settings that read the sample and write below ``folder``, without a dashboard."""
    base = {
        "ingest": {"input": str(SAMPLE)},
        "factorize": {"n_components": 16},
        "publish": {"root": str(folder / "recommendations")},
        "runs": {"path": str(folder / "runs")},
        "cluster": {"dashboard": False},
    }
    return Config.load(None, merge(base, given or {}))


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A build of the sample, shared by the tests that only read."""
    from cfdist.pipeline import train

    return train(quick_config(tmp_path_factory.mktemp("trained")))
