"""Starts a job as a new process and measures it from outside: wall time, stages, peak memory."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clock import MachineClock
from memory import PeakMemory

PEER_JOB = Path(__file__).with_name("peer_job.py")


class RunFailed(Exception):  # noqa: N818  (it is what happened)
    """A measured process ended with an error; the message holds its standard error."""


WITHIN = {"profiles": "neighbors", "pairs": "recommend"}
"""Stages that the peer does within another."""


@dataclass(frozen=True)
class ColdRun:
    """One measured process.

    Attributes
    ----------
    wall_s : float
        From the start of the process to its end, interpreter and imports included.
    peak_bytes : int
        Largest sum of the PSS of the process and its children, mapped files included.
    cpu_s : float
        Time on all cores together, user and system.
    others_share : float
        Share of the machine that went to other programs meanwhile: the seconds count for
        nothing where it is large, least of all those of programs whose threads wait for each other.
    output : dict
        The JSON object that it printed; ``seconds`` in it holds wall time per stage.
    anonymous_bytes : int
        Peak of what is no file's: the system cannot take it back.
    """

    wall_s: float
    peak_bytes: int
    cpu_s: float
    others_share: float
    output: dict[str, Any]
    anonymous_bytes: int = 0

    @property
    def seconds(self) -> dict[str, float]:
        """Wall time per stage, and under ``rest`` what no stage claims: start and end.

        Distinct histories count as ``neighbors`` and pairs as ``recommend``, as for the peer.
        """
        stages: dict[str, float] = {}
        for name, seconds in self.output["seconds"].items():
            row = WITHIN.get(name, name)
            stages[row] = stages.get(row, 0.0) + seconds
        return stages | {"rest": self.wall_s - sum(stages.values())}


@dataclass(frozen=True)
class Workplace:
    """A folder for everything that runs write, and the compiled kernels they share."""

    folder: Path

    @property
    def kernels(self) -> int:
        """Compiled functions on disk."""
        return sum(1 for _ in (self.folder / "numba").rglob("*.nbc"))

    def train(self, data: Path, name: str, *options: str) -> ColdRun:
        """``cfdist train`` into a root of its own, with the default settings and these options."""
        output = ["--output", str(self.root(name)), *self._runs(name), *options]
        return self._cold([_console_script(), "train", str(data), "--force", *output])

    def experiment(self, data: Path, name: str, *options: str) -> ColdRun:
        """``cfdist experiment``, likewise: a tenth of the users."""
        return self._cold([_console_script(), "experiment", str(data), *self._runs(name), *options])

    def forget(self, name: str) -> None:
        """Remove everything that the run of that name wrote."""
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def peer(self, data: Path, svd: str) -> ColdRun:
        """The same job by the peer stack."""
        command = [sys.executable, str(PEER_JOB), str(data), str(self.root("peer")), "--svd", svd]
        return self._cold(command)

    def root(self, name: str) -> Path:
        """Where the run of that name puts its tables."""
        return self.folder / name / "output"

    def _runs(self, name: str) -> list[str]:
        return ["--set", f"runs.path={json.dumps(str(self.folder / name / 'runs'))}", "--json"]

    def _cold(self, command: Sequence[str]) -> ColdRun:
        """Run in this folder, where no settings file lies, without settings of the caller's."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CFDIST_")}
        environment["NUMBA_CACHE_DIR"] = str(self.folder / "numba")
        return run_cold(command, self.folder, environment)


def run_cold(command: Sequence[str], folder: Path, environment: dict[str, str]) -> ColdRun:
    """Measurements of a command that prints a JSON object as its last line.

    Raises
    ------
    RunFailed
        It ended with an error.
    """
    clock = MachineClock()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with PeakMemory(process.pid) as memory:
        printed, errors = process.communicate()
        clock.stop()
    if process.returncode:
        raise RunFailed(f"{' '.join(command)} ended with {process.returncode}\n{printed}{errors}")
    output = json.loads(printed.splitlines()[-1])
    return ColdRun(
        clock.wall_s, memory.peak_bytes, clock.cpu_s, clock.others_share, output,
        memory.peak_anonymous_bytes,
    )  # fmt: skip


def _console_script() -> str:
    """``cfdist`` of the environment that runs this."""
    script = Path(sys.executable).with_name("cfdist")
    if not script.exists():
        raise RunFailed(f"{script} is missing: pip install --editable '.[bench]'")
    return str(script)
