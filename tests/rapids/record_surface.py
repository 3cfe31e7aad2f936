"""Record the public names and parameters of the installed RAPIDS wheels, or check the record.

    python tests/rapids/record_surface.py           # writes tests/strict/surface/*.json
    python tests/rapids/record_surface.py --check   # exit code 1, and what differs
    python tests/rapids/record_surface.py --into DIR

No GPU and no driver are needed: nothing is allocated.
"""

import argparse
import difflib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest does

from rapids.described import described

SURFACE = Path(__file__).parent.parent / "strict" / "surface"

RECORDED = {
    "cupy": (
        "cupy",
        "cupy.linalg",
        "cupy.random",
        "cupy.random.Generator",
        "cupy.random.RandomState",
        "cupy.cuda",
        "cupy.cuda.runtime",
        "cupy.cuda.memory",
        "cupy.cuda.Device",
        "cupy.cuda.Stream",
        "cupy.cuda.MemoryPool",
        "cupy.ndarray",
    ),
    "cupyx": (
        "cupyx",
        "cupyx.scipy",
        "cupyx.scipy.sparse",
        "cupyx.scipy.sparse.csr_matrix",
        "cupyx.scipy.sparse.csc_matrix",
        "cupyx.scipy.sparse.coo_matrix",
    ),
    "cuml": ("cuml", "cuml.decomposition", "cuml.neighbors", "cuml.TruncatedSVD"),
    "cuvs": (
        "cuvs",
        "cuvs.common",
        "cuvs.common.Resources",
        "cuvs.neighbors",
        "cuvs.neighbors.brute_force",
        "cuvs.neighbors.brute_force.Index",
        "cuvs.neighbors.filters",
    ),
    "cudf": (
        "cudf",
        "cudf.DataFrame",
        "cudf.Series",
        "cudf.Index",
        "cudf.core.accessors.StringMethods",
        "cudf.core.series.DatetimeProperties",
        "cudf.core.groupby.groupby.DataFrameGroupBy",
        "cudf.core.groupby.groupby.SeriesGroupBy",
    ),
    "rmm": ("rmm", "rmm.mr", "rmm.allocators.cupy", "rmm.statistics"),
    "pylibraft": ("pylibraft", "pylibraft.common"),
}
"""Modules and classes by library. All are imported before anything is looked at, as an import may
add submodules to a package."""


VERSION_OF = {"cupyx": "cupy"}
"""Packages that come in the wheel of another one."""


def resolve(path: str) -> Any:
    """The module or class with this dotted path."""
    parts = path.split(".")
    for n_module in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:n_module]))
        except ModuleNotFoundError:
            continue
        for name in parts[n_module:]:
            value = getattr(value, name)
        return value
    raise ModuleNotFoundError(path)


def names_of(owner: Any) -> dict[str, str]:
    """Every public name of a module or class, with what it is."""
    public = [name for name in dir(owner) if not name.startswith("_")]
    if hasattr(owner, "__version__"):
        public.append("__version__")
    return {name: described(owner, name) for name in public if hasattr(owner, name)}


def surfaces() -> dict[str, str]:
    """The text of every file by the name of its library."""
    owners = {path: resolve(path) for paths in RECORDED.values() for path in paths}
    texts = {}
    for library, paths in RECORDED.items():
        version = importlib.import_module(VERSION_OF.get(library, library)).__version__
        names = {path: names_of(owners[path]) for path in paths}
        document = {"library": library, "version": version, "names": names}
        texts[library] = json.dumps(document, indent=1, sort_keys=True) + "\n"
    return texts


def differences(folder: Path) -> list[str]:
    """The lines in which the files of a folder differ from the installed wheels."""
    lines: list[str] = []
    for library, text in surfaces().items():
        path = folder / f"{library}.json"
        recorded = path.read_text("utf-8") if path.exists() else ""
        lines += difflib.unified_diff(
            recorded.splitlines(), text.splitlines(), str(path), f"installed {library}", n=0
        )
    return lines


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--into", type=Path, default=SURFACE, help="another folder")
    given = parser.parse_args()
    if given.check:
        found = differences(given.into)
        print("\n".join(found) or "the record is current")
        sys.exit(bool(found))
    given.into.mkdir(parents=True, exist_ok=True)
    for library, text in surfaces().items():
        (given.into / f"{library}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    os.environ.setdefault("RAPIDS_NO_INITIALIZE", "1")
    main()
