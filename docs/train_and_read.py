"""Try a sample, train on everything, read the result in three ways."""

import sys
from pathlib import Path

import pyarrow.compute as pc

from cfdist import Config, experiment, load_build, train

LISTS, PAIRS = "cf_user_based_recommendations", "cf_item_based_recommendations"


def main(interactions: str, folder: Path) -> None:
    root = folder / "recommendations"
    config = Config(
        ingest={"input": interactions},
        publish={"root": str(root)},
        runs={"path": str(folder / "runs")},
        cluster={"dashboard": False},
    )
    record = experiment(config)
    print(f"experiment: {record.metrics['energy']:.1%} energy, {record.total_seconds:.1f} s")
    print(f"published:  {train(config).id}")

    build = load_build(root)
    lists = build.pandas(LISTS)  # a pandas frame
    print(lists[lists["user_id"] == lists["user_id"].iloc[0]].to_string(index=False))
    counted = pc.field("source") == "bought_together"  # Arrow reads only the rows that pass
    print(f"{build.dataset(PAIRS).count_rows(filter=counted):,} pairs counted in baskets")
    print(build.dask(LISTS).groupby("article_id")["rank"].count().nlargest(3).compute())
    print(f"article vectors: {build.array('item_latent_factors').shape}, memory-mapped")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
