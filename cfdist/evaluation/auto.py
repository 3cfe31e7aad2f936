"""What ``recommend.method = "auto"`` means: the stored decision, or ``user_neighbors``."""

from cfdist.config import Config
from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.decision import Decision, read_decision
from cfdist.schema import AUTO, USER_NEIGHBORS
from cfdist.stages.context import Context

ASK = "`cfdist evaluate --decide` chooses by measuring"


def resolve_method(context: Context) -> Context:
    """The context with a method in place of ``auto``; what was taken, and why, is noted."""
    if context.config.recommend.method != AUTO:
        return context
    found = read_decision(context.config)
    if found is None:
        context.note(f"recommend.method = auto: {USER_NEIGHBORS}, as nothing was decided; {ASK}")
    elif found.is_expired():
        context.note(
            f"recommend.method = auto: {USER_NEIGHBORS}, as the decision for {found.name} expired "
            f"on {found.expires_at}; {ASK} again"
        )
    else:
        context.note(
            f"recommend.method = auto: {found.name}, decided on {found.decided_at} by "
            f"{found.metric}, until {found.expires_at}"
        )
        return context.with_config(_under(found, context.config))
    return context.with_config(_with_method(context.config, USER_NEIGHBORS))


def _under(decision: Decision, config: Config) -> Config:
    return Candidate(decision.name, decision.settings).config(config)


def _with_method(config: Config, method: str) -> Config:
    chosen = config.recommend.model_copy(update={"method": method})
    return config.model_copy(update={"recommend": chosen})
