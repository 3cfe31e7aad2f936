"""Tests that need a GPU: skipped without one, failed where CFDIST_REQUIRE_GPU=1 promises one."""

import os
import sys

import pytest
from conftest import ROOT

from cfdist.backends.machine import read_machine

sys.path.insert(0, str(ROOT / "benchmarks"))


def no_gpu(reason: str) -> None:
    """Skip, or fail where a GPU was promised."""
    if os.environ.get("CFDIST_REQUIRE_GPU") == "1":
        pytest.fail(f"CFDIST_REQUIRE_GPU=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture
def hardware():
    """The machine, which has a GPU and a driver."""
    found = read_machine()
    if not found.gpus:
        no_gpu("there is no GPU that this process may use")
    return found
