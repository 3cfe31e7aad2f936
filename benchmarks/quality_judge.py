"""The product's own evaluator, opened for benchmarks: candidates and peers judged alike."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.cluster import open_cluster
from cfdist.config import Config
from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.comparison import Outcome
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.intervals import Estimate, estimate, paired
from cfdist.evaluation.measure import TRUTHS, Measured
from cfdist.evaluation.metrics import METRICS, per_user
from cfdist.evaluation.ranks import ranks_of
from cfdist.stages.context import Context
from cfdist.stages.progress import Silence

PEER_METHOD = "popular"
"""What a peer is called where the evaluator asks for a method; its settings are its own."""


class Tell(Silence):
    """Progress as lines on standard error, one per candidate."""

    def note(self, message: str) -> None:
        """What the user should know."""
        tell(f"note: {message}")

    def finish(self, stage: str, seconds: float, resumed: bool) -> None:
        """A candidate or stage ended."""
        tell(f"{stage}: {seconds:.1f} s")


@contextmanager
def opened(settings: Mapping[str, Any]) -> Iterator[Context]:
    """A run under these settings, in this process unless they name workers; nothing is stored."""
    cluster = {"dashboard": False} | dict(settings.get("cluster", {}))
    config = Config.load(None, {**settings, "cluster": cluster})
    with open_cluster(config.cluster) as client:
        yield Context(client, config, "quality", Tell())


def train_matrix(context: Context, fold: Fold) -> CsrBlock:
    """All users × articles of the train rows of a fold, as the candidates see them."""
    return stack(context.client.gather(list(fold.base.matrix.blocks)))


def truths_of(context: Context, fold: Fold) -> dict[str, CsrBlock]:
    """What all users of a fold took afterwards: ``"new"`` and ``"all"``."""
    found = context.client.gather(list(fold.truths))
    return {kind: stack([getattr(truth, kind) for truth in found]) for kind in TRUTHS}


def judge_lists(
    context: Context, truths: Mapping[str, CsrBlock], lists: NDArray[np.int64]
) -> Measured:
    """Values of all metrics for lists that something else than the product made.

    Parameters
    ----------
    lists : int64 ``(n_users, n)``
        Article indexes of the fold, best first; −1: an empty place.

    Notes
    -----
    The same function per user as in :func:`cfdist.evaluation.measure.measure`; figures of the
    lists themselves are left out.
    """
    ks = ranks_of(context.config.evaluation)
    values = {kind: per_user(lists, truths[kind], ks, METRICS) for kind in TRUTHS}
    return Measured(values, {}, np.zeros((0, 2), np.int64), None)  # type: ignore[arg-type]


def peer_outcome(name: str, settings: Mapping[str, Any]) -> Outcome:
    """An outcome without figures, for a method that is not the product's."""
    return Outcome(Candidate(name, {"recommend.method": PEER_METHOD, **settings}))


def column(outcome: Outcome, fold: Fold, kind: str, metric: str, place: int) -> NDArray[np.float64]:
    """One value per user of a fold; nan: not judged."""
    return np.asarray(outcome.measured[fold.name].values[kind][metric][:, place])


def figures(
    context: Context, fold: Fold, outcome: Outcome, kind: str, names: Sequence[str]
) -> dict[str, Estimate]:
    """Mean and interval of metrics such as ``recall@20`` on one fold."""
    ks = ranks_of(context.config.evaluation)
    found = {}
    for name in names:
        metric, k = name.split("@")
        found[name] = estimate(column(outcome, fold, kind, metric, ks.index(int(k))))
    return found


def against(context: Context, fold: Fold, a: Outcome, b: Outcome, kind: str, name: str) -> Estimate:
    """Paired difference a − b over the users of one fold."""
    metric, k = name.split("@")
    place = ranks_of(context.config.evaluation).index(int(k))
    return paired(column(a, fold, kind, metric, place), column(b, fold, kind, metric, place))


@contextmanager
def timed(outcome: Outcome) -> Iterator[None]:
    """Add the time of the block to the outcome."""
    started = time.perf_counter()
    yield
    outcome.seconds += time.perf_counter() - started


def tell(message: str) -> None:
    """A line on standard error."""
    print(message, file=sys.stderr, flush=True)
