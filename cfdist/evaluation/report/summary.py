"""The head of the page: the verdict, the decision and the key figures."""

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report.figures import count, date, decimal, number, percent, seconds
from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import Comparison, estimate_of
from cfdist.evaluation.report.measured import section as part
from cfdist.evaluation.report.verdict import sentences

_ARTICLES = {"new": "articles the user did not have", "all": "all articles"}


def summary(found: Comparison, evaluation: Mapping[str, Any]) -> Markup:
    """What a reader with half a minute reads."""
    tiles = [
        tag("div", tag("dt", title), tag("dd", value, tag("small", words)))
        for title, value, words in _tiles(found, evaluation)
    ]
    figures = tag("dl", *tiles, class_="tiles") if tiles else None
    first, *rest = sentences(evaluation)
    more = tag("p", " ".join(rest), class_="rest") if rest else None
    return join(tag("p", first, class_="verdict"), more, _decision(evaluation), figures)


def _decision(evaluation: Mapping[str, Any]) -> Markup | None:
    decision = part(evaluation, "decision")
    if not decision:
        return None
    before = decision.get("changed_from")
    return tag(
        "p",
        tag("strong", "Decision: "),
        tag("code", "auto"),
        " means ",
        tag("b", name(decision.get("name", "?"))),
        f" until {date(decision['expires_at'])}" if decision.get("expires_at") else None,
        join(" (it was ", name(before), ")") if before else None,
        f": {str(decision['reason']).rstrip('.')}" if decision.get("reason") else None,
        ".",
        class_="decision",
    )


def _tiles(found: Comparison, evaluation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    population = part(evaluation, "population")
    marked, k = found.marked, str(evaluation.get("k", 10))
    if marked is not None:
        words = f"{marked.name}, {_ARTICLES.get(found.articles, found.articles)}"
        yield found.key, decimal(marked.primary.mean), words
    judged, total = number(population.get("n_judged")), number(population.get("n_users_in_test"))
    if judged is not None:
        window = f" ({population['window']})" if population.get("window") else ""
        share = f"{percent(judged / total)} of {count(total)} in the test{window}" if total else ""
        yield "users judged", count(judged), share
    if (ceiling := number(part(population, "ceiling").get(k))) is not None:
        yield f"ceiling at {k}", f"{ceiling:.2f}", "recall of lists that know the future"
    pairs = part(evaluation, "pairs")
    for key, value in pairs.items():
        if key.endswith(f"hit@{k}") and (estimate := estimate_of(value)) is not None:
            words = f"of later baskets, {estimate.interval()}, {count(pairs.get('n_baskets'))}"
            yield f"partners, {key.replace('_', ' ')}", decimal(estimate.mean), words
    if (taken := number(evaluation.get("seconds"))) is not None:
        n = len(found.ranked) + len(found.failed)
        yield "time", seconds(taken), f"{n} candidate{'' if n == 1 else 's'}"
