"""Dates that settings name, as microseconds."""

from datetime import UTC, datetime, timedelta

from cfdist.errors import ConfigError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US = 86_400_000_000


def parse_date(text: str, setting: str) -> int:
    """Microseconds since 1970 UTC of an ISO 8601 date or time; without a zone it is UTC.

    Parameters
    ----------
    text : str
        Such as ``2024-05-01`` or ``2024-05-01T12:00+02:00``.
    setting : str
        Where it was set, for the message.

    Raises
    ------
    ConfigError
        The text is no date.

    Examples
    --------
    >>> parse_date("1970-01-02", "ingest.first_date")
    86400000000
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f"{setting} = {text!r} is not a date",
            remedy=f'write ISO 8601, such as {setting} = "2024-05-01"',
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


def show_date(moment_us: int) -> str:
    """The moment as ISO 8601 in UTC; midnight is the date alone.

    Examples
    --------
    >>> show_date(86_400_000_000), show_date(1_000_000)
    ('1970-01-02', '1970-01-01T00:00:01Z')
    """
    moment = EPOCH + timedelta(microseconds=moment_us)
    text = moment.replace(tzinfo=None).isoformat()
    return text.removesuffix("T00:00:00") if moment_us % DAY_US == 0 else f"{text}Z"
