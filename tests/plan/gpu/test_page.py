"""The tables are those of the plan, and what they mark does not fit."""

import re

from cfdist.plan import Job
from cfdist.plan.gpu import make_device_plan
from cfdist.plan.gpu.case import STAGES
from cfdist.plan.gpu.page import GPUS, SHOPS, USABLE_BYTES, machine_of, page


def test_a_figure_is_marked_where_it_does_not_fit():
    for title, sizes in SHOPS:
        section = page().split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
        table = section.split("Most that one GPU needs", 1)[1]
        plans = [make_device_plan(sizes, Job(), machine_of(gpus)) for gpus in GPUS]
        for name in STAGES:
            row = re.search(rf"^\| {name} \|(.*)\|$", table, re.MULTILINE).group(1).split("|")
            marked = ["**" in cell for cell in row[: len(GPUS)]]
            assert marked == [plan.stage(name).peak_bytes > USABLE_BYTES for plan in plans]
