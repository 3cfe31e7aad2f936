"""Elements built from hostile text: what is not markup already is cleaned and escaped."""

import re
from typing import Any

from markupsafe import Markup, escape

_SPACES = re.compile(r"[\t\n\r\x0b\x0c\u2028\u2029]")
_UNSHOWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # they reorder the text that follows
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # no characters; half of them break UTF-8
)


def clean(value: Any) -> str:
    """Text of one line without controls, marks of direction and broken characters.

    Examples
    --------
    >>> clean("tea\\tand\\x00 milk")
    'tea and\ufffd milk'
    """
    plain = "".join(str(value))  # text again, where it was markup
    return _UNSHOWABLE.sub("\ufffd", _SPACES.sub(" ", plain))


def safe(value: Any) -> Markup:
    """Markup as it is; anything else cleaned and escaped; nothing for None.

    Examples
    --------
    >>> str(safe("<b>"))
    '&lt;b&gt;'
    """
    if value is None:
        return Markup("")
    return value if isinstance(value, Markup) else escape(clean(value))


def tag(element: str, *children: Any, **attributes: Any) -> Markup:
    """One element with an end tag.

    Parameters
    ----------
    element : str
        Its name; written by this program, never by the data.
    *children : Any
        Elements or text.
    **attributes : Any
        ``class_`` is ``class``; another underscore becomes a hyphen; None leaves one out.

    Examples
    --------
    >>> str(tag("p", "1 < 2", class_="note"))
    '<p class="note">1 &lt; 2</p>'
    """
    given = Markup("").join(
        # Markup is escaped too: its quotes would end the attribute.
        Markup(' {}="{}"').format(_attribute(name), clean(value))
        for name, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(safe(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(element), given, inner)  # noqa: S704 - own text


def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def join(*parts: Any) -> Markup:
    """Elements one after the other."""
    return Markup("").join(safe(part) for part in parts)


def name(value: Any, limit: int | None = None) -> Markup:
    """A name from the data, kept apart from the direction of the text around it."""
    text = clean(value)
    short = text if limit is None else _shortened(text, limit)
    return tag("bdi", short, title=text if short != text else None)


def in_chart(value: Any, limit: int = 28) -> Markup:
    """A name as text of an SVG: short, its direction isolated by characters."""
    return Markup("\u2068{}\u2069").format(_shortened(clean(value), limit))


def _shortened(text: str, limit: int) -> str:
    """At most `limit` letters. Names of variants differ at their ends, so the middle goes."""
    end = (limit - 1) // 2
    return text if len(text) <= limit else f"{text[: limit - 1 - end]}…{text[-end:]}"
