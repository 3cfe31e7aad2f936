"""Settings without secrets, for manifests, records and logs."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):([^/@]*)@")
_QUERY_SECRET = re.compile(r"(?i)([?&](?:[^=&]*(?:token|secret|key|sig|password)[^=&]*)=)[^&\s]*")


def redact(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which storage options and passwords within addresses are hidden.

    Examples
    --------
    >>> redact({"input": "s3://me:pa55@host/a", "storage_options": {"key": "k"}})
    {'input': 's3://me:***@host/a', 'storage_options': {'key': '***'}}
    """
    return {key: _hide(key, value) for key, value in settings.items()}


def redact_text(text: str) -> str:
    """Text with passwords and tokens of addresses hidden."""
    return _QUERY_SECRET.sub(rf"\1{HIDDEN}", _PASSWORD.sub(rf"\1:{HIDDEN}@", text))


def _hide(key: str, value: Any) -> Any:
    if key == "storage_options":
        return dict.fromkeys(value, HIDDEN)
    if isinstance(value, Mapping):
        return redact(value)
    return redact_text(value) if isinstance(value, str) else value
