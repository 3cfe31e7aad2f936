"""The whole job of the GPU backend on the stand-ins for RAPIDS, against the CPU.

    python benchmarks/gpu_agreement.py        Complete Journey's articles of 25 users and more,
                                              the reference shop at 10 %
    python benchmarks/gpu_agreement.py --only journey --workers 2

A build is trained with `--backend gpu` in worker processes that find `tests/strict/site` in place
of cupy and its kin, and `cfdist verify` computes it once more on the CPU. The exit code is 1 where
they do not agree. This says nothing about the speed or the kernels of a GPU.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kept import RESULTS, tell
from synthetic import make_data, sizes_of

from cfdist.datasets.demo import write_demo

TESTS = Path(__file__).parent.parent / "tests"
TENTH = sizes_of("55700x7300x164000")


def journey() -> Path:
    """Complete Journey, 1.47 million basket lines."""
    folder = RESULTS / "journey"
    table = folder / "user_item_interactions.parquet"
    if not table.exists():
        write_demo(folder)
    return table


DATA = {
    "journey": (journey, ["--set", "ingest.min_users_per_article=25"]),
    "tenth": (lambda: make_data(TENTH), []),
}
"""What is trained, and settings. The stand-ins sort what a GPU selects: all 68,509 articles of
Complete Journey took them over a quarter of an hour in the search alone."""


def run(data: Path, settings: list[str], workers: int) -> dict[str, Any]:
    """Seconds, transfers and checks of one training."""
    environment = os.environ | _stand_ins()
    with tempfile.TemporaryDirectory(prefix="cfdist-agreement-") as folder:
        Path(folder, "none.toml").touch()  # no settings of whoever runs this
        places = [
            "--output", f"{folder}/out", "--set", f"runs.path={folder}/runs",
            "--config", f"{folder}/none.toml",
        ]  # fmt: skip
        started = time.perf_counter()
        options = ["--backend", "gpu", "--workers", str(workers), "--force", *settings]
        _cfdist(environment, "train", str(data), *options, *places)
        seconds = time.perf_counter() - started
        verified = json.loads(
            _cfdist(dict(os.environ), "verify", "--users", "100000", "--json", *places)
        )
        manifest = json.loads(next(Path(folder).glob("out/builds/*/manifest.json")).read_text())
    return {"seconds": seconds, "transfers": manifest["transfers"], **verified}


def _stand_ins() -> dict[str, str]:
    sys.path.insert(0, str(TESTS))
    from strict.installing import strict_environment

    return strict_environment()


def _cfdist(environment: dict[str, str], *options: str) -> str:
    command = [str(Path(sys.executable).with_name("cfdist")), *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ended.returncode not in (0, 20):
        sys.exit(f"cfdist {options[0]} ended with {ended.returncode}:\n{ended.stderr[-3000:]}")
    return ended.stdout


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=list(DATA))
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    agree = True
    for name in [chosen.only] if chosen.only else DATA:
        tell(f"{name} …")
        make, settings = DATA[name]
        found = run(make(), settings, chosen.workers)
        agree = agree and found["agrees"]
        print(f"{name}: {found['n_users']:,} users, trained in {found['seconds']:.0f} s")
        for check in found["checks"]:
            verdict = "agrees" if check["agrees"] else "DIFFERS"
            print(f"  {check['what']}: {check['found']:.6g} ({verdict})")
        for stage, moved in found["transfers"].items():
            told = ", ".join(f"{key} {value:,}" for key, value in moved.items())
            print(f"  {stage}: {told}")
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
