"""One training as a new process, with the memory and the processor time of every stage.

Run as a program it is the process that is measured: it trains with the settings that it is handed
as JSON and prints what happened as JSON.
"""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

EVERY_S = 0.1


@dataclass(frozen=True)
class StagedRun:
    """What was measured.

    Attributes
    ----------
    stages : dict
        Per stage ``seconds``, ``cpu_s`` (of the process, so that other programs count for
        nothing), ``peak_bytes`` (0: shorter than two samples) and ``bytes`` of its checkpoint.
    peak_bytes : int
        Largest resident size of the process; its proportional size alone on the machine.
    largest_worker_bytes : int
        Of the largest child; 0 without worker processes.
    output : dict
        counts, seconds, files of the build.
    """

    stages: dict[str, dict[str, float]]
    wall_s: float
    cpu_s: float
    peak_bytes: int
    largest_worker_bytes: int
    output: dict[str, Any]

    @property
    def output_bytes(self) -> int:
        """Of the published files."""
        return sum(self.output["files"].values())


def run_staged(settings: dict[str, Any], folder: Path) -> StagedRun:
    """A measured training with these settings, written below ``folder``."""
    own = {"runs": {"path": str(folder / "runs")}, "publish": {"root": str(folder / "output")}}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, json.dumps(settings | own)],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    samples: list[tuple[float, int, int]] = []
    ended = threading.Event()
    sampler = threading.Thread(target=_sample, args=(process.pid, samples, ended))
    sampler.start()
    printed, errors = process.communicate()
    wall_s = time.perf_counter() - started
    ended.set()
    sampler.join()
    if process.returncode:
        raise SystemExit(f"the training ended with {process.returncode}\n{errors[-3000:]}")
    output = json.loads(printed.splitlines()[-1])
    stages = {stage["name"]: _with_peak(stage, samples) for stage in output.pop("stages")}
    return StagedRun(
        stages,
        wall_s,
        output.pop("cpu_s"),
        max(own for _, own, _ in samples),
        max(child for _, _, child in samples),
        output,
    )


def _sample(pid: int, samples: list[tuple[float, int, int]], ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            process = psutil.Process(pid)
            children = [_resident(child) for child in process.children(recursive=True)]
            samples.append((time.time(), _resident(process), max(children, default=0)))
        except psutil.Error:
            return
        ended.wait(EVERY_S)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _with_peak(stage: dict[str, Any], samples: list[tuple[float, int, int]]) -> dict[str, float]:
    inside = [
        max(own, child) for at, own, child in samples if stage["began"] <= at <= stage["ended"]
    ]
    return {**stage, "peak_bytes": max(inside) if len(inside) > 1 else 0}


class Recorder:
    """A listener that keeps when stages began and ended, and what they left on disk."""

    def __init__(self, runs: Path) -> None:
        self.stages: list[dict[str, Any]] = []
        self._runs = runs
        self._began: dict[str, tuple[float, float]] = {}
        self._tasks: dict[str, int] = {}

    def start(self, stage: str) -> None:
        """A stage begins."""
        self._began[stage] = time.time(), time.process_time()

    def add(self, stage: str, tasks: int) -> None:
        """So many more tasks belong to the stage."""
        self._tasks[stage] = self._tasks.get(stage, 0) + tasks

    def advance(self, stage: str) -> None:
        """One task is done."""

    def note(self, message: str) -> None:
        """Something that the user should know."""

    def finish(self, stage: str, seconds: float, resumed: bool) -> None:
        """A stage ended."""
        began, cpu = self._began[stage]
        folders = self._runs.glob(f"checkpoints/{stage}-*")
        self.stages.append(
            {
                "name": stage,
                "began": began,
                "ended": time.time(),
                "seconds": seconds,
                "cpu_s": time.process_time() - cpu,
                "tasks": self._tasks.get(stage, 0),
                "bytes": sum(f.stat().st_size for one in folders for f in one.glob("*.npz")),
            }
        )


def train_and_tell(settings: dict[str, Any]) -> None:
    """Train in this process and print what happened."""
    from cfdist.config import Config
    from cfdist.pipeline import train

    config = Config.load(None, settings)
    recorder = Recorder(Path(config.runs.path))
    build = train(config, progress=recorder, force=True)
    told = {
        "stages": recorder.stages,
        "cpu_s": time.process_time(),
        "counts": build.manifest.counts,
        "files": {file.name: file.bytes for file in build.manifest.files},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    train_and_tell(json.loads(sys.argv[1]))
