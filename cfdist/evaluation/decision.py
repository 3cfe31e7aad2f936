"""Which candidate is taken, and for how long: the one-standard-error rule and its memory."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cfdist.builds.files import write_atomic
from cfdist.config import Config
from cfdist.errors import ConfigError, DataError
from cfdist.evaluation.candidates import parse_candidates

FOLDER = "decisions"
LEADS_NEEDED = 2
"""A challenger must lead so many times running before it replaces what is used."""


@dataclass(frozen=True)
class Standing:
    """One candidate in a comparison.

    Attributes
    ----------
    name : str
    simplicity : int
        Lower is simpler.
    mean : float
    behind : float
        Mean paired difference best − this, over the same users.
    standard_error : float
        Of that difference.
    """

    name: str
    simplicity: int
    mean: float
    behind: float
    standard_error: float


def choose(standings: Sequence[Standing]) -> Standing:
    """The simplest candidate within one paired standard error of the best.

    References
    ----------
    Breiman, Friedman, Olshen, Stone: Classification and regression trees, 1984, section 3.4.3
    (the one-standard-error rule), here with paired differences.

    Examples
    --------
    >>> best = Standing("latent", 4, 0.051, 0.0, 0.0)
    >>> near = Standing("user_neighbors", 3, 0.050, 0.001, 0.002)
    >>> choose([best, near, Standing("popular", 0, 0.03, 0.021, 0.002)]).name
    'user_neighbors'
    """
    able = [s for s in standings if s.behind <= s.standard_error or s.behind <= 0]
    return min(able, key=lambda s: (s.simplicity, -s.mean, s.name))


@dataclass
class Decision:
    """What ``recommend.method = "auto"`` means for one input, until it expires.

    Attributes
    ----------
    settings : dict
        ``"section.key"`` → value of the chosen candidate.
    challenger : str or None
        Another candidate that led last time; it is taken if it leads again.
    table : list of dict
        The figures behind the decision.
    """

    name: str
    settings: dict[str, Any]
    input: str
    metric: str
    decided_at: str
    expires_at: str
    run: str = ""
    challenger: str | None = None
    changed_from: str | None = None
    table: list[dict[str, Any]] = field(default_factory=list)

    @property
    def method(self) -> str:
        """The recommender."""
        return str(self.settings["recommend.method"])

    def is_expired(self, now: datetime | None = None) -> bool:
        """True from ``expires_at`` on."""
        return (now or datetime.now(UTC)) >= datetime.fromisoformat(self.expires_at)


def renew(
    leader: str, settings: Mapping[str, Mapping[str, Any]], before: Decision | None, new: Decision
) -> Decision:
    """The decision after a comparison that ``leader`` won.

    What is used stays until one challenger has led twice running; a first decision, or one whose
    candidate is no longer compared, or was judged by another metric, is taken at once.

    Parameters
    ----------
    settings : dict
        Settings by candidate, of all that were compared.
    new : Decision
        For ``leader``, with its table and dates.
    """
    if before is None or before.name == leader or before.name not in settings:
        return new
    if before.metric != new.metric:
        return new
    if before.challenger == leader:
        new.changed_from = before.name
        return new
    new.name, new.settings = before.name, dict(settings[before.name])
    new.challenger = leader
    return new


def expiry(days: float, now: datetime | None = None) -> tuple[str, str]:
    """This moment and the moment so many days later, ISO 8601 in UTC."""
    start = now or datetime.now(UTC)
    end = start + timedelta(days=days)
    return start.isoformat(timespec="seconds"), end.isoformat(timespec="seconds")


def read_decision(config: Config) -> Decision | None:
    """The stored decision for the input of these settings, expired or not; None if there is none.

    Raises
    ------
    DataError
        The file is damaged, or names settings that this release does not have.
    """
    path = decision_path(config)
    try:
        found = Decision(**json.loads(path.read_text()))
        _require_usable(found, config)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, ConfigError) as error:
        why = error.message if isinstance(error, ConfigError) else error
        raise DataError(
            f"{path}: is not a decision: {why}",
            remedy="delete it, and run `cfdist evaluate --decide`",
        ) from error
    return found


def _require_usable(decision: Decision, config: Config) -> None:
    """Fail on a date or settings that could not be used."""
    decision.is_expired()
    settings = {"recommend.method": decision.method, **decision.settings}
    parse_candidates({decision.name: settings}, config)


def store_decision(config: Config, decision: Decision) -> Path:
    """Keep the decision where ``train`` looks for it."""
    path = decision_path(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(asdict(decision), indent=1).encode())
    return path


def decision_path(config: Config) -> Path:
    """One file per input, below the folder of the runs."""
    ingest = config.ingest
    about = json.dumps([ingest.input, ingest.columns.model_dump(), config.recommend.owned])
    name = hashlib.sha256(about.encode()).hexdigest()[:16]
    return Path(config.runs.path) / FOLDER / f"{name}.json"
