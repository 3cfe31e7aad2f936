"""What the constants of ``cfdist.plan.constants`` should be, and how near plans are.

    python benchmarks/calibrate_plan.py
    python benchmarks/calibrate_plan.py --verify retail='{"ingest": {"input": "retail.parquet"}}'

trains on the sample and on synthetic shops of 50,000, 200,000 and 557,000 users, each in a new
process, and prints per stage what was planned beside what was measured, and by what the constants
of the stage would have to be multiplied. Data sets given by ``--verify`` are measured as well and
take no part in the factors. Seconds are compared as processor time, which other programs on the
machine hardly change, and as wall time for the whole.
"""

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from staged_run import StagedRun, run_staged

from cfdist.config import Config
from cfdist.datasets.synthesize import synthesize
from cfdist.plan import Job, Plan, make_plan
from cfdist.plan.constants import REFERENCE, TASK_S, article_search_share
from cfdist.plan.stages import STAGES
from cfdist.plan.terms import Case
from cfdist.planning.machine import machine_of
from cfdist.planning.planning import job_of
from cfdist.planning.rates import measure_rates
from cfdist.planning.search import measure_search_share
from cfdist.planning.sizes import Measured, measure_sizes

RESULTS = Path(__file__).with_name("results")
SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "user_item_interactions.parquet"
SHOPS = {"50k": (50_000, 3_000, 200_000), "200k": (200_000, 5_000, 700_000),
         "557k": (557_000, 7_300, 1_640_000)}  # fmt: skip
MIB = 2**20
LEAST_S, LEAST_BYTES = 0.05, 30 * MIB
"""Stages with less say nothing about a constant."""

Compared = tuple[str, Plan, StagedRun]


def main() -> None:
    """Measure, compare, print."""
    given = parse_arguments()
    sets = {name: {"ingest": {"input": str(data)}} for name, data in fitted_data(given.only)}
    verified = dict(read_set(text) for text in given.verify)
    print(f"rates of this machine: {measure_rates()}")
    print(f"reference rates:       {REFERENCE}\n")
    compared = [measure(name, settings) for name, settings in {**sets, **verified}.items()]
    for one in compared:
        print("\n".join(lines_of(one)))
    print("\n".join(factor_lines([one for one in compared if one[0] in sets])))
    print("\n".join(summary_lines(compared, set(verified))))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Calibrate and verify plans.")
    parser.add_argument("--only", nargs="*", help="of sample, 50k, 200k, 557k [all]")
    parser.add_argument(
        "--verify", action="append", default=[], metavar="NAME=JSON", help="settings of another set"
    )
    return parser.parse_args()


def read_set(text: str) -> tuple[str, dict[str, Any]]:
    """``NAME=JSON`` as name and settings."""
    name, _, settings = text.partition("=")
    return name, json.loads(settings)


def fitted_data(only: list[str] | None) -> list[tuple[str, Path]]:
    """The data sets that the factors come from, made unless they are there."""
    found = [("sample", SAMPLE)]
    for name, (users, articles, rows) in SHOPS.items():
        if only is not None and name not in only:
            continue
        path = RESULTS / f"data-{users}-{articles}-{rows}-0" / "user_item_interactions.parquet"
        if not path.exists():
            synthesize(path, n_users=users, n_articles=articles, n_interactions=rows, seed=0)
        found.append((name, path.resolve()))
    return [(name, path) for name, path in found if only is None or name in only]


def measure(name: str, settings: dict[str, Any]) -> Compared:
    """The plan and a training under the same settings; the search share is what was measured."""
    config = Config.load(None, settings)
    print(f"training on {name}", file=sys.stderr, flush=True)
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="plan-") as folder:
        run = run_staged(settings, Path(folder))
    measured = measure_sizes(config)
    sizes, job = measured.sizes, job_of(config)
    share = run.output["counts"]["user_pairs_share"] or sizes.search_share
    tell_share(measured, job, share)
    told = run.output["counts"]["article_pairs_share"]
    print(f"of the articles: {told:.4f}, assumed: {article_search_share(sizes.articles):.4f}")
    sizes = replace(sizes, search_share=share)
    return name, make_plan(sizes, job, machine_of(config.cluster, REFERENCE)), run


def tell_share(measured: Measured, job: Job, share: float) -> None:
    """Say what the search of a sample foretold, which is measured apart from the constants."""
    foretold = measure_search_share(
        measured.histories, measured.sizes.profiles, job.n_components, job.n_similar_users
    )
    told = "unknown" if foretold is None else f"{foretold:.4f}"
    print(f"pairs that the search computed: {share:.4f} of all, foretold: {told}")


