"""Compare values of one setting by what customers bought later: `cfdist evaluate` in a loop."""

import sys
from tempfile import TemporaryDirectory

from cfdist import Config, evaluate
from cfdist.cli.evaluation import difference_text, estimate_text, primary
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
    print(f"{setting}: {primary(found)} of {found['population']['n_judged']:,} users")
    for row in found["candidates"]:
        if row["status"] == "failed":
            print(f"{row['name']}: failed: {row['error']}")
            continue
        mean = estimate_text(row["metrics"][found["articles"]][primary(found)])
        gain = difference_text(row["against_popular"])
        print(f"{row['name']}: {mean}, against popular {gain}, {row['seconds']:.1f} s")


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        main(sys.argv[1], sys.argv[2], sys.argv[3:], name)
