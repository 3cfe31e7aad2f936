"""How to make the page again, and what to know about it."""

from collections.abc import Mapping
from typing import Any

from cfdist.evaluation.report.figures import compact
from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import rows
from cfdist.evaluation.report.measured import section as part
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table, unfolding
from cfdist.redact import redact, redact_text


def notes(evaluation: Mapping[str, Any]) -> Section | None:
    """Remarks of the run; None where there are none."""
    given = evaluation.get("notes")
    if not isinstance(given, list | tuple) or not given:
        return None
    items = [tag("li", redact_text(str(note))) for note in given]
    return Section("notes", "Notes", "", tag("ul", *items))


def section(evaluation: Mapping[str, Any]) -> Section | None:
    """The command and the settings of every candidate; None where neither is known."""
    command = evaluation.get("command")
    typed = tag("pre", tag("code", redact_text(str(command)))) if command else None
    settings = _settings(evaluation)
    if typed is None and settings is None:
        return None
    lead = "The same rows, settings and seed give the same figures." if command else ""
    return Section("reproduce", "To run it again", lead, join(typed, settings))


def _settings(evaluation: Mapping[str, Any]) -> Any:
    table_rows = [
        Row([name(one.get("name", "?")), tag("code", key), redact_text(compact(value))])
        for one in rows(evaluation, "candidates")
        for key, value in redact(part(one, "settings")).items()
    ]
    if not table_rows:
        return None
    columns = [Column("Candidate", "name"), Column("setting"), Column("value")]
    table = Table("Settings of the candidates", columns, table_rows).html()
    return unfolding("Settings of every candidate", table)