def lines_of(compared: Compared) -> list[str]:
    """One table: every stage, planned and measured."""
    name, plan, run = compared
    lines = [
        f"\n{name}: {plan.sizes.users:,} users × {plan.sizes.articles:,} articles, "
        f"{plan.sizes.rows:,} rows",
        f"{'stage':11} {'peak MiB':>9} {'planned':>8} {'in flight':>9} {'planned':>8} "
        f"{'wall s':>8} {'planned':>8} {'cpu s':>8} {'planned':>8} {'MiB kept':>9} {'planned':>8}",
    ]
    cpu = cpu_of(plan)
    for stage in plan.stages:
        found = run.stages.get(stage.name)
        if found is None:
            continue
        lines.append(
            f"{stage.name:11} {found['peak_bytes'] / MIB:9.0f} {stage.peak_bytes / MIB:8.0f} "
            f"{flight_of(plan, run, stage.name) / MIB:9.0f} {planned_flight(stage) / MIB:8.0f} "
            f"{found['seconds']:8.2f} {stage.seconds:8.2f} "
            f"{found['cpu_s']:8.2f} {cpu[stage.name]:8.2f} "
            f"{found['bytes'] / MIB:9.0f} {stage.output_bytes / MIB:8.0f}"
        )
    claimed = sum(stage["seconds"] for stage in run.stages.values())
    lines.append(f"{'rest':11} {run.wall_s - claimed:48.2f} {plan.stages[-1].seconds:8.2f}")
    return lines


def cpu_of(plan: Plan) -> dict[str, float]:
    """Planned seconds of all threads together, per stage."""
    case = Case(plan.sizes, plan.job, plan.machine)
    drafts = [draft for stage in STAGES if (draft := stage(case)) is not None]
    return {draft.name: sum(vars(draft.work).values()) + draft.tasks * TASK_S for draft in drafts}


def planned_flight(stage: Any) -> int:
    """Planned bytes that are neither the process nor values kept for later stages."""
    loose = ("in flight",)
    kept = sum(term.bytes for term in stage.terms if term.name == "kept by the allocator")
    return kept + sum(term.bytes for term in stage.terms if term.kind in loose)


def flight_of(plan: Plan, run: StagedRun, name: str) -> float:
    """Measured bytes of the same."""
    stage = plan.stage(name)
    return max(0.0, run.stages[name]["peak_bytes"] - stage.peak_bytes + planned_flight(stage))


def factor_lines(compared: list[Compared]) -> list[str]:
    """By what the constants of each stage would be multiplied: medians over the data sets."""
    lines = [
        "\nconstants of a stage, to be multiplied by",
        f"{'stage':11} {'seconds':>8} {'bytes':>8}",
    ]
    names = [stage.name for stage in compared[0][1].stages]
    for name in names:
        seconds, n_bytes = [], []
        for _, plan, run in compared:
            found, cpu = run.stages.get(name), cpu_of(plan)
            if found is None or name not in cpu:
                continue
            if found["cpu_s"] > LEAST_S:
                seconds.append(found["cpu_s"] / cpu[name])
            if found["peak_bytes"] and planned_flight(plan.stage(name)) > LEAST_BYTES:
                n_bytes.append(flight_of(plan, run, name) / planned_flight(plan.stage(name)))
        if seconds or n_bytes:
            lines.append(f"{name:11} {_median(seconds)} {_median(n_bytes)}")
    return lines


def _median(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):8.2f}" if ratios else f"{'':8}"


def summary_lines(compared: list[Compared], verified: set[str]) -> list[str]:
    """Per data set the whole, planned and measured."""
    lines = [
        "",
        "| data | peak GB, planned | disk MB, planned | seconds, planned |",
        "|---|---|---|---|",
    ]
    for name, plan, run in compared:
        mark = " (not fitted)" if name in verified else ""
        lines.append(
            f"| {name}{mark} | {run.peak_bytes / 1e9:.2f}, {plan.peak_bytes / 1e9:.2f} "
            f"({_percent(plan.peak_bytes / run.peak_bytes)}) "
            f"| {run.output_bytes / 1e6:.0f}, {plan.output_bytes / 1e6:.0f} "
            f"({_percent(plan.output_bytes / run.output_bytes)}) "
            f"| {run.wall_s:.1f}, {plan.seconds:.1f} (× {plan.seconds / run.wall_s:.2f}) |"
        )
    return lines


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f} %"


if __name__ == "__main__":
    main()
