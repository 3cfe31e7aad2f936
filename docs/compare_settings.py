"""Compare values of one setting by the latest tenth of the rows, which the training never sees."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from cfdist import Config, experiment, load_build
from cfdist.config import merge, nested

PAIR = ["user_id", "article_id"]


def hit_rate(lists: pd.DataFrame, new: pd.DataFrame) -> float:
    """Later articles that a list held, of those that it had room for; mean over users."""
    found = lists.merge(new, on=PAIR).groupby("user_id").size()
    sizes = new[new["user_id"].isin(lists["user_id"])].groupby("user_id").size()
    return float((found / sizes.clip(upper=lists["rank"].max())).fillna(0).mean())


def main(interactions: str, setting: str, values: list[str], folder: Path) -> None:
    rows = pd.read_parquet(interactions)
    early = rows[rows["timestamp"] < rows["timestamp"].quantile(0.9)]
    early.to_parquet(folder / "early.parquet", index=False)
    both = [early[PAIR].drop_duplicates(), rows[PAIR].drop_duplicates()]
    new = pd.concat(both).drop_duplicates(keep=False)
    base = {"experiment": {"publish": True}, "cluster": {"dashboard": False}}
    base |= {"ingest": {"input": str(folder / "early.parquet")}, "publish": {"root": str(folder)}}
    base["runs"] = {"path": str(folder / "runs")}
    for value in values:
        record = experiment(Config(**merge(base, nested(setting, value))))
        lists = load_build(folder, record.build).pandas("cf_user_based_recommendations")
        told = f"{record.metrics['energy']:.1%} energy, hit rate {hit_rate(lists, new):.3f}"
        print(f"{setting} = {value}: {told}, {record.total_seconds:.1f} s", flush=True)


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        main(sys.argv[1], sys.argv[2], sys.argv[3:], Path(name))
