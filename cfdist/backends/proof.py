"""A small computation whose result is known, to see that a device computes what it should.

A driver and libraries that do not fit can give zeros without an error. Every kind of work that a
run gives to a backend is done once here, on data of a fixed seed, and compared with NumPy.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfdist.backends import Backend
from cfdist.backends.device_errors import device_error
from cfdist.backends.proof_steps import CUDF_STEPS, STEPS, Known, Step, known_data
from cfdist.errors import CfdistError, ClusterError, DeviceError, ResourceError

TOLERANCE: Final = 1e-4
REMEDY: Final = (
    "update the driver, install the packages again (pip install --force-reinstall 'cfdist[cu12]'), "
    "or use --backend cpu"
)


class Check(NamedTuple):
    """One step of the proof.

    Attributes
    ----------
    step : str
        What was computed.
    found : str
        How far it is off, or the error.
    is_right : bool
    """

    step: str
    found: str
    is_right: bool


def require_proof(backend: Backend) -> list[Check]:
    """The checks, when all are right.

    Raises
    ------
    DeviceError
        Names the steps that are off.
    ClusterError, ResourceError
        The device is lost to this process, or has no memory left.
    """
    checks = prove(backend)
    wrong: dict[str, list[str]] = {}
    for check in checks:
        if not check.is_right:
            wrong.setdefault(check.found, []).append(check.step)
    if wrong:
        said = "; ".join(f"{', '.join(steps)}: {found}" for found, steps in wrong.items())
        raise DeviceError(f"the {backend.name} backend computes wrong: {said}", remedy=REMEDY)
    return checks


def prove(backend: Backend) -> list[Check]:
    """What each step gave; no step that is wrong keeps the next from being tried.

    Raises
    ------
    ClusterError, ResourceError
        The device is lost to this process, or has no memory left.

    Notes
    -----
    Some milliseconds on a CPU; on a GPU the first use loads libraries and compiles kernels, which
    can take half a minute.
    """
    known = known_data()
    steps = STEPS | (CUDF_STEPS if backend.frames == "cudf" else {})
    return [_check(step, compute, backend, known) for step, compute in steps.items()]


def _check(step: str, compute: Step, backend: Backend, known: Known) -> Check:
    try:
        off = max(_distance(*pair) for pair in compute(backend, known))
    except Exception as error:
        told = error if isinstance(error, CfdistError) else device_error(error)
        if isinstance(told, ClusterError | ResourceError):  # no later step would say more
            raise told from None
        return Check(step, told.message if told else f"{type(error).__name__}: {error}", False)
    is_right = off <= TOLERANCE
    return Check(
        step, f"off by {off:.1e}" + ("" if is_right else f", more than {TOLERANCE:g}"), is_right
    )


def _distance(found: Any, wanted: NDArray[Any]) -> float:
    """Largest difference, as a share of the largest value; infinite for another shape or NaN."""
    if np.shape(found) != np.shape(wanted):
        return float("inf")
    if not np.isfinite(found).all():
        return float("inf")
    largest = float(np.abs(wanted).max(initial=0)) or 1.0
    return float(np.abs(np.subtract(found, wanted, dtype=np.float64)).max(initial=0)) / largest
