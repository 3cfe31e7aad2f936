import pytest

from cfdist.errors import ConfigError
from cfdist.evaluation.ranks import ranks_of
from cfdist.evaluation.target import Target, target_of
from cfdist.settings import EvaluationSettings


@pytest.mark.parametrize(
    ("ks", "metric", "ranks"),
    [((5, 10, 20), "recall@10", (5, 10, 20)), ((20, 5, 5), "map@7", (5, 7, 20)),
     ((3,), "mrr@3", (3,))],
)  # fmt: skip
def test_ranks_are_ascending_once_and_have_that_of_the_metric(ks, metric, ranks):
    settings = EvaluationSettings(ks=ks, metric=metric, articles="all")
    assert ranks_of(settings) == ranks
    name, k = metric.split("@")
    target = target_of(settings)
    assert target == Target("all", name, int(k), ranks.index(int(k)))
    assert target.name == metric


@pytest.mark.parametrize("metric", ["magic@10", "recall", "recall@0", "recall@-1", "recall@x", ""])
def test_a_metric_that_is_none(metric):
    with pytest.raises(ConfigError) as caught:
        target_of(EvaluationSettings(metric=metric))
    assert caught.value.remedy


def test_the_target_is_its_column(outcomes):
    measured = outcomes["latent"].measured["report"]
    for place, k in enumerate((3, 5, 10)):
        column = Target("all", "ndcg", k, place).of(measured)
        assert column is not None
        assert column.tobytes() == measured.values["all"]["ndcg"][:, place].tobytes()
