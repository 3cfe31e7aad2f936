"""The list lengths that are measured."""

from cfdist.evaluation.metrics import parse_metric
from cfdist.settings import EvaluationSettings


def ranks_of(settings: EvaluationSettings) -> tuple[int, ...]:
    """``evaluation.ks`` and the rank of ``evaluation.metric``, ascending.

    Examples
    --------
    >>> ranks_of(EvaluationSettings(ks=(20, 5), metric="recall@10"))
    (5, 10, 20)
    """
    return tuple(sorted({*settings.ks, parse_metric(settings.metric)[1]}))
