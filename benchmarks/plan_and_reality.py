"""What ``cfdist plan`` says, beside what a cold ``cfdist train`` then takes.

    python benchmarks/plan_and_reality.py --data FOLDER

Data that no constant of the plan was fitted to or checked on meanwhile: the users of Gowalla, both
years of Online Retail in one folder, and a synthetic shop of another shape. FOLDER holds the
first two as ``docs/quality.md`` says; without it the last alone is measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import quality_gowalla
from cold_run import RunFailed, Workplace
from kept import RESULTS, document, tell, write
from machine import describe_machine
from quality_shops import ONLINE_RETAIL
from quality_tables import table
from synthetic import WARM_UP, make_data

from cfdist.datasets.synthesize import synthesize

FIRST_YEAR = "online_retail_ii_first_year.parquet"
OTHER_SHAPE = {"n_users": 300_000, "n_articles": 20_000, "n_interactions": 3_000_000}
GB = 1e9


@dataclass(frozen=True)
class Case:
    """One table and the options under which it is planned and trained."""

    name: str
    data: Path
    options: tuple[str, ...] = ()


def main() -> None:
    """Plan, train, compare, print."""
    parser = argparse.ArgumentParser(description="Plans beside trainings.")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of the real data")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="plan-") as folder:
        work = Workplace(Path(folder))
        work.train(make_data(WARM_UP), "warm-up")
        for case in cases(given.data, Path(folder)):
            rows.append(compare(work, case))
            if given.json:
                write(given.json, document("plan", rows, describe_machine()))
    print("\n".join(lines(rows)))


def cases(data: Path | None, folder: Path) -> Iterator[Case]:
    """The tables, made where they are not there."""
    if data is not None:
        quality_gowalla.write_tables(data, folder)
        yield Case("Gowalla", folder / "train.parquet", ("--n-components", "128"))
        yield Case("Online Retail, both years", both_years(data, folder))
    path = folder / "other" / "user_item_interactions.parquet"
    synthesize(path, seed=7, n_taste_groups=8, **OTHER_SHAPE)
    yield Case("a shop of 8 taste groups, 10 interactions per user", path)


def both_years(data: Path, folder: Path) -> Path:
    """Both years of Online Retail as one table with canonical names."""
    later = pd.read_parquet(data / ONLINE_RETAIL.file)
    earlier = pd.read_parquet(data / FIRST_YEAR)
    named = {"Invoice": "InvoiceNo", "Customer ID": "CustomerID"}
    both = pd.concat([earlier.rename(columns=named), later], ignore_index=True)
    both = both.rename(columns={name: role for role, name in ONLINE_RETAIL.columns.items()})
    both["timestamp"] = pd.to_datetime(both["timestamp"])
    path = folder / "both_years.parquet"
    both[list(ONLINE_RETAIL.columns)].to_parquet(path)
    return path


def compare(work: Workplace, case: Case) -> dict[str, Any]:
    """Bytes and seconds, planned and measured."""
    tell(case.name)
    planned = plan(case)
    run = work.train(case.data, "trained", *case.options)
    work.forget("trained")
    return {
        "data_set": case.name,
        "planned_bytes": planned["all_workers_bytes"],
        "measured_bytes": run.peak_bytes,
        "planned_seconds": planned["seconds"],
        "measured_seconds": run.wall_s,
        "others_share": run.others_share,
    }


def plan(case: Case) -> dict[str, Any]:
    """The JSON of ``cfdist plan``."""
    script = Path(sys.executable).with_name("cfdist")
    command = [str(script), "plan", str(case.data), *case.options, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RunFailed(ended.stderr)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """One table."""
    head = ["", "peak planned, GB", "measured", "seconds planned", "measured"]
    return table(
        head,
        [
            [
                row["data_set"],
                f"{row['planned_bytes'] / GB:.2f}",
                f"{row['measured_bytes'] / GB:.2f}",
                f"{row['planned_seconds']:.1f}",
                f"{row['measured_seconds']:.1f}",
            ]
            for row in rows
        ],
    )


if __name__ == "__main__":
    main()
