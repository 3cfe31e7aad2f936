"""`cupy.linalg`: a failure gives NaN, no exception, unless `cupyx.errstate` says otherwise."""

from collections.abc import Callable
from typing import Any

import numpy as np

from strict_device.array import on_device
from strict_device.error_state import raises
from strict_device.functions import _device
from strict_device.wrapping import wrap

HALF = np.dtype(np.float16)


def _forgiving(name: str, failed: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's function; where it fails, what ``failed`` makes of the first array."""
    theirs = getattr(np.linalg, name)

    def call(*args: Any, **keywords: Any) -> Any:
        hosts = [
            _device(f"cupy.linalg.{name}", one) if not i else one for i, one in enumerate(args)
        ]
        if hosts[0].dtype == HALF:
            raise TypeError(f"Unsupported dtype float16 in cupy.linalg.{name}")
        hosts[1:] = [getattr(one, "_strict_host", one) for one in hosts[1:]]
        try:
            return wrap(theirs(*hosts, **keywords))
        except np.linalg.LinAlgError:
            if raises() or hosts[0].ndim < 2 or hosts[0].shape[-1] != hosts[0].shape[-2]:
                raise
            return failed(*hosts)

    call.__name__ = name
    return call


def _nan_like(a: np.ndarray, b: np.ndarray | None = None) -> Any:
    like = a if b is None or not isinstance(b, np.ndarray) else b
    return on_device(np.full(like.shape, np.nan, np.result_type(like.dtype, np.float32)))


def _nan_pairs(a: np.ndarray, *_: Any) -> Any:
    return _nan_like(a[..., 0]), _nan_like(a)


OWN = {
    "cholesky": _forgiving("cholesky", _nan_like),
    "inv": _forgiving("inv", _nan_like),
    "solve": _forgiving("solve", _nan_like),
    "eigh": _forgiving("eigh", _nan_pairs),
    "eigvalsh": _forgiving("eigvalsh", lambda a, *_: _nan_like(a[..., 0])),
}
