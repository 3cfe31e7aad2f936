"""What candidates are judged by: one metric at one rank, on new or on all articles."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cfdist.evaluation.measure import Measured
from cfdist.evaluation.metrics import parse_metric
from cfdist.evaluation.ranks import ranks_of
from cfdist.settings import EvaluationSettings

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Target:
    """What candidates are judged by: a column of the values.

    Attributes
    ----------
    kind : {"new", "all"}
    metric : str
    k : int
    place : int
        Of ``k`` among the ranks measured.
    """

    kind: str
    metric: str
    k: int
    place: int

    @property
    def name(self) -> str:
        """Such as ``recall@10``."""
        return f"{self.metric}@{self.k}"

    def of(self, measured: Measured) -> Array:
        """float64 ``(n_users,)``."""
        return np.asarray(measured.values[self.kind][self.metric][:, self.place])


def target_of(settings: EvaluationSettings) -> Target:
    """The primary metric of the settings.

    Raises
    ------
    ConfigError
        No such metric, or a rank below 1.

    Examples
    --------
    >>> target_of(EvaluationSettings(metric="ndcg@20")).name
    'ndcg@20'
    """
    metric, k = parse_metric(settings.metric)
    return Target(settings.articles, metric, k, ranks_of(settings).index(k))
