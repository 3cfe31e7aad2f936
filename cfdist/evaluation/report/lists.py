"""Ten example lists, with the names of articles and where each entry comes from."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import rows
from cfdist.evaluation.report.section import Section, badge

_MOST_LISTS = 10
_MOST_OF_HISTORY = 12


def section(evaluation: Mapping[str, Any], *, with_ids: bool) -> Section | None:
    """Example lists; None where there are none.

    Parameters
    ----------
    evaluation : Mapping
        The JSON values of an evaluation.
    with_ids : bool
        Whether the ids of users are shown; otherwise they are numbered.
    """
    examples = rows(evaluation, "examples")[:_MOST_LISTS]
    if not examples:
        return None
    cards = [
        _card(example, _user(example, place, with_ids=with_ids))
        for place, example in enumerate(examples, 1)
    ]
    lead = join(
        "What the lists look like. ",
        badge("✓ taken", "hit"),
        " marks what the user took in the test window; the small word is the entry's source.",
    )
    return Section("examples", "Example lists", lead, tag("div", *cards, class_="cards"))


def _user(example: Mapping[str, Any], place: int, *, with_ids: bool) -> Any:
    return name(example.get("user"), 40) if with_ids else f"user {place}"


def _card(example: Mapping[str, Any], user: Any) -> Markup:
    entries = rows(example, "entries")
    n_hits = sum(bool(entry.get("hit")) for entry in entries)
    hits = tag("small", f" {n_hits} of {len(entries)} taken")
    found = tag("ol", *map(_entry, entries)) if entries else tag("p", "no list")
    return tag("article", tag("h3", user, hits), _history(example.get("history")), found)


def _history(history: Any) -> Markup | None:
    """What the user had before, the first few."""
    if not isinstance(history, list | tuple) or not history:
        return None
    shown: Sequence[Any] = history[:_MOST_OF_HISTORY]
    more = len(history) - len(shown)
    names = [join(", " if place else "", name(one, 60)) for place, one in enumerate(shown)]
    rest = f" and {more} more" if more > 0 else ""
    return tag("p", tag("b", "had: "), *names, rest, class_="history")


def _entry(entry: Mapping[str, Any]) -> Markup:
    is_hit = bool(entry.get("hit"))
    called = entry.get("name") or entry.get("article") or "?"
    mark = join(" ", badge("✓ taken", "hit")) if is_hit else None
    source = tag("small", " ", entry["source"]) if entry.get("source") else None
    line = tag("div", tag("span", name(called, 80), mark), source, class_="entry")
    return tag("li", line, class_="hit" if is_hit else None)
