"""Compare values of one setting by what customers bought later: `cfdist evaluate` in a loop."""

import sys
from tempfile import TemporaryDirectory

from cfdist import Config, evaluate
from cfdist.evaluation.candidates import Candidate, own_candidate


def main(interactions: str, setting: str, values: list[str], folder: str) -> None:
    config = Config(
        ingest={"input": interactions},
        publish={"root": folder},
        runs={"path": folder},
        cluster={"dashboard": False},
    )
    own = own_candidate(config).settings
    found = evaluate(config, candidates=[Candidate(v, {**own, setting: v}) for v in values])
    metric = f"{found['metric']}@{found['k']}"
    print(f"{setting}: {metric} of {found['population']['n_judged']:,} users")
    for row in found["candidates"]:
        if row["status"] == "failed":
            print(f"{row['name']}: {row['error']}")
            continue
        mean = row["metrics"][found["articles"]][metric]
        gain = row["against_popular"]
        told = ", ".join(f"{x['mean']:.4f} ± {x['mean'] - x['low']:.4f}" for x in (mean, gain))
        print(f"{row['name']}: {told.replace(', ', ', against popular ')}, {row['seconds']:.1f} s")


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        main(sys.argv[1], sys.argv[2], sys.argv[3:], name)
