"""What a build must pass before it goes live: numbers in, verdicts out. No files, no cluster."""

from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any, Literal, NamedTuple

from cfdist.builds.facts import BuildFacts
from cfdist.schema import POPULAR
from cfdist.settings import GateSettings

PASS: Literal["pass"] = "pass"  # noqa: S105, a verdict
WARN: Literal["warn"] = "warn"
STOP: Literal["stop"] = "stop"
SKIPPED: Literal["skipped"] = "skipped"

HISTORY = 7
"""Earlier builds whose median quality is the measure."""

MIN_USERS = 1000
"""With fewer judged users nothing but a significant loss stops a build."""

MIN_SIGNIFICANT = 30
"""With fewer judged users a normal interval means nothing: two users who lost the same have an
interval of no length."""

VOLUME_DAYS = 28
VOLUME_WARN, VOLUME_STOP = 0.5, 0.1
"""Rows of the newest full day against the median of the 28 days before: half is a bad Sunday or
a late file; a tenth is a load that broke off."""

NEW_IDS_STOP = 0.5
"""More than half of the ids unknown to the live build: the ids were made anew, or it is another
shop. ``max_change`` is the limit for the warning."""

DROPPED_WARN, DROPPED_STOP = 0.05, 0.2
"""Share of dropped rows above the live build's. Relative, as some shops drop a quarter every day
for guests without an account; the absolute limit is ``ingest.max_dropped_share``."""

DAY_US = 86_400 * 10**6


class Check(NamedTuple):
    """One verdict.

    Attributes
    ----------
    status : str
        ``stop``: must not go live; ``warn``: goes live, and somebody should look; ``pass``;
        ``skipped``: cannot be judged, the message says why.
    value, limit : float or None
        What was found, and what it was held against.
    message : str
        Both in words.
    """

    name: str
    status: Literal["pass", "warn", "stop", "skipped"]
    value: float | None
    limit: float | None
    message: str


def judge(
    facts: BuildFacts,
    live: BuildFacts | None,
    history: Sequence[BuildFacts],
    settings: GateSettings,
) -> list[Check]:
    """One check per rule, in a fixed order.

    Parameters
    ----------
    live : BuildFacts or None
        The build to be replaced; None for the first build, which must beat ``popular`` and list
        nothing that a user has, and is spared the rest.
    history : sequence of BuildFacts
        Builds that were live, newest first; the first seven that measured the same metric count.
    """
    own = [_beats_popular(facts, live), _owned(facts)]
    if live is None:
        names = ("quality", "users", "rows", "articles", "coverage", "overlap", "new_users",
                 "new_articles", "dropped", "freshness", "volume")  # fmt: skip
        return own + [_skipped(name, "there is no live build to compare with") for name in names]
    return [
        *own,
        _quality(facts, history, settings),
        *_sizes(facts, live, settings),
        _coverage(facts, live, settings),
        _overlap(facts, live, settings),
        _new_ids("new_users", facts.new_users, settings),
        _new_ids("new_articles", facts.new_articles, settings),
        _dropped(facts, live),
        _freshness(facts, settings),
        _volume(facts),
    ]


def stops(checks: Sequence[Check]) -> list[Check]:
    """The checks that keep a build from going live."""
    return [check for check in checks if check.status == STOP]


def warnings(checks: Sequence[Check]) -> list[Check]:
    """The checks that somebody should look at."""
    return [check for check in checks if check.status == WARN]


