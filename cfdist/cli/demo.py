"""``cfdist demo``."""

from pathlib import Path

import click

from cfdist.config import Config


@click.command()
def demo() -> None:
    """Demo data, training and a look at the result, in one go.

    Writes data/ml/ and data/recommendations/ below the working folder: 1.47 million real basket
    lines of 2,469 households. Needs the extra: pip install 'cfdist[demo]'. A cfdist.toml of your
    own is not read.
    """
    from cfdist.builds import load_build
    from cfdist.cli.look_up import recommend, similar
    from cfdist.cli.train import run_train
    from cfdist.datasets.demo import write_demo
    from cfdist.schema import ARTICLE_ID, N_USERS, USER_ID

    files = write_demo(Path("data/ml"))
    config = Config.load(None, {"ingest": {"input": str(files.interactions)}})
    click.echo(f"Demo data: {files.rows:,} basket lines in {files.interactions}")
    run_train(config, json_output=False)
    root = config.publish.root
    build = load_build(root)
    user = build.dataset("users").head(1)[USER_ID][0].as_py()
    articles = build.arrow("articles").sort_by([(N_USERS, "descending")])
    article = articles[ARTICLE_ID][2].as_py()
    ctx = click.get_current_context()
    ctx.invoke(recommend, users=(str(user),), root=root)
    ctx.invoke(similar, articles=(str(article),), relation="bought_together", root=root)
