"""What this machine's GPU computes, how well it agrees with the CPU, how long it takes.

    python benchmarks/gpu_report.py                      everything that the machine has
    python benchmarks/gpu_report.py --only passes        one part
    python benchmarks/gpu_report.py --sizes 50000x2000x150000

It runs whatever it can: cupy alone is enough for the passes and the scoring. What is missing is
named. The result is a JSON file and a page below docs/gpu-reports/, named after device and day.
"""

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gpu_parts
from gpu_page import page
from kept import document, tell, write
from machine import describe_machine
from synthetic import REFERENCE, make_data, sizes_of

from cfdist.backends.machine import read_machine
from cfdist.errors import CfdistError

REPORTS = Path(__file__).parent.parent / "docs" / "gpu-reports"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Part:
    """A part of the report: what it shows, what it needs besides a device, how it is measured."""

    title: str
    needs: tuple[str, ...]
    measure: Callable[[Mapping[str, int]], Rows]


def job(sizes: Mapping[str, int]) -> Rows:
    """The whole training on both, seconds and planned and measured memory of each stage."""
    data = make_data(sizes)
    with tempfile.TemporaryDirectory(prefix="cfdist-gpu-") as folder:
        cpu, gpu = (_train(data, Path(folder) / name, name) for name in ("cpu", "gpu"))
        verified = _verify(Path(folder) / "gpu")
    planned = _planned_device_bytes(gpu)
    rows: Rows = [
        {
            "what": stage,
            "cpu_s": cpu["seconds"].get(stage),
            "gpu_s": gpu["seconds"][stage],
            "planned_bytes": planned.get(stage),
            "peak_bytes": (gpu["transfers"] or {}).get(stage, {}).get("peak_bytes"),
            "to_device_bytes": (gpu["transfers"] or {}).get(stage, {}).get("to_device_bytes"),
            "to_host_bytes": (gpu["transfers"] or {}).get(stage, {}).get("to_host_bytes"),
        }
        for stage in gpu["seconds"]
    ]
    rows += [
        {"what": check["what"], "found": f"{check['found']:.6g}", "agrees": check["agrees"]}
        for check in verified["checks"]
    ]
    return rows


PARTS: Mapping[str, Part] = {
    "proof": Part("The proof that every worker gives", ("cupy",), gpu_parts.proof),
    "passes": Part("One pass over the matrix", ("cupy",), gpu_parts.passes),
    "scoring": Part("Scoring and choosing", ("cupy",), gpu_parts.scoring),
    "factorization": Part("Truncated SVD", ("cupy", "cuml"), gpu_parts.factorization),
    "search": Part("Exact neighbours", ("cupy", "cuvs"), gpu_parts.search),
    "job": Part("The whole job", ("cupy", "cudf", "cuml", "cuvs", "rmm"), job),
}


def measure(name: str, sizes: Mapping[str, int]) -> dict[str, Any]:
    """One part, or why there is none."""
    part = PARTS[name]
    missing = [module for module in part.needs if importlib.util.find_spec(module) is None]
    if missing:
        return {"title": part.title, "status": "missing", "missing": missing, "rows": []}
    tell(f"{name}: {part.title} …")
    try:
        rows = part.measure(sizes)
    except (CfdistError, ImportError, RuntimeError, MemoryError, subprocess.SubprocessError) as e:
        return {"title": part.title, "status": "failed", "error": str(e), "rows": []}
    agrees = all(row.get("agrees", True) for row in rows)
    return {"title": part.title, "status": "agrees" if agrees else "differs", "rows": rows}


def report(names: list[str], sizes: Mapping[str, int]) -> dict[str, Any]:
    """All parts, and the machine."""
    found = read_machine()
    gpus = [f"{gpu.name}, {gpu.total_bytes / 2**30:.0f} GiB" for gpu in found.gpus]
    libraries = {package.name: package.version for package in found.packages}
    machine = describe_machine() | {"gpus": gpus, "driver": found.driver.version}
    machine["libraries"] = libraries
    parts = {name: measure(name, sizes) for name in names}
    return document("gpu_report", [], machine, sizes=dict(sizes), parts=parts)


def _train(data: Path, folder: Path, backend: str) -> dict[str, Any]:
    where = ["--backend", "cpu"]
    if backend == "gpu":  # a worker per GPU where that can be had, else this process
        has_cluster = importlib.util.find_spec("dask_cuda") is not None
        where = ["--cluster", "cuda"] if has_cluster else ["--backend", "gpu"]
    _cfdist("train", str(data), "--force", *where, *_places(folder))
    manifests = (folder / "published" / "builds").glob("*/manifest.json")
    found: dict[str, Any] = json.loads(next(manifests).read_text())
    return found


def _verify(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_cfdist("verify", "--json", *_places(folder)))
    return found


def _places(folder: Path) -> list[str]:
    none = folder / "none.toml"  # no settings of whoever runs this
    none.parent.mkdir(parents=True, exist_ok=True)
    none.touch()
    return [
        "--output", str(folder / "published"), "--set", f"runs.path={folder}/runs",
        "--config", str(none),
    ]  # fmt: skip


def _cfdist(*options: str) -> str:
    command = [str(Path(sys.executable).with_name("cfdist")), *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 20):
        raise RuntimeError(f"cfdist {options[0]}: {ended.stderr[-2000:]}")
    return ended.stdout


def _planned_device_bytes(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Device memory that each stage was planned with."""
    device = (manifest.get("plan") or {}).get("device") or {}
    return {stage["stage"]: stage["peak_bytes"] for stage in device.get("stages", [])}


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=list(PARTS), action="append")
    parser.add_argument("--sizes", type=sizes_of, default=REFERENCE)
    parser.add_argument("--output", type=Path, default=REPORTS)
    chosen = parser.parse_args()
    found = report(chosen.only or list(PARTS), chosen.sizes)
    gpus = found["machine"]["gpus"]
    if not gpus and os.environ.get("CFDIST_REQUIRE_GPU") == "1":
        sys.exit("there is no GPU, and CFDIST_REQUIRE_GPU=1")
    name = re.sub(r"[^a-z0-9]+", "-", (gpus[0].split(",")[0] if gpus else "no gpu").lower())
    path = chosen.output / f"{name}-{found['measured_on']}.json"
    write(path, found)
    path.with_suffix(".md").write_text(page(found), encoding="utf-8")
    print(page(found))
    print(f"Written to {path} and {path.with_suffix('.md').name}")
    if any(part["status"] in ("failed", "differs") for part in found["parts"].values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