def _beats_popular(facts: BuildFacts, live: BuildFacts | None) -> Check:
    """Whether the sibling of this build beat ``popular`` on the held-out purchases.

    Notes
    -----
    An interval that lies below zero stops every build: `popular` would be better and is cheaper.
    (Not with a handful of users.)
    An interval that holds zero stops where the live build did beat `popular`: that one stays, and
    is a day old. It is a warning where nothing better is live, and for few users, as no test
    could tell: an old build that is no better than this one would only get older.
    """
    name = "hold_out"
    if facts.method == POPULAR:
        return _skipped(name, "the method is `popular` itself")
    found = facts.hold_out
    if found is None:
        return _skipped(name, "quality on held-out purchases was not measured")
    gap = found["difference"]
    message = (
        f"{found['metric']} is {found['mean']:.4f}, {found['popular']:.4f} for `popular`: "
        f"the difference lies between {gap['low']:+.4f} and {gap['high']:+.4f} "
        f"({gap['n_users']:,} users)"
    )
    if gap["low"] > 0:
        status: Any = PASS
    elif gap["high"] < 0 and gap["n_users"] >= MIN_SIGNIFICANT:
        status = STOP
    else:
        few = gap["n_users"] < MIN_USERS
        status = WARN if few or not _is_better(live) else STOP
    return Check(name, status, gap["low"], 0.0, message)


def _is_better(live: BuildFacts | None) -> bool:
    """Whether the live build beat `popular` when it was judged."""
    return bool(live and live.hold_out and (live.hold_out["difference"]["low"] or 0) > 0)


def _owned(facts: BuildFacts) -> Check:
    found = facts.n_owned_entries
    if facts.owned_allowed or found is None:
        why = "recommend.owned is `include`" if facts.owned_allowed else "was not counted"
        return _skipped("owned", why)
    message = f"{found:,} entries of lists are articles that the user has already"
    return Check("owned", STOP if found else PASS, found, 0, message)


def _quality(facts: BuildFacts, history: Sequence[BuildFacts], settings: GateSettings) -> Check:
    """Whether quality held up; with few users chance moves it by more than the limit."""
    name = "quality"
    if facts.hold_out is None:
        return _skipped(name, "quality on held-out purchases was not measured")
    metric, mean = facts.hold_out["metric"], facts.hold_out["mean"]
    kind = _kind(facts.hold_out)
    measured = [past.hold_out for past in history if past.hold_out is not None]
    earlier = [past["mean"] for past in measured if _kind(past) == kind][:HISTORY]
    if not earlier:
        return _skipped(name, f"no earlier build measured {metric}")
    limit = median(earlier) * (1 - settings.max_quality_drop)
    number = f"the last {len(earlier)} builds" if len(earlier) > 1 else "one earlier build"
    message = (
        f"{metric} is {mean:.4f}; the median of {number} "
        f"less {settings.max_quality_drop:.0%} is {limit:.4f}"
    )
    few = facts.hold_out["difference"]["n_users"] < MIN_USERS
    return Check(name, PASS if mean >= limit else WARN if few else STOP, mean, limit, message)


def _sizes(facts: BuildFacts, live: BuildFacts, settings: GateSettings) -> list[Check]:
    """Users, rows and articles against the live build."""
    checks = []
    for name in ("users", "rows", "articles"):
        now, before = getattr(facts, name), getattr(live, name)
        change = now / max(1, before) - 1
        message = (
            f"{now:,}, against {before:,} in the live build: {change:+.0%}, "
            f"at most ±{settings.max_change:.0%}"
        )
        status: Any = PASS if abs(change) <= settings.max_change else STOP
        checks.append(Check(name, status, change, settings.max_change, message))
    return checks


def _coverage(facts: BuildFacts, live: BuildFacts, settings: GateSettings) -> Check:
    if facts.coverage is None or live.coverage is None:
        return _skipped("coverage", "was not measured")
    limit = settings.min_coverage * live.coverage
    message = (
        f"{facts.coverage:.1%} of the articles are in a list; {settings.min_coverage:.0%} of the "
        f"live build's {live.coverage:.1%} is {limit:.1%}"
    )
    status: Any = PASS if facts.coverage >= limit else STOP
    return Check("coverage", status, facts.coverage, limit, message)


