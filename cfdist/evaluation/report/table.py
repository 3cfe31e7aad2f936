"""Tables: of numbers and names, and of rows of a chart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report.markup import tag


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    head : Any
        Text or markup of its head.
    kind : str
        ``name``, ``number``, ``chart`` or ``text``, and more classes after a space.
    hint : str or None
        What shows when the pointer rests on the head.
    label : str
        Name of the column beside its cells in a narrow window; empty: the head, where it is text.
    """

    head: Any
    kind: str = "text"
    hint: str | None = None
    label: str = ""


@dataclass(frozen=True)
class Row:
    """Cells of a row, and the class that it is drawn with."""

    cells: Sequence[Any]
    class_: str | None = None


@dataclass(frozen=True)
class Table:
    """A table with a caption.

    Attributes
    ----------
    caption : str
        What it holds; shown unless a chart's heading says it already.
    columns : Sequence of Column
        From left to right.
    rows : Sequence of Row
        From top to bottom.
    class_ : str
        ``chart`` for rows of a chart, ``wide`` for many columns.
    above : Sequence of Row
        Rows of the head below the columns' names, such as an axis.
    spans : Sequence of (str, int)
        Names over several columns, and over how many.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    class_: str = ""
    above: Sequence[Row] = field(default=())
    spans: Sequence[tuple[str, int]] = field(default=())

    def html(self) -> Markup:
        """The table in a box that scrolls sideways where it is too wide."""
        head = tag("tr", *(self._head(column) for column in self.columns), class_="columns")
        table = tag(
            "table",
            tag("caption", self.caption),
            tag("thead", self._over(), head, *self._rows(self.above, "td")),
            tag("tbody", *self._rows(self.rows, "th")),
            class_=self.class_ or None,
        )
        return tag(
            "div", table, class_="scroll", tabindex="0", role="region", aria_label=self.caption
        )

    def _head(self, column: Column) -> Markup:
        return tag("th", column.head, scope="col", class_=column.kind, title=column.hint)

    def _over(self) -> Markup | None:
        """The row of names over several columns."""
        if not self.spans:
            return None
        heads = (
            tag("th", text, colspan=str(n), scope="colgroup", class_="over")
            if text
            else tag("td", colspan=str(n))
            for text, n in self.spans
        )
        return tag("tr", *heads)

    def _rows(self, rows: Iterable[Row], first: str) -> Iterable[Markup]:
        for row in rows:
            cells = (
                self._cell(first if place == 0 else "td", cell, column)
                for place, (cell, column) in enumerate(zip(row.cells, self.columns, strict=True))
            )
            yield tag("tr", *cells, class_=row.class_)

    def _cell(self, element: str, cell: Any, column: Column) -> Markup:
        scope = "row" if element == "th" else None
        # A narrow window hides the head, and shows its words beside the cells.
        is_text = isinstance(column.head, str) and not isinstance(column.head, Markup)
        label = column.label or (column.head if is_text else None)
        return tag(element, cell, scope=scope, class_=column.kind, data_label=label or None)


def unfolding(summary: str, *content: Markup) -> Markup:
    """Content that opens on a click; paper shows it."""
    return tag("details", tag("summary", summary), *content)
