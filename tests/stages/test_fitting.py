"""A stage runs when it is asked for, once, and once for all fittings under the same settings."""

import pytest
from running import open_context
from small_shop import shop_rows

from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import ingest

LAZY = ("index", "matrix", "factors", "profiles", "similar_users", "similar_articles", "neighbors")


class Heard:
    """Which stages ran."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def start(self, stage: str) -> None:
        self.stages.append(stage)

    def __getattr__(self, name):
        return lambda *_: None


@pytest.fixture
def context(tmp_path):
    with open_context(tmp_path, shop_rows(), {"factorize": {"n_components": 4}}) as context:
        context.progress = Heard()
        yield context


def test_a_stage_runs_when_first_asked_for_and_once(context):
    heard = context.progress.stages
    fitting = Fitting(context, ingest(context))
    assert heard == ["ingest"]
    assert fitting.factors is fitting.factors
    assert heard == ["ingest", "index", "matrix", "factorize"]
    assert fitting.profiles is fitting.profiles
    assert heard[4:] == ["profiles"]


def test_one_side_alone_or_both_are_the_same_neighbours(context):
    rows = ingest(context)
    both, alone = Fitting(context, rows), Fitting(context, rows)
    assert both.neighbors is both.similar_users is both.similar_articles
    users, articles = alone.similar_users.users.result(), alone.similar_articles.articles.result()
    assert "neighbors" not in vars(alone)
    for found, near in ((users, both.neighbors.users), (articles, both.neighbors.articles)):
        for name, array in near.result().items():
            assert found[name].tobytes() == array.tobytes(), name


def test_fittings_with_one_memory_share_what_has_the_same_settings(context):
    context.memory = {}
    rows = ingest(context)
    first, second = Fitting(context, rows), Fitting(context, rows)
    config = context.config
    more = config.factorize.model_copy(update={"n_components": 3})
    other = Fitting(context.with_config(config.model_copy(update={"factorize": more})), rows)
    for name in LAZY:
        assert getattr(first, name) is getattr(second, name), name
    assert other.matrix is first.matrix
    assert other.profiles is first.profiles
    assert other.factors is not first.factors
    assert other.neighbors.key != first.neighbors.key
    assert context.progress.stages.count("matrix") == 1
    assert context.progress.stages.count("factorize") == 2


def test_rows_that_were_forgotten_are_not_needed_any_more(context):
    fitting = Fitting(context, ingest(context))
    assert fitting.index
    assert fitting.matrix
    fitting.forget_rows()
    assert fitting.interactions.parts == {}
    assert fitting.interactions.meta["rows_used"] > 0
    assert fitting.neighbors
