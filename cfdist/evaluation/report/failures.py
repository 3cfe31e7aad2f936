"""Candidates that failed, with what they said."""

from cfdist.evaluation.report.figures import seconds
from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import Comparison
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table
from cfdist.redact import redact_text


def section(found: Comparison) -> Section | None:
    """A table of names and errors; None where all went well."""
    if not found.failed:
        return None
    columns = [Column("Candidate", "name"), Column("after", "number"), Column("error", "text")]
    table_rows = [
        Row(
            [
                name(one.get("name", "?")),
                seconds(one.get("seconds")),
                tag("code", redact_text(str(one.get("error") or "no message"))),
            ]
        )
        for one in found.failed
    ]
    lead = "These took no part in the comparison."
    table = Table("Failed candidates", columns, table_rows).html()
    return Section("failed", "Failed candidates", lead, join(table))
