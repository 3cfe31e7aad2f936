"""Which spans of time are held out, and what a split is called."""

from typing import Literal, NamedTuple

from cfdist.algorithms.interactions import DAY_US
from cfdist.errors import ConfigError, DataError
from cfdist.input.dates import parse_date, show_date
from cfdist.settings import EvaluationSettings
from cfdist.stages.split import Rule

LARGEST_SHARE = 5
"""A window takes a fifth of the dates at most."""


class Window(NamedTuple):
    """A span of time whose purchases are held out; what comes before it is learned from.

    Attributes
    ----------
    name : str
        For tables: ``"choose 1"``, ``"report"``.
    role : {"choose", "report"}
        Whether the window decides between methods, or reports on the decision.
    from_us, until_us : int
        Microseconds since 1970 UTC; ``until_us`` itself is outside.
    """

    name: str
    role: Literal["choose", "report"]
    from_us: int
    until_us: int

    @property
    def rule(self) -> Rule:
        """What :func:`cfdist.stages.split.split` is to do."""
        return Rule("date", (self.from_us, self.until_us))

    @property
    def dates(self) -> str:
        """First moment and end, for people."""
        return f"{show_date(self.from_us)} … {show_date(self.until_us)}"


def plan_windows(
    settings: EvaluationSettings, first_us: int | None, last_us: int | None
) -> list[Window]:
    """Windows in the order of time; the last one reports.

    Parameters
    ----------
    first_us, last_us : int or None
        Oldest and newest timestamp; None without timestamps.

    Returns
    -------
    list of Window
        ``date``: one, from ``settings.date`` or of the last ``holdout_days``. ``rolling``: up to
        ``n_windows`` that choose, then one that reports, each as long as the other and without a
        gap; at least half of the span stays before the first.

    Raises
    ------
    ConfigError
        ``settings.date`` is no date or lies outside the data.
    DataError
        No timestamps, or a span of less than two days.

    Notes
    -----
    A window is at most a fifth of the span. From a day on its length is whole days in UTC, and
    it starts at midnight.

    Examples
    --------
    >>> settings = EvaluationSettings(split="rolling", n_windows=2, holdout_days=7)
    >>> for window in plan_windows(settings, 0, 100 * DAY_US - 1):
    ...     print(window.name, window.dates)
    choose 1 1970-03-21 … 1970-03-28
    choose 2 1970-03-28 … 1970-04-04
    report 1970-04-04 … 1970-04-11
    """
    if first_us is None or last_us is None:
        raise _no_times(settings.split)
    if settings.split == "date" and settings.date is not None:
        from_us = _date_within(settings.date, first_us, last_us)
        return [Window("report", "report", from_us, last_us + 1)]
    length_us, end_us = _length_and_end(settings, first_us, last_us)
    n_choosing = 0
    if settings.split == "rolling":
        n_choosing = min(settings.n_windows, _most_that_choose(first_us, last_us, length_us))
    return [
        Window(
            f"choose {n_choosing - left + 1}" if left else "report",
            "choose" if left else "report",
            end_us - (left + 1) * length_us,
            end_us - left * length_us,
        )
        for left in range(n_choosing, -1, -1)
    ]


def windows_note(settings: EvaluationSettings, windows: list[Window]) -> str | None:
    """What to tell where the dates allow fewer or shorter windows than asked for, or None."""
    if settings.split not in ("date", "rolling") or settings.date is not None:
        return None
    notes = []
    n_choosing = sum(window.role == "choose" for window in windows)
    if settings.split == "rolling" and n_choosing < settings.n_windows:
        notes.append(
            f"{n_choosing} of evaluation.n_windows = {settings.n_windows} windows choose: "
            "half of the dates stays before the first"
        )
    days = (windows[-1].until_us - windows[-1].from_us) / DAY_US
    if days < 0.99 * settings.holdout_days:
        notes.append(
            f"a window has {days:.3g} of evaluation.holdout_days = {settings.holdout_days:g} days: "
            "it takes a fifth of the dates at most"
        )
    return "; ".join(notes) or None


def plan_rule(settings: EvaluationSettings, has_timestamps: bool) -> Rule:
    """The rule of a split that is not by windows: ``last_k``, ``random``, ``files``.

    Raises
    ------
    ConfigError
        ``files`` without ``test_input``.
    DataError
        ``last_k`` without timestamps.
    """
    if settings.split == "random":
        return Rule("random", (settings.share, settings.seed))
    if settings.split == "last_k":
        if not has_timestamps:
            raise _no_times(settings.split)
        return Rule("last_k", (settings.last_k,))
    if settings.split != "files":
        raise ValueError(f"{settings.split} is a split by windows")
    if not settings.test_input:
        raise ConfigError(
            "evaluation.split = 'files' without evaluation.test_input",
            remedy="name the file of held-out rows in evaluation.test_input",
        )
    return Rule("files", (settings.test_input,))


def split_label(settings: EvaluationSettings) -> tuple[str, str | None]:
    """What the split is called in tables, and what to beware of.

    Examples
    --------
    >>> split_label(EvaluationSettings(split="random", share=0.2))[0]
    "random 20 % of every user's articles"
    """
    if settings.split == "last_k":
        last = "article" if settings.last_k == 1 else f"{settings.last_k} articles"
        return (
            f"last {last} of every user",
            "leaks other users' future: the model sees what others took after that moment",
        )
    if settings.split == "random":
        return (
            f"random {100 * settings.share:.3g} % of every user's articles",
            "leaks the future: the model sees purchases that came after the held-out ones",
        )
    if settings.split == "files":
        return f"rows of {settings.test_input}", None
    if settings.date is not None and settings.split == "date":
        return f"purchases from {settings.date} on", None
    length = f"{settings.holdout_days:g} days"
    if settings.split == "rolling":
        return f"rolling windows of {length}", None
    return f"purchases of the last {length}", None


def _no_times(split: str) -> DataError:
    return DataError(
        f"evaluation.split = {split!r} needs timestamps, and the input has none",
        remedy="name their column in ingest.columns.timestamp, or set evaluation.split=random",
    )


def _date_within(text: str, first_us: int, last_us: int) -> int:
    """The date, with data on both sides."""
    from_us = parse_date(text, "evaluation.date")
    if not first_us < from_us <= last_us:
        raise ConfigError(
            f"evaluation.date = {text!r} is outside the data, which are of "
            f"{show_date(first_us)} … {show_date(last_us)}",
            remedy="set a date between them, or leave it out to hold out the last "
            "evaluation.holdout_days",
        )
    return from_us


def _length_and_end(settings: EvaluationSettings, first_us: int, last_us: int) -> tuple[int, int]:
    """Length of a window, and the end of the last."""
    span_us = last_us + 1 - first_us
    if last_us - first_us < 2 * DAY_US:
        raise DataError(
            f"the dates span {span_us / DAY_US:.2g} days, a split by date needs 2 at least",
            remedy="set evaluation.date to a moment between them, or evaluation.split=random",
        )
    length_us = min(int(settings.holdout_days * DAY_US), span_us // LARGEST_SHARE)
    if length_us < DAY_US:
        return max(length_us, 1), last_us + 1
    return length_us // DAY_US * DAY_US, (last_us // DAY_US + 1) * DAY_US


def _most_that_choose(first_us: int, last_us: int, length_us: int) -> int:
    """Windows before the one that reports, so that half of the span stays before them."""
    return (last_us + 1 - first_us) // (2 * length_us) - 1
