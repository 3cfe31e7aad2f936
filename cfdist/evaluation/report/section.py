"""A section of the page."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report.markup import join, tag


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Attributes
    ----------
    key : str
        Its id in the page.
    title : str
        Its heading, and its entry in the contents.
    lead : str or Markup
        One or two sentences on what it shows and how to read it.
    body : Markup
        Charts and tables.
    """

    key: str
    title: str
    lead: str | Markup
    body: Markup

    def html(self) -> Markup:
        """The section with its heading."""
        heading = tag("h2", self.title, id=f"{self.key}-heading")
        lead = tag("p", self.lead, class_="lead") if self.lead else None
        return tag(
            "section",
            join(heading, lead, self.body),
            id=self.key,
            aria_labelledby=f"{self.key}-heading",
        )


def badge(text: Any, kind: str = "") -> Markup:
    """A small word beside a name."""
    return tag("span", text, class_=f"badge {kind}".strip())
