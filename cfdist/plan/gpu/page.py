"""The tables of the documentation: two large shops on 1, 2, 4 and 8 GPUs, from the plan itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from cfdist.plan.constants import REFERENCE
from cfdist.plan.gpu.case import STAGES, VALUES, DeviceCase, Way
from cfdist.plan.gpu.plan import WAYS, DevicePlan, make_device_plan
from cfdist.plan.plan import GB, make_plan
from cfdist.plan.remedies import remedies
from cfdist.plan.sizes import Job, Machine, Sizes, assumed_search_share

GPUS: Final = (1, 2, 4, 8)
GPU_BYTES, USABLE_BYTES, HOST_BYTES = 80 * GB, 56 * GB, 1000 * GB
ROW_BYTES = 13
"""Of a row in a parquet file, as the synthetic shops have it."""
PART_ROWS = 2**20
BASKET_ARTICLES = 5


def shop(users: int, articles: int, rows: int) -> Sizes:
    """A shop in which every row is another pair, every history distinct: the worst of its size."""
    return Sizes(
        rows=rows,
        rows_read=rows,
        file_bytes=ROW_BYTES * rows,
        read_tasks=-(-rows // PART_ROWS),
        users=users,
        articles=articles,
        pairs=rows,
        profiles=users,
        baskets=rows // BASKET_ARTICLES,
        basket_entries=rows,
        basket_work=BASKET_ARTICLES * rows,
        search_share=assumed_search_share(users),
    )


SHOPS: Final = (
    ("10 M users × 100 k articles, 1 G interactions", shop(10**7, 10**5, 10**9)),
    ("100 M users × 1 M articles, 10 G interactions", shop(10**8, 10**6, 10**10)),
)


def machine_of(gpus: int) -> Machine:
    """So many GPUs of 80 GB, one worker each, of which the default share may be used."""
    return Machine(
        workers=gpus,
        threads=1,
        memory_bytes=HOST_BYTES,
        rates=REFERENCE,
        gpus=gpus,
        gpu_memory_bytes=GPU_BYTES,
        gpu_usable_bytes=USABLE_BYTES,
        backend="gpu",
    )


def page() -> str:
    """The page as Markdown."""
    sections = "\n".join(_section(title, sizes) for title, sizes in SHOPS)
    return f"{_INTRODUCTION}\n{sections}"


_INTRODUCTION = f"""# What GPUs would hold and move

Written by `python docs/make_gpu_plan.py` from `cfdist/plan/gpu/`, the code that refuses a job
before it runs. **Nothing here was measured on a GPU**: bytes follow from the shapes of arrays, and
tests hold them as bounds of what stand-ins of the libraries count. There are no seconds.

