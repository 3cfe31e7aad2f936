"""Mistakes with device arrays: the stand-ins catch each one, and let the corrected form pass.

Each entry of a table is a mistake and its correction. Those of ``MEANINGS`` run on a device
and give something else there than their author expects.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from strict.installing import strict_packages

X = np.array([[3.0, 1.0, 2.0, 9.0], [6.0, 5.0, 4.0, 7.0], [8.0, 0.5, 2.5, 1.5]])
SIGNED = np.array([[1.0, 2.0], [2.0, 1.0]])  # symmetric, not positive


@pytest.fixture(scope="module")
def d():
    """The stand-ins, and a few arrays on the device."""
    with strict_packages(seed=1) as device:
        import cupy
        import cupyx

        x = cupy.asarray(X)
        integers = cupy.asarray(np.array([2, 0, 1, 2]))
        yield SimpleNamespace(
            device=device, cp=cupy, cupyx=cupyx, x=x, i=integers, error=device.StrictDeviceError
        )


def fails(function, error=np.linalg.LinAlgError):
    """Whether it raises."""
    try:
        function()
    except error:
        return True
    return False


MOVES = {
    "asarray of a device array": (lambda d: np.asarray(d.x), lambda d: d.x.get()),
    "NumPy's ufunc": (lambda d: np.sqrt(d.x), lambda d: d.cp.sqrt(d.x)),
    "NumPy's function": (
        lambda d: np.concatenate([d.x, d.x]),
        lambda d: d.cp.concatenate([d.x, d.x]),
    ),
    "NumPy's reduction": (lambda d: np.sum(d.x, axis=0), lambda d: d.x.sum(axis=0)),
    "device + host": (lambda d: d.x + X, lambda d: d.x + d.cp.asarray(X)),
    "host + device": (lambda d: X + d.x, lambda d: d.cp.asarray(X) + d.x),
    "host @ device": (lambda d: X.T @ d.x, lambda d: d.cp.asarray(X).T @ d.x),
    "comparison with the host": (lambda d: d.x > X, lambda d: d.x > np.float64(1)),
    "in place with the host": (lambda d: d.x.copy().__iadd__(X), lambda d: d.x.copy().__iadd__(1)),
    "host array for cupy": (lambda d: d.cp.sqrt(X), lambda d: d.cp.sqrt(d.cp.asarray(X))),
    "host array in a list": (lambda d: d.cp.stack([d.x, X]), lambda d: d.cp.stack([d.x, d.x])),
    "host indexes": (
        lambda d: d.x[np.array([0, 1])],
        lambda d: d.x[d.cp.asarray(np.array([0, 1]))],
    ),
    "host mask": (lambda d: d.x[X > 2], lambda d: d.x[d.x > 2]),
    "index by a list": (lambda d: d.x[[0, 1]], lambda d: d.x[:2]),
    "setting to a host array": (
        lambda d: d.x.copy().__setitem__(0, X[0]),
        lambda d: d.x.copy().__setitem__(0, d.x[0]),
    ),
    "iteration": (lambda d: list(d.x), lambda d: [d.x[i] for i in range(len(d.x))]),
    "unpacking": (lambda d: max(d.x[0]), lambda d: d.x[0].max()),
    "membership": (lambda d: 3.0 in d.x, lambda d: bool((d.x == 3.0).any())),
    "a size from the device": (
        lambda d: d.cp.zeros(d.i.max()),
        lambda d: d.cp.zeros(int(d.i.max())),
    ),
    "a slice by a device scalar": (lambda d: d.x[: d.i[0]], lambda d: d.x[: int(d.i[0])]),
    "a list where an array belongs": (lambda d: d.cp.sum([1, 2]), lambda d: d.cp.sum(d.x)),
    "a list for a ufunc": (lambda d: d.cp.maximum([1, 2], 0), lambda d: d.cp.maximum(d.x, 0)),
    "lexsort of a tuple": (
        lambda d: d.cp.lexsort((d.x[0], d.x[1])),
        lambda d: d.cp.lexsort(d.cp.stack([d.x[0], d.x[1]])),
    ),
    "a SciPy matrix": (
        lambda d: d.cp.asarray(__import__("scipy.sparse").sparse.eye(3, format="csr")),
        lambda d: d.cp.eye(3),
    ),
    "a range of a device scalar": (lambda d: range(d.i[0]), lambda d: range(int(d.i[0]))),
}

NAMES = {
    "argpartition(kind=)": (
        lambda d: d.cp.argpartition(d.x, 1, kind="introselect"),
        lambda d: d.cp.argpartition(d.x, 1),
    ),
    "take(mode=)": (lambda d: d.cp.take(d.x, d.i, mode="clip"), lambda d: d.cp.take(d.x, d.i)),
    "unique(sorted=)": (lambda d: d.cp.unique(d.i, sorted=True), lambda d: d.cp.unique(d.i)),
    "sum(where=)": (lambda d: d.cp.sum(d.x, where=d.x > 1), lambda d: d.cp.sum(d.x * (d.x > 1))),
    "svd(hermitian=)": (
        lambda d: d.cp.linalg.svd(d.x, hermitian=True),
        lambda d: d.cp.linalg.svd(d.x),
    ),
    "argsort(stable=)": (
        lambda d: d.cp.argsort(d.i, stable=True),
        lambda d: d.cp.argsort(d.i, kind="stable"),
    ),
    "sort(order=)": (lambda d: d.x.copy().sort(order="f"), lambda d: d.x.copy().sort()),
    "astype(device=)": (lambda d: d.x.astype("f4", device=0), lambda d: d.x.astype("f4")),
    "a ufunc's where=": (lambda d: d.cp.add(d.x, 1, where=d.x > 1), lambda d: d.cp.add(d.x, 1)),
    "cupy.errstate": (
        lambda d: d.cp.errstate(invalid="ignore"),
        lambda d: d.cupyx.errstate(linalg="raise"),
    ),
    "a name of NumPy alone": (lambda d: d.cp.vecdot(d.x, d.x), lambda d: (d.x * d.x).sum(axis=1)),
    "a method of NumPy alone": (lambda d: d.x.getfield("f4"), lambda d: d.x.copy()),
    "TruncatedSVD(svd_solver=)": (
        lambda d: __import__("cuml").TruncatedSVD(svd_solver="full"),
        lambda d: __import__("cuml").TruncatedSVD(algorithm="full"),
    ),
}

MEANINGS = {
    "an accumulation of any ufunc": (
        lambda d: not fails(lambda: d.cp.maximum.accumulate(d.x), NotImplementedError),
        lambda d: close(d.cp.add.accumulate(d.x), d.cp.cumsum(d.x, axis=0)),
    ),
    "argpartition leaves the rest as it was": (
        lambda d: (
            d.cp.argpartition(d.cp.asarray(np.array([9, 1, 8, 7])), 0)[1:].tolist() == [0, 2, 3]
        ),
        lambda d: int(d.cp.argpartition(d.cp.asarray(np.array([9, 1, 8, 7])), 0)[0]) == 1,
    ),
    "a partition is sorted": (
        lambda d: all_sorted(d.cp.partition(d.cp.arange(64), 32)),
        lambda d: all_sorted(d.cp.sort(d.cp.arange(64))),
    ),
    "cholesky raises": (
        lambda d: fails(lambda: d.cp.linalg.cholesky(d.cp.asarray(SIGNED))),
        lambda d: not bool(d.cp.isfinite(d.cp.linalg.cholesky(d.cp.asarray(SIGNED))).all()),
    ),
    "a sum is a Python number": (
        lambda d: isinstance(d.x.sum(), float | np.floating),
        lambda d: isinstance(float(d.x.sum()), float),
    ),
    "empty is zero": (lambda d: not d.cp.empty(3).any(), lambda d: not d.cp.zeros(3).any()),
    "weighted bincount to the bit": (
        lambda d: same(*(d.cp.bincount(d.i, d.x[0] / 7) for _ in range(8))),
        lambda d: close(*(d.cp.bincount(d.i, d.x[0] / 7) for _ in range(8))),
    ),
    "weighted bincount of nothing is float": (
        lambda d: d.cp.bincount(d.i[:0], d.x[0, :0], 3).dtype == np.float64,
        lambda d: d.cp.bincount(d.i[:0], d.x[0, :0], 3).astype("f8").dtype == np.float64,
    ),
    "scatter_add to the bit": (
        lambda d: same(*(scattered(d) for _ in range(8))),
        lambda d: close(*(scattered(d) for _ in range(8))),
    ),
}


def all_sorted(array):
    host = array.get()
    return bool((np.diff(host) >= 0).all())


def same(*arrays):
    return all(np.array_equal(arrays[0].get(), one.get()) for one in arrays)


def close(*arrays):
    return all(np.allclose(arrays[0].get(), one.get(), rtol=1e-12) for one in arrays)


def scattered(d):
    total = d.cp.zeros(3)
    d.cupyx.scatter_add(total, d.i, d.x[0] / 7)
    return total


@pytest.mark.parametrize("mistake", MOVES)
def test_a_move_that_is_not_said_is_refused(d, mistake):
    wrong, right = MOVES[mistake]
    with pytest.raises(TypeError):  # StrictDeviceError is one
        wrong(d)
    right(d)


@pytest.mark.parametrize("mistake", NAMES)
def test_names_and_parameters_are_the_real_ones(d, mistake):
    wrong, right = NAMES[mistake]
    with pytest.raises((TypeError, AttributeError), match=r"unexpected keyword|has no attribute"):
        wrong(d)
    right(d)


@pytest.mark.parametrize("mistake", MEANINGS)
def test_what_means_something_else_on_a_device(d, mistake):
    wrong, right = MEANINGS[mistake]
    assert not wrong(d)
    assert right(d)


@pytest.mark.parametrize("dtype", ["datetime64[ns]", "U3", "object"])
def test_types_that_no_device_has(d, dtype):
    with pytest.raises(ValueError, match="Unsupported dtype"):
        d.cp.asarray(np.zeros(2, dtype))


def test_linear_algebra_raises_where_it_is_told_to(d):
    with d.cupyx.errstate(linalg="raise"), pytest.raises(np.linalg.LinAlgError):
        d.cp.linalg.cholesky(d.cp.asarray(SIGNED))
