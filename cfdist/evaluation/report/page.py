"""The page: its sections in order, within one template."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from cfdist.evaluation.report import (
    bars,
    coverage,
    curve,
    difference,
    failures,
    forest,
    lists,
    metrics,
    population,
    reproduce,
    sample,
    scatter,
    timeline,
    trials,
)
from cfdist.evaluation.report.figures import moment
from cfdist.evaluation.report.markup import safe
from cfdist.evaluation.report.measured import Comparison, comparison
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.summary import summary
from cfdist.redact import redact_text

_ENVIRONMENT = Environment(
    autoescape=True, finalize=safe, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
)


def render(
    evaluation: Mapping[str, Any],
    last: Mapping[str, Any] | None = None,
    with_ids: bool = False,
) -> str:
    """One self-contained HTML page about an evaluation.

    Parameters
    ----------
    evaluation : Mapping
        JSON values. A missing key leaves its section out.
    last : Mapping, optional
        The evaluation before, to be compared with.
    with_ids : bool
        Whether the example lists name the ids of users; otherwise users are numbered.

    Returns
    -------
    str
        HTML that loads nothing. Names and ids are escaped; a policy in the page allows no other
        script and style than its own.
    """
    found = comparison(evaluation)
    sections = [s for s in _sections(found, evaluation, last, with_ids=with_ids) if s is not None]
    style, script = _own("style.css"), _own("page.js")
    template = _ENVIRONMENT.from_string(_own("page.html"))
    return template.render(
        title=evaluation.get("title") or "Evaluation",
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}",
        facts=list(_facts(evaluation)),
        summary=summary(found, evaluation),
        sections=sections,
    )


def _sections(
    found: Comparison,
    evaluation: Mapping[str, Any],
    last: Mapping[str, Any] | None,
    *,
    with_ids: bool,
) -> Iterator[Section | None]:
    """What a reader asks first comes first."""
    yield forest.section(found, filled=evaluation.get("filled") is not False)
    yield failures.section(found)
    yield difference.section(found, evaluation, last)
    yield scatter.section(found)
    yield curve.section(found, evaluation)
    yield bars.groups(found)
    yield bars.categories(found)
    yield coverage.section(found)
    yield lists.section(evaluation, with_ids=with_ids)
    yield timeline.section(evaluation)
    yield population.section(evaluation)
    yield sample.section(found, evaluation)
    yield trials.section(found, evaluation)
    yield metrics.section(found)
    yield reproduce.notes(evaluation)
    yield reproduce.section(evaluation)


def _facts(evaluation: Mapping[str, Any]) -> Iterator[str]:
    """The line under the title."""
    source = redact_text(str(evaluation.get("input") or ""))
    if source and source not in str(evaluation.get("title")):
        yield source
    if evaluation.get("created_at"):
        yield moment(evaluation["created_at"])
    if evaluation.get("run"):
        yield f"run {evaluation['run']}"
    if evaluation.get("cfdist_version"):
        yield f"cfdist {evaluation['cfdist_version']}"


def _own(file: str) -> Markup:
    """A file beside this one: written by this program, so markup."""
    return Markup((files(__package__) / file).read_text("utf-8"))  # noqa: S704 - no data in it


def _hash(text: str) -> str:
    """What a policy calls an inline text."""
    digest = hashlib.sha256(str(text).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
