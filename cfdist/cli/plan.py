"""``cfdist plan``."""

import json
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from cfdist.cli.options import SETTINGS, as_json, load_config, with_options

NOT_MEASURED = "not measured"
OPTIONS = tuple(flag for flag in SETTINGS if flag != "--gpus")
"""`--gpus` says here how many there would be, not which of this machine's."""


@click.command()
@click.argument("input", required=False)
@click.option("--sample-percent", "ingest__sample_percent", type=float, help="Of the users [100].")
@click.option("--threads", type=click.IntRange(1), help="Threads of a worker [the cores].")
@click.option("--memory", help="Memory of a worker, such as 64GB [this machine's].")
@click.option(
    "--gpus", type=click.IntRange(0), default=0, help="GPUs, one worker each [this machine's]."
)
@click.option("--gpu-memory", help="Memory of a GPU, such as 80GB.")
@with_options(*OPTIONS)
@as_json
def plan(
    input: str | None,
    threads: int | None,
    memory: str | None,
    gpus: int,
    gpu_memory: str | None,
    config_file: Path,
    settings: tuple[str, ...],
    json_output: bool,
    **options: Any,
) -> None:
    """Say what a training will take, before it runs.

    INPUT as in `cfdist train`. At most five million of its rows are read, and two seconds are
    spent on measuring this machine. Nothing is written. The exit code is 40 when the job does not
    fit.

    \b
    Examples
      cfdist plan shop.parquet
      cfdist plan shop.parquet --n-components 100 --memory-limit 12GB
      cfdist plan 's3://shop/orders/*.parquet' --workers 8 --threads 4 --memory 64GB
      cfdist plan shop.parquet --backend gpu --gpus 4 --gpu-memory 80GB --memory 128GB
    """
    from cfdist.evaluation.auto import resolved
    from cfdist.planning import Given, document, gpus_here, plan_for
    from cfdist.stages.recommenders.user_neighbors import require_neighbors

    config, _ = load_config(config_file, settings, options | {"ingest__input": input})
    config, _ = resolved(config)  # `auto` as a training would take it
    require_neighbors(config)
    given = Given(options.get("cluster__workers"), threads, memory, gpus, gpu_memory)
    planned = plan_for(config, given, devices=None if gpus else gpus_here(config.cluster))
    if json_output:
        told = document(planned.plan) | {
            "rows_read": planned.scope or "all",
            "notes": planned.notes,
            "remedies": [vars(remedy) for remedy in planned.remedies],
            "refusal": _refusal(planned),
        }
        click.echo(json.dumps(told))
    else:
        _show(planned)
    if not planned.plan.fits:
        _refuse(planned, json_output)


def _refusal(planned: Any) -> dict[str, str] | None:
    """Why the job is refused and what to change, in words; None for one that fits."""
    from cfdist.errors import ResourceError
    from cfdist.planning import require_fits

    try:
        require_fits(planned)
    except ResourceError as error:
        return {"message": error.message, "remedy": error.remedy}
    return None


def _refuse(planned: Any, json_output: bool) -> None:
    """End with the error that `cfdist train` would end with; JSON has been printed already."""
    from cfdist.errors import EXIT_CONFIG
    from cfdist.planning import require_fits

    if json_output:
        click.get_current_context().exit(EXIT_CONFIG)
    require_fits(planned)


def _show(planned: Any) -> None:
    from cfdist.cli.tables import console, facts

    out = console()
    out.print(facts("Input", _input(planned)))
    out.print(_table(planned.plan))
    if planned.plan.device is not None:
        out.print(_device_table(planned.plan.device))
    for sentence in sentences(planned):
        out.print(sentence, markup=False, soft_wrap=True)
    for note in planned.notes:
        out.print(f"note: {note}", markup=False, soft_wrap=True)


