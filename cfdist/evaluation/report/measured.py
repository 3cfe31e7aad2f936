"""What was measured, read from the JSON of an evaluation; missing values stay missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cfdist.evaluation.report.figures import decimal, number, signed

POPULAR = "popular"


@dataclass(frozen=True)
class Estimate:
    """A mean over users with its 95 % interval.

    Attributes
    ----------
    mean, low, high : float
        Without an interval ``low`` and ``high`` are the mean.
    standard_error : float or None
        Of the mean.
    n_users : int or None
        Over how many users.
    """

    mean: float
    low: float
    high: float
    standard_error: float | None = None
    n_users: int | None = None

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval: of one user alone there is none."""
        return self.high > self.low

    @property
    def is_above_zero(self) -> bool:
        """The whole interval lies above zero."""
        return self.has_interval and self.low > 0

    @property
    def is_separable(self) -> bool:
        """The interval does not hold zero."""
        return self.has_interval and (self.low > 0 or self.high < 0)

    @property
    def half_width(self) -> float:
        """Half of the interval's length: what stands after ±."""
        return (self.high - self.low) / 2

    def spread(self) -> str:
        """``+0.0049 ± 0.0017``, of a difference."""
        around = f" ± {decimal(self.half_width)}" if self.has_interval else ""
        return signed(self.mean) + around

    def interval(self) -> str:
        """``0.0160 to 0.0210``."""
        return f"{decimal(self.low)} to {decimal(self.high)}" if self.has_interval else "–"


def estimate_of(value: Any) -> Estimate | None:
    """The estimate that a JSON value tells; None where there is no mean."""
    if not isinstance(value, Mapping) or (mean := number(value.get("mean"))) is None:
        return None
    low, high = number(value.get("low")), number(value.get("high"))
    users = number(value.get("n_users"))
    known = low is not None and high is not None
    return Estimate(
        mean,
        low if low is not None and known else mean,
        high if high is not None and known else mean,
        number(value.get("standard_error")),
        None if users is None else int(users),
    )


@dataclass(frozen=True)
class Candidate:
    """One candidate that was measured."""

    name: str
    method: str
    primary: Estimate
    values: Mapping[str, Any]

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return number(self.values.get("seconds"))

    @property
    def against_popular(self) -> Estimate | None:
        """Paired difference: this candidate minus ``popular``."""
        return estimate_of(self.values.get("against_popular"))

    @property
    def against_best(self) -> Estimate | None:
        """Paired difference: this candidate minus the one with the highest mean."""
        return estimate_of(self.values.get("against_best"))


@dataclass(frozen=True)
class Comparison:
    """The candidates of one evaluation.

    Attributes
    ----------
    key : str
        The metric that they are judged on, such as ``recall@10``.
    articles : str
        ``new`` or ``all``.
    k : str
        Length of the lists.
    ranked : tuple of Candidate
        Those that were measured, the highest mean first, ties by name.
    failed : tuple of Mapping
        Those that were not, as they stand in the JSON.
    chosen : Candidate or None
        The decision's, where one was made.
    """

    key: str
    articles: str
    k: str
    ranked: tuple[Candidate, ...]
    failed: tuple[Mapping[str, Any], ...]
    popular: Candidate | None
    chosen: Candidate | None

    @property
    def marked(self) -> Candidate | None:
        """The candidate that charts point out: the chosen one, else the best."""
        return self.chosen or (self.ranked[0] if self.ranked else None)

    @property
    def has_later_window(self) -> bool:
        """There is a window that chose nothing; lists, groups and categories are of that one."""
        return any(section(c.values, "report_metrics") for c in self.ranked)

    @property
    def where(self) -> str:
        """A sentence to add, where lists, groups and categories are of the later window."""
        return " Counted in the later window." if self.has_later_window else ""

    def kind(self, candidate: Candidate) -> str:
        """``chosen``, ``popular`` or ``other``: the class by which charts draw it."""
        if candidate is self.marked:
            return "chosen"
        return "popular" if candidate is self.popular else "other"

    def told(self, limit: int) -> tuple[Candidate, ...]:
        """At most `limit` candidates: the marked one, popular, then the best; by rank."""
        first = [c for c in (self.marked, self.popular) if c is not None]
        rest = [c for c in self.ranked if c not in first]
        kept = (first + rest)[:limit]
        return tuple(c for c in self.ranked if c in kept)


def comparison(evaluation: Mapping[str, Any]) -> Comparison:
    """The candidates of an evaluation, sorted and told apart."""
    key = f"{evaluation.get('metric', 'recall')}@{evaluation.get('k', 10)}"
    articles = str(evaluation.get("articles", "new"))
    given = rows(evaluation, "candidates")
    failed = tuple(one for one in given if one.get("status", "ok") != "ok")
    found = [_candidate(one, articles, key) for one in given if one not in failed]
    ranked = tuple(sorted((c for c in found if c), key=lambda c: (-c.primary.mean, c.name)))
    decision = section(evaluation, "decision").get("name")
    return Comparison(
        key,
        articles,
        str(evaluation.get("k", 10)),
        ranked,
        failed,
        next((c for c in ranked if POPULAR in (c.method, c.name)), None),
        next((c for c in ranked if decision is not None and c.name == str(decision)), None),
    )


def _candidate(values: Mapping[str, Any], articles: str, key: str) -> Candidate | None:
    """A candidate, or None where it has no value of the metric."""
    primary = estimate_of(section(section(values, "metrics"), articles).get(key))
    called = str(values.get("name", values.get("method", "?")))
    method = str(values.get("method", called))
    return None if primary is None else Candidate(called, method, primary, values)


def section(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under a key; an empty one where there is none."""
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}


def rows(values: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    """The objects of the list under a key; none where there is no list."""
    found = values.get(key)
    if not isinstance(found, list | tuple):
        return ()
    return [row for row in found if isinstance(row, Mapping)]
