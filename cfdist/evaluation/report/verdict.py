"""The evaluation in one sentence: who beats ``popular``, by how much, and how sure that is."""

from collections.abc import Mapping, Sequence
from typing import Any

from cfdist.evaluation.report.figures import count, decimal, number, percent
from cfdist.evaluation.report.markup import clean
from cfdist.evaluation.report.measured import (
    POPULAR,
    Candidate,
    Comparison,
    Estimate,
    comparison,
    estimate_of,
    section,
)

_MOST_NAMES = 3


def verdict(evaluation: Mapping[str, Any]) -> str:
    """One or two sentences of plain text, for the page and for the terminal.

    A candidate *beats* another when the 95 % interval of the paired difference lies above zero.

    Parameters
    ----------
    evaluation : Mapping
        The JSON values of an evaluation.

    Returns
    -------
    str
        Without control characters, whatever the names hold.
    """
    return " ".join(sentences(evaluation))


def sentences(evaluation: Mapping[str, Any]) -> list[str]:
    """The verdict sentence by sentence: the judgement first, then what it rests on."""
    found = comparison(evaluation)
    if nobody := _nobody(found, evaluation):
        told = [nobody, _failures(found)]
    else:
        told = [_judgement(found), _confirmation(found), _failures(found)]
    return [clean(sentence) for sentence in told if sentence]


def _judgement(found: Comparison) -> str:
    if len(found.ranked) == 1:
        return f"{_alone(found, found.ranked[0])}; there is nothing to compare it with."
    if found.popular is None:
        return _without_popular(found)
    winners = [c for c in found.ranked if c is not found.popular and _beats_popular(c)]
    if not winners:
        return _nothing_beats(found, found.popular)
    subject = found.chosen if found.chosen in winners else winners[0]
    return f"{_beats(found, subject, found.popular)}{_rivals(found, subject)}."


def _nobody(found: Comparison, evaluation: Mapping[str, Any]) -> str:
    """Why there is no verdict; empty where there is one."""
    population = section(evaluation, "population")
    n_judged = number(population.get("n_judged"))
    if n_judged == 0 or (found.ranked and all(c.primary.n_users == 0 for c in found.ranked)):
        cold = number(population.get("n_cold_users"))
        why = f": {count(cold)} were not in the training data" if cold else ""
        return f"No verdict: there is no user to judge{why}."
    if found.ranked:
        return ""
    if found.failed:
        n = len(found.failed)
        which = {1: "the only candidate", 2: "both candidates"}.get(n, f"all {n} candidates")
        return f"No verdict: {which} failed."
    return "No verdict: no candidate was measured."


def _alone(found: Comparison, candidate: Candidate) -> str:
    value = candidate.primary
    interval = f", 95 % interval {value.interval()}" if value.has_interval else ""
    return f"{candidate.name} has {found.key} {decimal(value.mean)}{interval}{_users(value)}"


def _users(estimate: Estimate) -> str:
    if estimate.n_users is None:
        return ""
    return f", {count(estimate.n_users)} user{'' if estimate.n_users == 1 else 's'}"


def _beats_popular(candidate: Candidate) -> bool:
    return candidate.against_popular is not None and candidate.against_popular.is_above_zero


def _beats(found: Comparison, winner: Candidate, popular: Candidate) -> str:
    """``A beats popular by 36 % (recall@10 …, paired …, 1,981 users)``."""
    lead = _relative(winner, popular)
    return f"{winner.name} beats {popular.name}{lead} ({_figures(found, winner, popular)})"


def _relative(one: Candidate, other: Candidate) -> str:
    """`` by 36 %``; empty where the other has nothing."""
    if other.primary.mean <= 0:
        return ""
    return f" by {percent(abs(one.primary.mean / other.primary.mean - 1))}"


def _figures(found: Comparison, one: Candidate, popular: Candidate) -> str:
    """Both means, the paired difference and the number of users."""
    means = f"{found.key} {decimal(one.primary.mean)} against {decimal(popular.primary.mean)}"
    paired = one.against_popular
    return f"{means}{f', paired {paired.spread()}' if paired else ''}{_users(one.primary)}"


def _rivals(found: Comparison, subject: Candidate) -> str:
    """How sure it is that the subject leads the other candidates too."""
    best = found.ranked[0]
    chosen = found.chosen
    told = f"; chosen was {chosen.name}" if chosen is not None and chosen is not subject else ""
    if subject is not best:
        return f"; {_behind_best(subject, best)}{told}"
    others = [c for c in found.ranked[1:] if c is not found.popular]
    close = [c for c in others if c.against_best is not None and not c.against_best.is_separable]
    if close:
        return f"; against {_names([c.name for c in close])} it is not separable{told}"
    if not others or any(c.against_best is None for c in others):
        return told
    all_others = _names([c.name for c in others], f"all {len(others)} other candidates")
    return f"; it beats {all_others} too{told}"


def _behind_best(subject: Candidate, best: Candidate) -> str:
    difference = subject.against_best
    if difference is None or not difference.is_separable:
        return (
            f"against {best.name}, which measured {decimal(best.primary.mean)}, it is not separable"
        )
    return f"{best.name} is better still{_relative(best, subject)}"


def _nothing_beats(found: Comparison, popular: Candidate) -> str:
    """``popular`` is best, or nobody is far enough above it to tell."""
    nearest = next(c for c in found.ranked if c is not popular)
    paired = nearest.against_popular
    figures = _figures(found, nearest, popular)
    if paired is not None and paired.is_separable:
        behind = _relative(nearest, popular)
        return (
            f"{popular.name} is best: {nearest.name}, the nearest, is behind{behind} ({figures})."
        )
    if paired is None:
        return f"Nothing is known to beat {popular.name}: {nearest.name} is nearest ({figures})."
    return f"Nothing beats {popular.name}: {nearest.name} is not separable from it ({figures})."


def _without_popular(found: Comparison) -> str:
    best = found.ranked[0]
    leading = f"{_alone(found, best)}, the highest; {POPULAR} was not measured"
    return f"{leading}{_rivals(found, best)}."


def _confirmation(found: Comparison) -> str:
    """The same pair in the later window, which no choice could have seen."""
    if found.popular is None or found.marked is None or found.marked is found.popular:
        return ""
    value, popular = (_later(c, found) for c in (found.marked, found.popular))
    if value is None or popular is None:
        return ""
    means = f"{decimal(value.mean)} against {decimal(popular.mean)}"
    paired = estimate_of(found.marked.values.get("report_against_popular"))
    sure = f", paired {paired.spread()}" if paired else ""
    doubt = "; there it is not separable" if paired and not paired.is_separable else ""
    return (
        f"In the later window, which chose nothing, {found.marked.name} has {means}{sure}{doubt}."
    )


def _later(candidate: Candidate, found: Comparison) -> Estimate | None:
    return estimate_of(
        section(section(candidate.values, "report_metrics"), found.articles).get(found.key)
    )


def _failures(found: Comparison) -> str:
    if not found.failed:
        return ""
    return f"Failed: {_names([str(one.get('name', '?')) for one in found.failed])}."


def _names(names: Sequence[str], if_many: str = "") -> str:
    """``a``, ``a and b``, ``a, b, c and 4 others``; other words for many, where they are given."""
    if len(names) > _MOST_NAMES + 1:
        if if_many:
            return if_many
        names = [*names[:_MOST_NAMES], f"{len(names) - _MOST_NAMES} others"]
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
