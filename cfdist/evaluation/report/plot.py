"""The frame of a chart with two axes."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.markup import join, tag
from cfdist.evaluation.report.measured import Estimate
from cfdist.evaluation.report.scale import Scale

_BELOW = 22


@dataclass(frozen=True)
class Plot:
    """Two axes and the words for them.

    Attributes
    ----------
    x, y : Scale
        The axes.
    height : int
        Pixels between lowest and highest y.
    x_title, y_title : str
        What they are; y's stands above the chart, so that nobody turns the head.
    x_label : callable
        A tick of x as text.
    y_label : callable
        A tick of y as text.
    """

    x: Scale
    y: Scale
    height: int
    x_title: str
    y_title: str
    x_label: Callable[[float], str]
    y_label: Callable[[float], str]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Percent and pixels of a point."""
        return self.x.at(x), self.down(y)

    def down(self, y: float) -> float:
        """Pixels from the top."""
        return self.height * (1 - self.y.at(y) / 100)

    def html(self, key: str, title: str, description: str, *marks: Markup) -> Markup:
        """The chart, its axes below the marks, in a figure."""
        drawing = svg.figure(
            key, title, description, self.height + _BELOW, self._y_axis(), self._x_axis(), *marks
        )
        return tag(
            "figure",
            tag("figcaption", self.y_title, class_="y-title"),
            drawing,
            tag("p", self.x_title, class_="x-title"),
            class_="axes",
        )

    def interval(self, x: float, estimate: Estimate, kind: str) -> Markup:
        """A vertical whisker."""
        if not estimate.has_interval:
            return Markup("")
        at = svg.along(self.x.at(x))
        return tag(
            "line",
            x1=at,
            x2=at,
            y1=f"{self.down(estimate.low):.1f}",
            y2=f"{self.down(estimate.high):.1f}",
            class_=f"whisker {kind}",
        )

    def _y_axis(self) -> Markup:
        return join(
            *(
                join(
                    svg.horizontal(self.down(tick), "grid"),
                    tag(
                        "text",
                        self.y_label(tick),
                        x="-8",
                        y=f"{self.down(tick) + 4:.1f}",
                        text_anchor="end",
                    ),
                )
                for tick in self.y.ticks
            )
        )

    def _x_axis(self) -> Markup:
        ticks = join(
            *(
                join(
                    tag(
                        "line",
                        x1=svg.along(self.x.at(tick)),
                        x2=svg.along(self.x.at(tick)),
                        y1=str(self.height),
                        y2=str(self.height + 4),
                        class_="tick",
                    ),
                    tag(
                        "text",
                        self.x_label(tick),
                        x=svg.along(self.x.at(tick)),
                        y=str(self.height + 17),
                        text_anchor="middle",
                    ),
                )
                for tick in self.x.ticks
            )
        )
        return join(svg.horizontal(self.height, "tick"), ticks)
