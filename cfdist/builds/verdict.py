"""The gate applied to a build that lies in its folder: measured, judged, put into words."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from cfdist.builds import log
from cfdist.builds.build import Build, load_build
from cfdist.builds.facts import FIRST, BuildFacts, compared, facts_of, past_facts
from cfdist.builds.gate import STOP, judge, stops, warnings
from cfdist.builds.lists import read_lists
from cfdist.builds.manifest import Manifest
from cfdist.errors import BuildError, GateError
from cfdist.settings import GateSettings, PublishSettings


class Verdict(NamedTuple):
    """What the manifest says of the gate, and what the user is told.

    Attributes
    ----------
    gate : dict
        ``status``: passed, refused or off; ``checks``; ``forced``: published all the same.
    notes : list of str
    """

    gate: dict[str, Any]
    notes: list[str]


def judge_build(
    root: Path,
    build: Build,
    before: log.Entry | None,
    n_owned: int,
    settings: GateSettings,
    force: bool = False,
) -> Verdict:
    """The verdict on ``build``, which is to replace the live build of ``before``.

    Parameters
    ----------
    n_owned : int
        Entries of its lists that hold what the user has already.
    force : bool
        A refused build is to be published all the same.
    """
    if not settings.enabled:
        return Verdict({"status": "off", "checks": [], "forced": False}, [])
    facts, live, notes = _facts(root, build, before)
    facts = replace(facts, n_owned_entries=n_owned)
    checks = judge(facts, live, past_facts(root), settings)
    failed = stops(checks)
    notes += [f"gate: {check.name}: {check.message}" for check in warnings(checks)]
    if force:
        notes += [f"gate: published by force, {c.name}: {c.message}" for c in failed]
    gate = {
        "status": "refused" if failed else "passed",
        "checks": [check._asdict() for check in checks],
        "forced": bool(failed) and force,
    }
    return Verdict(gate, notes)


def refusal(root: Path, manifest: Manifest, before: log.Entry | None) -> GateError:
    """The error of a refused build: what failed, each with value and limit, and what to type."""
    checks = (manifest.gate or {})["checks"]
    lines = "".join(f"\n  {c['name']}: {c['message']}" for c in checks if c["status"] == STOP)
    stays = f"{before.build} stays live" if before else "nothing is live"
    option = "" if root == Path(PublishSettings().root) else f" --output {shlex.quote(str(root))}"
    look = f"`cfdist builds diff {before.build} {manifest.build}{option}`, or " if before else ""
    return GateError(
        f"build {manifest.build} was refused and {stays}; "
        f"it is kept in {log.build_folder(root, manifest.build)}{lines}",
        remedy=f"{look}the same command with --force to publish all the same",
    )


def _facts(
    root: Path, build: Build, before: log.Entry | None
) -> tuple[BuildFacts, BuildFacts | None, list[str]]:
    """Facts of the build and of the live one; a damaged live build must not bar its repair."""
    notes = []
    if before is not None:
        try:
            live = load_build(root, before.build)
            theirs = read_lists(live, FIRST)
        except (BuildError, OSError, pa.ArrowException) as error:
            reason = error.message if isinstance(error, BuildError) else error
            notes = [f"gate: compared with nothing, the live build cannot be read: {reason}"]
        else:
            return *compared(build, live, theirs), []
    return facts_of(build.manifest), None, notes
