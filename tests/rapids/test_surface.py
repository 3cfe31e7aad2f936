import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SURFACE = HERE.parent / "strict" / "surface"


def record(*arguments: str) -> subprocess.CompletedProcess:
    """In a process of its own: what a test imported adds submodules to packages."""
    command = [sys.executable, str(HERE / "record_surface.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_recorded_surface_is_current():
    done = record("--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_name_that_is_not_there_is_told(tmp_path):
    record("--into", str(tmp_path))
    path = tmp_path / "cupy.json"
    surface = json.loads(path.read_text())
    surface["names"]["cupy"]["errstate"] = "class (**kwargs)"
    path.write_text(json.dumps(surface, indent=1, sort_keys=True) + "\n")
    done = record("--check", "--into", str(tmp_path))
    assert done.returncode == 1
    assert "errstate" in done.stdout


@pytest.mark.parametrize("path", sorted(SURFACE.glob("*.json")), ids=lambda path: path.stem)
def test_parameters_are_valid_python(path):
    for names in json.loads(path.read_text())["names"].values():
        for text in names.values():
            kind, _, parameters = text.partition(" ")
            if parameters not in ("", "?"):
                compile(f"def f{parameters}: pass", kind, "exec")
