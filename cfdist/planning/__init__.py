"""What a plan is made from, measured: the input, a sample of histories, this machine."""

from cfdist.planning.document import document
from cfdist.planning.machine import Given, gpus_here
from cfdist.planning.planning import Planned, in_gb, plan_for, require_fits

__all__ = ["Given", "Planned", "document", "gpus_here", "in_gb", "plan_for", "require_fits"]
