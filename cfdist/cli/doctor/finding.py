"""One thing that was looked at."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What was found, whether it will do, and what to do where it will not."""

    what: str
    found: str
    is_fine: bool
    remedy: str = ""
