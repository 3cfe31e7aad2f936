"""Where the names of points go, so that none covers another."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cfdist.evaluation.report.markup import in_chart

WIDE, NARROW = 620.0, 270.0
"""Widths in pixels that a chart has in a usual window and on a phone."""
_LETTER, _LINE, _GAP = 6.8, 14.0, 9.0


@dataclass(frozen=True)
class Spot:
    """Where a label stands.

    Attributes
    ----------
    dx, y : float
        Pixels from the point, and from the top of the chart to the baseline.
    anchor : str
        ``start`` right of the point, ``end`` left of it.
    in_narrow : bool
        There is room for it in a narrow window too.
    """

    dx: float
    y: float
    anchor: str
    in_narrow: bool


_Box = tuple[float, float, float, float]


def spots(texts: Sequence[str], points: Sequence[tuple[float, float]]) -> list[Spot | None]:
    """A spot per label, the first ones served first; None where there is no room.

    Parameters
    ----------
    texts : Sequence of str
        Labels, the most important first.
    points : Sequence of (float, float)
        Percent from the left, pixels from the top; may be more than there are labels.
    """
    wide, narrow = _marks(points, WIDE), _marks(points, NARROW)
    found: list[Spot | None] = []
    for text, (x, y) in zip(texts, points, strict=False):
        width = _width(text)
        tries = [_spot(x, y, side, up) for up in (-0.8, 0, 0.8) for side in ("start", "end")]
        free = [s for s in tries if _is_free(s, x, width, WIDE, wide)]
        in_both = [s for s in free if _is_free(s, x, width, NARROW, narrow)]
        spot = next(iter(in_both or free), None)
        if spot is not None:
            wide.append(_box(spot, x, width, WIDE))
        if spot is not None and in_both:
            narrow.append(_box(spot, x, width, NARROW))
            spot = replace(spot, in_narrow=True)
        found.append(spot)
    return found


def _marks(points: Sequence[tuple[float, float]], chart: float) -> list[_Box]:
    return [(x * chart / 100 - 4, y - 4, x * chart / 100 + 4, y + 4) for x, y in points]


def _spot(x: float, y: float, side: str, up: float) -> Spot:
    return Spot(_GAP if side == "start" else -_GAP, y + 4 + up * _LINE, side, in_narrow=False)


def _box(spot: Spot, x: float, width: float, chart: float) -> _Box:
    left = x * chart / 100 + spot.dx - (width if spot.anchor == "end" else 0)
    return left, spot.y - _LINE + 3, left + width, spot.y + 3


def _is_free(spot: Spot, x: float, width: float, chart: float, taken: Sequence[_Box]) -> bool:
    left, top, right, bottom = _box(spot, x, width, chart)
    inside = left >= 0 and right <= chart + 20 and top >= -_LINE
    return inside and not any(
        left < r and right > le and top < b and bottom > t for le, t, r, b in taken
    )


def _width(text: str) -> float:
    shown = in_chart(text).unescape()
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in shown)
    return _LETTER * (len(shown) - 2 + wide)
