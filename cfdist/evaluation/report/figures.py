"""Numbers as people read them. What is no number is a dash."""

import math
from datetime import datetime
from typing import Any

NONE = "–"


def number(value: Any) -> float | None:
    """A finite float, or None.

    Examples
    --------
    >>> number("12"), number(None), number(float("nan")), number(2)
    (None, None, None, 2.0)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def count(value: Any) -> str:
    """``1,981``."""
    found = number(value)
    return NONE if found is None else f"{found:,.0f}"


def decimal(value: Any, places: int = 4) -> str:
    """``0.0184``; a minus sign, never a hyphen; no sign at zero.

    Examples
    --------
    >>> decimal(0.01838), decimal(-0.5, 2), decimal(-0.00001)
    ('0.0184', '−0.50', '0.0000')
    """
    found = number(value)
    if found is None:
        return NONE
    text = f"{abs(found):,.{places}f}"
    return f"−{text}" if found < 0 and text.strip("0.,") else text


def signed(value: Any, places: int = 4) -> str:
    """``+0.0049`` or ``−0.0012``."""
    text = decimal(value, places)
    return text if text[0] in "−–" or not text.strip("0.,") else f"+{text}"


def percent(share: Any) -> str:
    """``36 %``, below ten with one decimal, ``1,240 %``.

    Examples
    --------
    >>> percent(0.364), percent(0.0421), percent(0.00004), percent(0)
    ('36 %', '4.2 %', '<0.1 %', '0 %')
    """
    found = number(share)
    if found is None:
        return NONE
    size = abs(found) * 100
    if 0 < size < 0.1:
        return "<0.1 %"
    text = f"{size:,.0f}" if size >= 9.95 or size == 0 else f"{size:.1f}"
    return f"{'−' if found < 0 else ''}{text} %"


def percent_tick(share: float) -> str:
    """``2.5 %`` or ``40 %``: as many decimals as it needs."""
    return f"{100 * share:.4g} %".replace("-", "−")


def seconds(value: Any) -> str:
    """A time in the unit that fits it.

    Examples
    --------
    >>> seconds(0.123), seconds(4.56), seconds(87.2), seconds(754), seconds(9000)
    ('0.12 s', '4.6 s', '87 s', '13 min', '2.5 h')
    """
    found = number(value)
    if found is None:
        return NONE
    if found < 1:
        return f"{found:.2f} s"
    if found < 120:
        return f"{found:.{1 if found < 10 else 0}f} s"
    return f"{found / 60:.0f} min" if found < 7200 else f"{found / 3600:.1f} h"


def compact(value: Any) -> str:
    """A tick or a setting without needless zeros.

    Examples
    --------
    >>> compact(0.5), compact(100), compact(None), compact([5, 10])
    ('0.5', '100', 'none', '5, 10')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(compact(part) for part in value)
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    return str(value)


def instant(value: Any) -> datetime | None:
    """The time that an ISO text tells, without its zone; None for any other value."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError):
        return None


def date(value: Any) -> str:
    """``3 Nov 2026``."""
    found = instant(value)
    return NONE if found is None else f"{found.day} {found:%b %Y}"


def moment(value: Any) -> str:
    """``3 Nov 2026, 14:05``."""
    found = instant(value)
    return NONE if found is None else f"{date(value)}, {found:%H:%M}"
