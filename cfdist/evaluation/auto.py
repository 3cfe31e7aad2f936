"""What ``recommend.method = "auto"`` means: the stored decision, or ``user_neighbors``."""

from cfdist.config import Config
from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.decision import Decision, read_decision
from cfdist.schema import AUTO, USER_NEIGHBORS
from cfdist.stages.context import Context

ASK = "`cfdist evaluate --decide` chooses by measuring"


def resolve_method(context: Context) -> Context:
    """The context with a method in place of ``auto``; what was taken, and why, is noted."""
    config, note = resolved(context.config)
    if note:
        context.note(note)
    return context.with_config(config) if note else context


def resolved(config: Config) -> tuple[Config, str]:
    """The settings with a method in place of ``auto``, and why that one; "" for another method."""
    if config.recommend.method != AUTO:
        return config, ""
    found = read_decision(config)
    if found is not None and not found.is_expired():
        return _under(found, config), (
            f"recommend.method = auto: {found.name}, decided on {found.decided_at} by "
            f"{found.metric}, until {found.expires_at}"
        )
    usual = _with_method(config, USER_NEIGHBORS)
    if found is None:
        return usual, (f"recommend.method = auto: {USER_NEIGHBORS}, as nothing was decided; {ASK}")
    return usual, (
        f"recommend.method = auto: {USER_NEIGHBORS}, as the decision for {found.name} expired "
        f"on {found.expires_at}; {ASK} again"
    )


def _under(decision: Decision, config: Config) -> Config:
    return Candidate(decision.name, decision.settings).config(config)


def _with_method(config: Config, method: str) -> Config:
    chosen = config.recommend.model_copy(update={"method": method})
    return config.model_copy(update={"recommend": chosen})