def _input(planned: Any) -> dict[str, Any]:
    sizes = planned.plan.sizes
    return {
        "rows": f"{sizes.rows:,}" + (f"; {planned.scope} were read" if planned.scope else ""),
        "users": f"{sizes.users:,}, {sizes.profiles:,} distinct histories",
        "articles": sizes.articles,
        "pairs": sizes.pairs,
        "baskets": sizes.baskets,
        "looked at": f"the histories of {planned.n_sampled_users:,} users",
    }


def _table(plan: Any) -> Table:
    from cfdist.cli.tables import table_of
    from cfdist.planning.planning import in_gb

    columns = ("stage", "tasks", "peak of a worker", "most of it", "output", "seconds")
    rows = [
        (
            stage.name,
            stage.tasks or None,
            in_gb(stage.peak_bytes),
            stage.largest_term,
            in_gb(stage.output_bytes) if stage.output_bytes else "",
            NOT_MEASURED if plan.is_on_gpu else round(stage.seconds, 1),
        )
        for stage in plan.stages
    ]
    return table_of("Plan", columns, rows)


def _device_table(device: Any) -> Table:
    from cfdist.cli.tables import table_of
    from cfdist.plan.gpu.plan import WAYS
    from cfdist.planning.planning import in_gb

    columns = ("stage", "peak of a GPU", "most of it", *WAYS)
    rows = [
        (
            stage.name,
            in_gb(stage.peak_bytes),
            stage.largest_term.name if stage.terms else "",
            *(in_gb(stage.moved(way)) if stage.moved(way) else "" for way in WAYS),
        )
        for stage in device.stages
    ]
    gpus = device.machine.gpus
    return table_of("The GPU" if gpus == 1 else f"Each of {gpus} GPUs", columns, rows)


def sentences(planned: Any) -> list[str]:
    """The whole in words: seconds, peak, disk, where the figures come from."""
    from cfdist.planning.planning import in_gb

    plan, machine = planned.plan, planned.plan.machine
    workers = f"{machine.n_workers} worker{'s' if machine.n_workers > 1 else ''}"
    seconds = "Seconds on GPUs are not measured"
    if not plan.is_on_gpu:
        seconds = f"About {_duration(plan.seconds)} on {workers} of {machine.threads} threads"
    told = [
        f"{seconds}; "
        f"{plan.peak.name} needs most memory at once, {in_gb(plan.needed_bytes)}"
        f"{', without pages of files' if plan.job.out_of_core else ''}; of a worker's "
        f"{in_gb(machine.memory_bytes)} it may use {in_gb(plan.usable_bytes)}.",
        f"The build takes {in_gb(plan.output_bytes)} on disk, and until it is published the "
        f"checkpoints take {in_gb(plan.checkpoint_bytes)}.",
        f"The SVD: {plan.svd_method}, {_passes(plan.n_passes)}.",
    ]
    if not plan.is_on_gpu:
        told.append(
            "Seconds follow from rates measured on this machine; expect half to twice of them."
        )
    if plan.device is not None:
        told.append(_device_sentence(plan))
    return told


def _device_sentence(plan: Any) -> str:
    from cfdist.planning.planning import in_gb

    device, machine = plan.device, plan.machine
    which = "the GPU" if machine.gpus == 1 else f"each of {machine.gpus} GPUs"
    told = f"Of {which} {device.peak.name} needs most, {in_gb(device.peak_bytes)}"
    if plan.fits_gpu is None:
        return f"{told}."
    fits = "which fits" if plan.fits_gpu else "which does not fit"
    return (
        f"{told}, {fits} into {in_gb(device.usable_bytes)}: cluster.device_memory_limit, of "
        f"{in_gb(machine.gpu_memory_bytes)}."
    )


def _passes(number: int) -> str:
    return "one pass" if number == 1 else f"about {number} passes"


def _duration(seconds: float) -> str:
    """Seconds, minutes or hours, in two digits.

    Examples
    --------
    >>> _duration(42.2), _duration(300), _duration(9000)
    ('42 seconds', '5 minutes', '2.5 hours')
    """
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
