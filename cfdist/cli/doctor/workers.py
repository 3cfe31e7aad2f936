"""The scheduler and its workers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cfdist.backends.requirements import names_of
from cfdist.cli.doctor.devices import OPTIONAL
from cfdist.cli.doctor.finding import Finding
from cfdist.cluster.backend import wanted_backend
from cfdist.config import Config
from cfdist.errors import CfdistError

if TYPE_CHECKING:
    from cfdist.cluster.devices import WorkerReport


def examine_workers(config: Config) -> list[Finding]:
    """Whether the cluster answers; with ``--backend gpu`` what each worker has and computes."""
    from cfdist.cluster import open_cluster

    address = config.cluster.address
    if address == "local" and not config.cluster.gpus:  # which says something of "cuda" alone
        return []
    name = "scheduler" if "://" in address else "cluster"
    try:
        with open_cluster(config.cluster) as client:
            findings = [Finding(name, f"{address}, {len(client.nthreads())} workers", True)]
            return findings + _devices(client, config)
    except CfdistError as error:
        return [Finding(name, error.message, False, error.remedy)]


def _devices(client: Any, config: Config) -> list[Finding]:
    wanted = wanted_backend(config.cluster)
    if wanted == "cpu":
        return []
    from cfdist.cluster.devices import describe_workers, require_devices

    reports = describe_workers(client)
    findings = [_worker(address, report, wanted) for address, report in reports.items()]
    if any(report.problem for report in reports.values()):
        return findings
    try:
        require_devices(client, config.cluster, note=lambda text: findings.append(_note(text)))
    except CfdistError as error:
        return [*findings, Finding("proof", error.message, False, error.remedy)]
    return [*findings, Finding("proof", "every worker computes what it should", True)]


def _worker(address: str, report: "WorkerReport", wanted: str) -> Finding:
    if report.problem and wanted == "gpu":
        return Finding(address, report.problem, False, report.remedy)
    if report.problem:
        return Finding(address, f"{OPTIONAL}{report.problem}", True, report.remedy)
    gpu, versions = names_of(report.gpus), _versions(report.versions)
    return Finding(address, f"{gpu}, driver {report.driver}, {versions}", True)


def _versions(versions: Mapping[str, str]) -> str:
    told = ("cfdist", "dask", "cupy", "cuml")
    return ", ".join(f"{n} {v}" for n, v in versions.items() if v and n.startswith(told))


def _note(text: str) -> Finding:
    return Finding("workers", text, True)
