"""What a job will take: tasks, bytes and seconds as pure arithmetic, before anything runs.

``sizes`` is what goes in, ``values`` the bytes of every artifact, ``stages`` the terms of each
stage's peak and its seconds, ``plan`` the whole, ``remedies`` what to change where it does not
fit, ``constants`` what was measured. Nothing here knows Dask, files or the clock.
"""

from cfdist.plan.plan import Plan, make_plan
from cfdist.plan.sizes import Job, Machine, Rates, Sizes
from cfdist.plan.terms import StagePlan, Term

__all__ = ["Job", "Machine", "Plan", "Rates", "Sizes", "StagePlan", "Term", "make_plan"]