GPUs have {GPU_BYTES // GB} GB, of which a job may plan with {USABLE_BYTES // GB}
(`cluster.device_memory_limit = "0.7"`). One worker has one GPU and runs one task at a time.
Settings are the defaults: 50 components, 20 similar users, 10 recommendations, checkpoints. Every
row is another pair of user and article, all histories are distinct, baskets have {BASKET_ARTICLES}
articles: the worst that a shop of the size can be. Passes of the SVD run in float32; where the
spectrum is too wide for that they run in float64, and basis, image and products take twice as much.

What lies in blocks of users is divided among the workers; what is *whole* is made on one worker and
given to all that need it, so that no number of GPUs makes it smaller. Figures are those of the
busiest worker, in GB of 10⁹ bytes.
"""


def _section(title: str, sizes: Sizes) -> str:
    plans = [make_device_plan(sizes, Job(), machine_of(gpus)) for gpus in GPUS]
    parts = [
        f"## {title}\n",
        _values(sizes),
        "Most that one GPU needs in each stage, and the largest part of it with 8 GPUs:\n",
        _peaks(plans),
        "Moved by the busiest worker, 1, 2, 4 and 8 GPUs:\n",
        _traffic(plans),
        "\n".join(_verdict(sizes)) + "\n",
    ]
    return "\n".join(parts)


def _values(sizes: Sizes) -> str:
    case = DeviceCase(sizes, Job(), machine_of(1))
    rows = [
        (value.name, "whole" if value.is_whole else "blocks", _gb(case.bytes_of(value.name)))
        for value in VALUES
    ]
    return _table(("value on the devices", "lies", "GB in all"), rows)


def _peaks(plans: list[DevicePlan]) -> str:
    rows = []
    for name in STAGES:
        stages = [plan.stage(name) for plan in plans]
        term = stages[-1].largest_term
        rows.append(
            (
                name,
                *(_marked(stage.peak_bytes) for stage in stages),
                f"{term.name}, {_gb(term.bytes)}",
            )
        )
    rows.append(("**fits**", *("yes" if plan.fits else "**no**" for plan in plans), ""))
    columns = ("stage", *(f"{gpus} GPU{'s' * (gpus > 1)}" for gpus in GPUS), "largest part")
    return _table(columns, rows)


def _traffic(plans: list[DevicePlan]) -> str:
    def cells(moved: Callable[[DevicePlan, Way], int]) -> tuple[str, ...]:
        return tuple(" · ".join(_gb(moved(plan, way)) for plan in plans) for way in WAYS)

    rows = [
        (name, *cells(lambda plan, way, name=name: plan.stage(name).moved(way)))  # type: ignore[misc]
        for name in STAGES
    ]
    rows.append(("in all", *cells(lambda plan, way: plan.moved(way))))
    return _table(("stage", *WAYS), rows)


def _verdict(sizes: Sizes) -> Iterator[str]:
    """What does not fit, why, and under which changes it does; each tried on the plan."""
    for gpus in GPUS:
        plan = make_plan(sizes, Job(), machine_of(gpus))
        which = "1 GPU" if gpus == 1 else f"{gpus} GPUs"
        if plan.fits or plan.device is None:
            yield f"- **{which}**: fits."
            continue
        peak = plan.device.peak
        found = [f"`{remedy.change}`" for remedy in remedies(plan, gpus * HOST_BYTES)]
        changes = f"It fits with {', or '.join(found)}." if found else "No single setting mends it."
        yield (
            f"- **{which}**: does not fit; {peak.name} needs most, {_gb(peak.peak_bytes)} GB: "
            f"{_largest(plan.device)}. {changes}"
        )
    yield from _bound(sizes)


def _bound(sizes: Sizes) -> Iterator[str]:
    """What is left where there are so many GPUs that blocks are nothing."""
    many = make_device_plan(sizes, Job(), machine_of(1024))
    yield (
        f"- **However many**: {many.peak.name} needs {_gb(many.peak_bytes)} GB of each, as "
        f"{_largest(many)} are not divided."
    )
    through_disk = make_device_plan(sizes, replace(Job(), out_of_core=True), machine_of(8))
    yield (
        f"- **8 GPUs out of core**: {through_disk.peak.name} needs most, "
        f"{_gb(through_disk.peak_bytes)} GB; from files to the device of one worker tasks bring "
        f"{_gb(through_disk.moved('to the device'))} GB in all."
    )


def _largest(plan: DevicePlan) -> str:
    """The three largest terms of the peak."""
    terms = sorted(plan.peak.terms, key=lambda term: -term.bytes)[:3]
    return ", ".join(f"{term.name} ({_gb(term.bytes)})" for term in terms)


def _marked(n_bytes: int) -> str:
    text = _gb(n_bytes)
    return text if n_bytes <= USABLE_BYTES else f"**{text}**"


def _gb(n_bytes: int) -> str:
    """GB with two digits that count.

    Examples
    --------
    >>> _gb(0), _gb(12_345_678_901), _gb(3_210_000_000), _gb(7_000_000)
    ('0', '12', '3.2', '0.01')
    """
    gb = n_bytes / GB
    if gb >= 10:
        return f"{gb:,.0f}"
    return f"{gb:.1f}" if gb >= 0.1 else f"{gb:.2f}" if n_bytes else "0"


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" if not i else "---:" for i in range(len(columns))), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
