"""The numbers of a build that the gate judges."""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cfdist.builds import log
from cfdist.builds.build import Build, load_build
from cfdist.builds.diff import compare
from cfdist.builds.history import published_builds
from cfdist.builds.lists import StoredLists, read_lists
from cfdist.builds.manifest import Manifest
from cfdist.errors import BuildError

FIRST = 10
"""Entries of a list that are seen: coverage and overlap look at so many."""

PAST = 20
"""Earlier builds that are looked at."""

NOT_DROPPED = ("not in the sample", "before first_date", "on or after last_date")
"""Reasons for not using a row that say nothing against the row."""

LIMITED = ("user with fewer than", "article with fewer than")
"""How the reasons begin that the limits of the settings give."""


@dataclass(frozen=True)
class BuildFacts:
    """What a build is, in numbers. None: not known, and then nothing is judged by it.

    Attributes
    ----------
    coverage : float or None
        Share of the articles that are in any list's first ten.
    newest_us, now_us : int or None
        Newest timestamp of the data, and the start of the run; microseconds since 1970.
    rows_per_day : dict or None
        ISO day → rows.
    n_owned_entries : int or None
        Entries of lists that hold what the user has already.
    overlap, new_users, new_articles : float or None
        Against the live build: overlap@10 of the users in both, and shares of the ids that the
        live build lacks.
    hold_out : dict or None
        ``metric``, ``articles``, ``mean``, ``popular`` and the paired ``difference`` of the two
        with ``mean``, ``low``, ``high``, ``n_users``.
    """

    build: str
    method: str
    users: int
    articles: int
    rows: int
    dropped_share: float
    owned_allowed: bool = False
    coverage: float | None = None
    newest_us: int | None = None
    now_us: int | None = None
    rows_per_day: dict[str, int] | None = None
    n_owned_entries: int | None = None
    overlap: float | None = None
    new_users: float | None = None
    new_articles: float | None = None
    hold_out: dict[str, Any] | None = None


def facts_of(manifest: Manifest) -> BuildFacts:
    """What the manifest alone says; nothing of the tables is read."""
    rows = manifest.rows
    dropped = sum(
        n
        for reason, n in rows["dropped"].items()
        if reason not in NOT_DROPPED and not reason.startswith(LIMITED)
    )
    return BuildFacts(
        build=manifest.build,
        method=manifest.list_method,
        users=manifest.counts["n_users"],
        articles=manifest.counts["n_articles"],
        rows=rows["rows_used"],
        dropped_share=dropped / max(1, rows["rows_in"]),
        owned_allowed=manifest.settings["recommend"].get("owned") == "include",
        newest_us=rows.get("last_timestamp"),
        now_us=rows.get("now_us"),
        rows_per_day=rows.get("rows_per_day"),
        hold_out=manifest.hold_out,
    )


def compared(build: Build, live: Build, theirs: StoredLists) -> tuple[BuildFacts, BuildFacts]:
    """Facts of a build and of the live one, with coverage and with what they share.

    Parameters
    ----------
    theirs : StoredLists
        The first :data:`FIRST` entries of the live build's lists.
    """
    mine = read_lists(build, FIRST)
    found = compare(theirs, mine)
    facts = replace(
        facts_of(build.manifest),
        coverage=mine.coverage,
        overlap=float(found.overlap.mean()) if len(found.overlap) else None,
        new_users=1 - found.users_in_both / max(1, len(mine.user_ids)),
        new_articles=1 - found.articles_in_both / max(1, len(mine.article_ids)),
    )
    return facts, replace(facts_of(live.manifest), coverage=theirs.coverage)


def past_facts(root: Path) -> list[BuildFacts]:
    """Facts of the builds of the log that are still there, newest first."""
    found = []
    for name in published_builds(log.read_entries(root))[:PAST]:
        with suppress(BuildError):  # deleted or damaged: it says nothing any more
            found.append(facts_of(load_build(root, name).manifest))
    return found