def _overlap(facts: BuildFacts, live: BuildFacts, settings: GateSettings) -> Check:
    if facts.method != live.method:
        return _skipped("overlap", f"the method changed from {live.method} to {facts.method}")
    if facts.overlap is None:
        return _skipped("overlap", "no user is in both builds")
    message = (
        f"lists share {facts.overlap:.1%} of their first ten with the live build's, "
        f"at least {settings.min_overlap:.0%}"
    )
    status: Any = PASS if facts.overlap >= settings.min_overlap else STOP
    return Check("overlap", status, facts.overlap, settings.min_overlap, message)


def _new_ids(name: str, share: float | None, settings: GateSettings) -> Check:
    if share is None:
        return _skipped(name, "was not measured")
    what = name.removeprefix("new_")
    message = f"{share:.1%} of the {what} are new, expected up to {settings.max_change:.0%}"
    status: Any = STOP if share > max(NEW_IDS_STOP, settings.max_change) else PASS
    if status == PASS and share > settings.max_change:
        status = WARN
    return Check(name, status, share, settings.max_change, message)


def _dropped(facts: BuildFacts, live: BuildFacts) -> Check:
    more = facts.dropped_share - live.dropped_share
    limit = live.dropped_share + DROPPED_WARN
    message = (
        f"{facts.dropped_share:.1%} of the rows were dropped, {live.dropped_share:.1%} for the "
        f"live build; {DROPPED_WARN:.0%} more is a warning, {DROPPED_STOP:.0%} more stops"
    )
    status: Any = STOP if more > DROPPED_STOP else WARN if more > DROPPED_WARN else PASS
    return Check("dropped", status, facts.dropped_share, limit, message)


def _freshness(facts: BuildFacts, settings: GateSettings) -> Check:
    if facts.newest_us is None or facts.now_us is None:
        return _skipped("freshness", "the data has no timestamps")
    days = (facts.now_us - facts.newest_us) / DAY_US
    message = f"the newest row is {days:.1f} days old, expected up to {settings.max_age_days:g}"
    status: Any = WARN if days > settings.max_age_days else PASS
    return Check("freshness", status, days, settings.max_age_days, message)


def _volume(facts: BuildFacts) -> Check:
    """Rows of the newest full day against the 28 days before it.

    Notes
    -----
    The day on which the run began is not full. A day that is missing has no rows; where most
    days have none the median is zero and nothing is judged.
    """
    name = "volume"
    if not facts.rows_per_day or facts.now_us is None:
        return _skipped(name, "rows per day are not known")
    today = (date(1970, 1, 1) + timedelta(microseconds=facts.now_us)).isoformat()
    full = [day for day in facts.rows_per_day if day < today]
    if not full:
        return _skipped(name, "no day of the data is full yet")
    newest = date.fromisoformat(max(full))
    before = [newest - timedelta(days=number) for number in range(1, VOLUME_DAYS + 1)]
    if before[-1].isoformat() < min(full):
        return _skipped(name, f"the data has fewer than {VOLUME_DAYS} days before the newest")
    usual = median(facts.rows_per_day.get(day.isoformat(), 0) for day in before)
    if not usual:
        return _skipped(name, "most days have no rows")
    rows = facts.rows_per_day[newest.isoformat()]
    share = rows / usual
    message = (
        f"{newest} has {rows:,} rows, {share:.0%} of the median of {VOLUME_DAYS} days "
        f"({usual:,.0f}); below {VOLUME_WARN:.0%} is a warning, below {VOLUME_STOP:.0%} stops"
    )
    status: Any = STOP if share < VOLUME_STOP else WARN if share < VOLUME_WARN else PASS
    return Check(name, status, share, VOLUME_STOP if status == STOP else VOLUME_WARN, message)


def _kind(hold_out: dict[str, Any]) -> tuple[Any, Any]:
    """What was measured: the metric, and on which articles."""
    return hold_out["metric"], hold_out.get("articles")


def _skipped(name: str, why: str) -> Check:
    return Check(name, SKIPPED, None, None, why)
