"""Wall time and processor time of a child process, and what other programs took meanwhile."""

import resource
import time

import psutil

IDLE = ("idle", "iowait", "guest", "guest_nice")  # guest time is in user time already


class MachineClock:
    """Runs from its making to :meth:`stop`, which is called after the child was waited for.

    Attributes
    ----------
    wall_s : float
    cpu_s : float
        User and system time of the children that ended meanwhile, and of theirs.
    others_share : float
        Busy time of all cores that neither the children nor this process used, as a share of
        all cores' time. A virtual machine that the host pauses counts as disturbed, too.
    """

    def __init__(self) -> None:
        self.wall_s = self.cpu_s = self.others_share = 0.0
        self._started = self._now()

    def stop(self) -> None:
        """Set the attributes."""
        wall, children, own, busy = (
            now - then for now, then in zip(self._now(), self._started, strict=True)
        )
        self.wall_s, self.cpu_s = wall, children
        self.others_share = max(0.0, busy - children - own) / (wall * (psutil.cpu_count() or 1))

    @staticmethod
    def _now() -> tuple[float, float, float, float]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        return (
            time.perf_counter(),
            children.ru_utime + children.ru_stime,
            own.ru_utime + own.ru_stime,
            busy_s(psutil.cpu_times()._asdict()),
        )


def busy_s(times: dict[str, float]) -> float:
    """Seconds of all cores that were not idle.

    Examples
    --------
    >>> busy_s({"user": 5.0, "system": 1.0, "idle": 40.0, "iowait": 2.0, "guest": 3.0})
    6.0
    """
    return sum(seconds for name, seconds in times.items() if name not in IDLE)
