"""`cupyx.seterr` and `cupyx.errstate`: whether linear algebra raises."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_state: dict[str, Any] = {
    "divide": None, "over": None, "under": None, "invalid": None, "linalg": "ignore",
}  # fmt: skip


def raises() -> bool:
    """Whether a failure of linear algebra is an exception."""
    return _state["linalg"] == "raise"


def seterr(**given: Any) -> dict[str, Any]:
    """The state before; only ``linalg`` can be set, as in cupy."""
    if given.get("linalg") not in (None, "ignore", "raise"):
        raise NotImplementedError("linalg is 'ignore' or 'raise'")
    before = dict(_state)
    _state.update({key: value for key, value in given.items() if value is not None})
    return before


def geterr() -> dict[str, Any]:
    """The state."""
    return dict(_state)


@contextmanager
def errstate(**given: Any) -> Iterator[None]:
    """Another state inside a block."""
    before = seterr(**given)
    try:
        yield
    finally:
        _state.update(before)


OWN = {"seterr": seterr, "geterr": geterr, "errstate": errstate}
