"""Two real shops: candidates and peers chosen on earlier windows, reported on the last one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import quality_shop_tables
from quality_judge import (
    against,
    figures,
    judge_lists,
    opened,
    peer_outcome,
    tell,
    timed,
    train_matrix,
    truths_of,
)
from quality_pairs import measure_pairs
from quality_peers import Peer, best_articles, peers

from cfdist.evaluation.candidates import default_candidates
from cfdist.evaluation.comparison import Outcome, mean_of
from cfdist.evaluation.evaluate import Comparison, compare, winner
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.ranks import ranks_of
from cfdist.stages.context import Context
from cfdist.stages.ingest import ingest

METRICS_SHOWN = ("recall@10", "ndcg@10", "recall@20")
KINDS = {"new": "exclude", "all": "include"}
"""What lists are judged on → whether they may hold what the user has."""


@dataclass(frozen=True)
class Shop:
    """A data set and how its last window is cut.

    Attributes
    ----------
    holdout_days : int
        Length of every window; the last one reports, the three before it choose.
    """

    title: str
    file: str
    holdout_days: int
    columns: dict[str, str] = field(default_factory=dict)


COMPLETE_JOURNEY = Shop("Complete Journey", "user_item_interactions.parquet", 36)
"""36 days: the last window holds weeks 49 to 53, and five hours of week 48."""

ONLINE_RETAIL = Shop(
    "Online Retail",
    "online_retail.parquet",
    30,
    {
        "user_id": "CustomerID",
        "article_id": "StockCode",
        "basket_id": "InvoiceNo",
        "quantity": "Quantity",
        "timestamp": "InvoiceDate",
    },
)

Chosen = dict[str, tuple[Peer, Outcome]]


def run(shop: Shop, data: Path, *, with_peers: bool = True) -> tuple[dict[str, Any], list[str]]:
    """Figures of the shop, and the lines of its tables.

    Raises
    ------
    FileNotFoundError
        The file of the shop is not in ``data``.
    """
    path = data / shop.file
    if not path.exists():
        raise FileNotFoundError(2, "no such file", str(path))
    document: dict[str, Any] = {"shop": shop.title}
    with opened(_settings(shop, path)) as context:
        context.memory = {}  # both comparisons share rows, matrices and factors
        rows = ingest(context)
        found = {kind: _compared(context, rows, kind) for kind in KINDS}
        chosen = _peers(context, found) if with_peers else {kind: {} for kind in KINDS}
        for kind in KINDS:
            document[kind] = _described(context, found[kind], kind, chosen[kind])
        tell("pairs")
        document["pairs"] = measure_pairs(context, found["new"].reporting)
        document["windows"] = [
            {"role": fold.role, "dates": fold.window.dates, "train": fold.base.matrix.meta["shape"]}
            for fold in found["new"].folds
            if fold.window
        ]
    return document, quality_shop_tables.lines(document)


def _settings(shop: Shop, path: Path) -> dict[str, Any]:
    return {
        "ingest": {"input": str(path), "columns": shop.columns},
        "evaluation": {
            "split": "rolling",
            "holdout_days": shop.holdout_days,
            "n_windows": 3,
            "metric": "recall@10",
            "ks": [10, 20],
        },
    }


def _for_kind(context: Context, kind: str) -> Context:
    """The run with lists and truth of one kind."""
    config = context.config
    changed = {
        "evaluation": config.evaluation.model_copy(update={"articles": kind}),
        "recommend": config.recommend.model_copy(update={"owned": KINDS[kind]}),
    }
    return context.with_config(config.model_copy(update=changed))


def _compared(context: Context, rows: Any, kind: str) -> Comparison:
    tell(f"lists of {kind} articles")
    own = _for_kind(context, kind)
    return compare(own, rows, default_candidates(own.config))


def _peers(context: Context, found: dict[str, Comparison]) -> dict[str, Chosen]:
    """For each kind of list every peer with the setting that is best on the windows that choose."""
    tried = {
        kind: {p.label: (p, peer_outcome(p.name, p.settings)) for p in peers()} for kind in KINDS
    }
    folds = found["new"].choosing
    for fold in folds:
        _judge(context, fold, peers(), tried)
    chosen = {kind: _best_of_each(tried[kind], folds, found[kind]) for kind in KINDS}
    for kind in KINDS:
        of_kind = {peer.label: (peer, outcome) for peer, outcome in chosen[kind].values()}
        _judge(context, found["new"].reporting, [p for p, _ in of_kind.values()], {kind: of_kind})
    return chosen


def _judge(
    context: Context, fold: Fold, compared: Sequence[Peer], outcomes: dict[str, Chosen]
) -> None:
    """Fit peers on one fold and judge their lists of every kind in ``outcomes``."""
    train = train_matrix(context, fold).to_scipy()
    truths = truths_of(context, fold)
    n = max(ranks_of(context.config.evaluation))
    for peer in compared:
        first = next(iter(outcomes.values()))[peer.label][1]
        with timed(first):
            scores = peer.fit(train, **peer.settings)
            for kind, of_kind in outcomes.items():
                lists = best_articles(scores, train, n, with_owned=kind == "all")
                measured = judge_lists(context, truths, lists)
                of_kind[peer.label][1].measured[fold.name] = measured
        tell(f"{fold.name}: {peer.label}: {first.seconds:.1f} s so far")


def _best_of_each(tried: Chosen, folds: Sequence[Fold], found: Comparison) -> Chosen:
    best: Chosen = {}
    means: dict[str, float] = {}
    for peer, outcome in tried.values():
        mean = mean_of(folds, outcome, found.target).mean
        if mean > means.get(peer.name, -1.0):
            best[peer.name], means[peer.name] = (peer, outcome), mean
    return best


def _described(context: Context, found: Comparison, kind: str, chosen: Chosen) -> dict[str, Any]:
    """Every candidate and chosen peer on both kinds of windows, against the decision."""
    decision = winner(found)
    if decision is None:
        raise RuntimeError("no candidate could be judged")
    rows = [(o.candidate.name, o, False) for o in found.able]
    rows += [(peer.label, outcome, True) for peer, outcome in chosen.values()]
    described = []
    for name, outcome, is_peer in rows:
        described.append(
            {
                "name": name,
                "is_peer": is_peer,
                "settings": dict(outcome.candidate.settings),
                "seconds": None if is_peer else round(outcome.seconds, 1),
                "choosing": mean_of(found.choosing, outcome, found.target),
                "figures": figures(context, found.reporting, outcome, kind, METRICS_SHOWN),
                "decision_ahead": against(
                    context, found.reporting, decision, outcome, kind, found.target.name
                ),
            }
        )  # fmt: skip
    return {
        "decision": decision.candidate.name,
        "target": found.target.name,
        "failed": {o.candidate.name: o.error for o in found.outcomes if o.error},
        "population": found.reporting.counts.population(kind, ranks_of(context.config.evaluation)),
        "rows": described,
    }
