"""The command: which things are looked at, and how they are printed."""

import json
from pathlib import Path
from typing import Any

import click

from cfdist.cli.doctor.finding import Finding
from cfdist.cli.options import as_json, load_config, with_options
from cfdist.cli.tables import console, table_of
from cfdist.config import Config
from cfdist.errors import EXIT_CONFIG

OPTIONS = ("--output", "--cluster", "--workers", "--memory-limit", "--backend", "--gpus")


@click.command()
@click.option("--warm", is_flag=True, help="Compile the kernels now, not in the first run.")
@with_options(*OPTIONS)
@as_json
def doctor(
    warm: bool,
    config_file: Path,
    settings: tuple[str, ...],
    json_output: bool,
    **options: Any,
) -> None:
    """Check this installation: versions, threads, memory, disk, output, GPUs, scheduler.

    It takes the options of `cfdist train` that say where a run computes and writes, and looks at
    that. With --backend gpu it also computes something small, on this machine or on every worker
    of --cluster, whose result is known. The exit code is 40 when something needs mending.

    \b
    Examples
      cfdist doctor
      cfdist doctor --backend gpu
      cfdist doctor --backend gpu --cluster tcp://10.0.0.5:8786 --output /srv/recommendations
    """
    from cfdist.cli.doctor.warm import warm_up

    config, _ = load_config(config_file, settings, options)
    if warm:
        warm_up()
    findings = examine(config)
    if json_output:
        click.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        rows = [(f.what, f.found, "ok" if f.is_fine else "!", _to_do(f)) for f in findings]
        console().print(table_of("cfdist doctor", ("what", "found", "", "what to do"), rows))
    if not all(finding.is_fine for finding in findings):
        click.get_current_context().exit(EXIT_CONFIG)


def examine(config: Config) -> list[Finding]:
    """All findings, in the order in which a run needs them."""
    from cfdist.cli.doctor.devices import examine_devices
    from cfdist.cli.doctor.installation import examine_installation
    from cfdist.cli.doctor.places import examine_places
    from cfdist.cli.doctor.workers import examine_workers

    findings = examine_installation() + examine_places(config)
    if "://" not in config.cluster.address:  # else the GPUs are where the workers are
        findings += examine_devices(config)
    if all(finding.is_fine for finding in findings) or "://" in config.cluster.address:
        findings += examine_workers(config)
    return findings


def _to_do(finding: Finding) -> str:
    return "" if finding.is_fine else finding.remedy
