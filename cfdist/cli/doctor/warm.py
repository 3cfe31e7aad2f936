"""Everything once, on a shop of a few users."""

import tempfile
from pathlib import Path

import click

from cfdist.config import Config

WARM_SHOP = {"n_users": 5000, "n_articles": 2100, "n_interactions": 12_000}
"""The shop that kernels are compiled on: more than 4,096 users, so that the passes run, too."""


def warm_up() -> None:
    """Run everything once on a shop of a few users, so that every kernel is compiled and kept."""
    from cfdist.datasets.synthesize import synthesize
    from cfdist.pipeline import experiment, train
    from cfdist.runs.kernels import COMPILING, are_compiled

    if not are_compiled():
        click.echo(COMPILING, err=True)
    with tempfile.TemporaryDirectory(prefix="cfdist-warm-") as folder:
        table = Path(folder) / "shop.parquet"
        synthesize(table, **WARM_SHOP)
        config = Config.load(
            None,
            {
                "ingest": {"input": str(table)},
                "publish": {"root": f"{folder}/published"},
                "runs": {"path": f"{folder}/runs"},
                "cluster": {"dashboard": False},
            },
        )
        train(config, force=True)
        experiment(config)
