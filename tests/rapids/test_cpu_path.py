"""The CPU path in the environment that RAPIDS pins."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "user_item_interactions.parquet"
PROGRAM = Path(sys.executable).parent / "cfdist"


def run(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [str(PROGRAM), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_dask_is_what_rapids_pins():
    assert (version("dask"), version("distributed")) == ("2026.7.1", "2026.7.1")


def test_help(tmp_path):
    assert "train" in run("--help", folder=tmp_path)


def test_trains_the_sample(tmp_path):
    run("train", str(SAMPLE), "--n-components", "16", folder=tmp_path)
    assert list(tmp_path.rglob("manifest.json"))


def test_the_cpu_path_imports_no_library_of_the_device():
    names = {"cupy", "cupyx", "cudf", "cuml", "cuvs", "dask_cuda"}  # Dask itself looks at rmm
    code = f"import sys, cfdist.cli, cfdist.pipeline; print({names} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
