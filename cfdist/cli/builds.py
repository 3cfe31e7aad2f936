"""``cfdist builds``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cfdist.cli.options import as_json
from cfdist.cli.tables import console, facts, table_of
from cfdist.config import Config

if TYPE_CHECKING:
    from cfdist.builds.diff import BuildDiff, Mover

COLUMNS = ("state", "build", "published", "method", "users", "articles", "rows")
MOVERS = ("change", "article", "name", "lists before", "lists after")

root_option = click.option(
    "--output", "root", help="Root of the builds [publish.root of the settings]."
)


def _folder(root: str | None) -> Path:
    return Path(root or Config.load().publish.root)


@click.group()
def builds() -> None:
    """List, compare, roll back and delete published builds.

    \b
    Examples
      cfdist builds list
      cfdist builds diff previous live
      cfdist builds rollback
      cfdist builds unpin
      cfdist builds gc --dry-run
    """


@builds.command("list")
@root_option
@as_json
def list_all(root: str | None, json_output: bool) -> None:
    """Every build of a root, the one published last first.

    STATE is live, pinned (live whatever is published), waiting (published behind a pin), forced
    (published against the gate), refused (by the gate; never live), or empty: was live.

    \b
    Examples
      cfdist builds list
      cfdist builds list --output /srv/recommendations --json
    """
    from cfdist.builds.listing import list_builds

    folder = _folder(root)
    rows = list_builds(folder)
    if json_output:
        click.echo(json.dumps(rows))
    elif rows:
        cells = [(_state(row), *(row.get(column) for column in COLUMNS[1:])) for row in rows]
        console().print(table_of(f"Builds in {folder}", COLUMNS, cells))
    else:
        click.echo(f"nothing is published in {folder}; run `cfdist train` first")


@builds.command("diff")
@click.argument("a")
@click.argument("b")
@click.option("-k", type=click.IntRange(1), default=10, help="Entries of a list to compare [10].")
@root_option
@as_json
def diff_two(a: str, b: str, k: int, root: str | None, json_output: bool) -> None:
    """What changed from build A to build B: `live`, `previous`, or the start of an id.

    Refused builds can be compared, too.

    \b
    Examples
      cfdist builds diff previous live
      cfdist builds diff live 20260301T0204 --json
    """
    from dataclasses import asdict

    from cfdist.builds.diff import diff
    from cfdist.builds.named import named_build

    folder = _folder(root)
    found = diff(named_build(folder, a), named_build(folder, b), k)
    if json_output:
        click.echo(json.dumps(asdict(found)))
    else:
        _show(found)


@builds.command("rollback")
@click.argument("build", required=False)
@root_option
@as_json
def roll_back(build: str | None, root: str | None, json_output: bool) -> None:
    """Serve BUILD again, and pin it: what is published later waits until you unpin.

    BUILD is the start of an id; without it, the build before the live one. Its manifest and the
    sizes of its files are checked first.

    \b
    Examples
      cfdist builds rollback
      cfdist builds rollback 20260301T0204
    """
    from cfdist.builds.rollback import rollback

    entry = rollback(_folder(root), build)
    if _told_as_json(entry, json_output):
        return
    click.echo(f"Build {entry.build} is live and pinned: `cfdist train` no longer replaces it.")
    click.echo(f"To let the next one take over again:  cfdist builds unpin{_option(root)}")


@builds.command("unpin")
@click.argument("build", required=False)
@root_option
@as_json
def release(build: str | None, root: str | None, json_output: bool) -> None:
    """Let the next `cfdist train` take over again. What is live stays live.

    With BUILD, the start of an id, that build is live from now on, unpinned.

    \b
    Examples
      cfdist builds unpin
      cfdist builds unpin 20260302T0201
    """
    from cfdist.builds.log import live_entry
    from cfdist.builds.rollback import unpin

    before = live_entry(_folder(root))
    entry = unpin(_folder(root), build)
    if _told_as_json(entry, json_output):
        return
    click.echo(f"Build {entry.build} is live, and the next `cfdist train` replaces it.")
    waiting = before.waiting if before else None
    if waiting and waiting != entry.build:
        click.echo(
            f"To make the one that waited live now:  cfdist builds unpin {waiting}{_option(root)}"
        )


@builds.command("gc")
@click.option("--keep", type=click.IntRange(1), default=5, help="Newest builds that stay [5].")
@click.option(
    "--older-than", "days", type=click.FloatRange(0), default=7.0,
    help="Younger builds stay, in days; refused ones, too [7].",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and do nothing.")
@root_option
@as_json
def collect_garbage(
    keep: int, days: float, dry_run: bool, root: str | None, json_output: bool
) -> None:
    """Delete old and refused builds, and what stopped runs left.

    The live build stays, and what was live within a day, what is pinned and what waits behind it.

    \b
    Examples
      cfdist builds gc --dry-run
      cfdist builds gc --keep 10 --older-than 30
    """
    from cfdist.builds.gc import collect

    found = collect(_folder(root), keep, days, dry_run)
    total = sum(item.bytes for item in found)
    if json_output:
        removed = [item.__dict__ for item in found]
        click.echo(json.dumps({"dry_run": dry_run, "bytes": total, "removed": removed}))
        return
    for item in found:
        click.echo(f"{item.build}  {item.why}  {item.bytes:,} bytes")
    if not found:
        click.echo("nothing to delete")
        return
    verb = "would be deleted" if dry_run else "deleted"
    click.echo(f"{len(found)} folders, {total:,} bytes {verb}")


def _told_as_json(entry: Any, json_output: bool) -> bool:
    from dataclasses import asdict

    if json_output:
        click.echo(json.dumps(asdict(entry)))
    return json_output


def _option(root: str | None) -> str:
    import shlex

    return f" --output {shlex.quote(root)}" if root else ""


def _state(row: dict[str, Any]) -> str:
    words = [word for word in ("live", "pinned", "waiting", "forced", "refused") if row[word]]
    return ", ".join(words + ([row["error"]] if "error" in row else []))


def _show(found: "BuildDiff") -> None:
    out = console()
    head = {"method": _change(*found.method)}
    head |= {
        "users": f"{found.users_in_both:,} in both, {found.users_gained:,} gained, "
        f"{found.users_lost:,} lost",
        "articles": f"{found.articles_gained:,} gained, {found.articles_lost:,} lost",
        "coverage": "{:.1%} → {:.1%}".format(*found.coverage),
        f"overlap@{found.k}": "no user is in both"
        if found.overlap is None
        else f"{found.overlap:.1%} on average",
    }
    if found.overlap_deciles:
        deciles = " ".join(f"{value:.0%}" for value in found.overlap_deciles)
        head["  minimum, deciles, maximum"] = deciles
    out.print(facts(f"From {found.a} to {found.b}", head))
    rows = [_mover(kind, m) for kind in ("risen", "fallen") for m in getattr(found, kind)]
    if rows:
        out.print(table_of("Articles that moved most", MOVERS, rows))
    for title, pairs in (("Counts", found.counts), ("Settings", found.settings)):
        cells = [(key, *map(_text, pair)) for key, pair in pairs.items() if pair[0] != pair[1]]
        if cells:
            out.print(table_of(f"{title} that differ", ("name", "before", "after"), cells))


def _mover(kind: str, mover: "Mover") -> tuple[Any, ...]:
    return (kind, str(mover.article_id), mover.name, mover.before, mover.after)


def _change(before: Any, after: Any) -> str:
    return f"{before}" if before == after else f"{before} → {after}"


def _text(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) or value is None else str(value)
