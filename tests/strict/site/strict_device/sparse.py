"""`cupyx.scipy.sparse`: the subset that means the same as in SciPy, and the traps of the rest.

Products of two sparse operands are refused: cuSPARSE can return zeros for them without an error
(cupy, issue 10033).
"""

from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from strict_device import counting, surface
from strict_device.array import ndarray, on_device
from strict_device.device_memory import workspace
from strict_device.errors import StrictDeviceError
from strict_device.noise import last_bit
from strict_device.transfers import asarray
from strict_device.wrapping import is_device, is_host

DTYPES = "?fdFD"


class Compressed:
    """What CSR and CSC have in common."""

    __array_ufunc__ = None
    __array_priority__ = 101
    __hash__ = None
    ndim = 2
    format: ClassVar[str]
    _host_type: ClassVar[Any]
    _noisy: ClassVar[bool]

    def __init__(self, *args: Any, **keywords: Any) -> None:
        _bind_new(*args, **keywords)
        arg1, shape, dtype, copy = _constructed(*args, **keywords)
        self.data, self.indices, self.indptr, self._shape = self._parts(arg1, shape)
        if dtype is not None:
            self.data = self.data.astype(dtype)
        if self.dtype.char not in DTYPES:
            raise ValueError("Only bool, float32, float64, complex64 and complex128 are supported")
        if copy:
            self.data, self.indices, self.indptr = (one.copy() for one in self._arrays)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._shape

    @property
    def dtype(self) -> np.dtype:
        """Of the data."""
        return self.data.dtype

    @property
    def nnz(self) -> int:
        """Stored values."""
        return int(self.data.size)

    size = nnz

    @property
    def has_canonical_format(self) -> bool:
        """Whether indices are sorted and unique; a sync."""
        counting.count("syncs")
        return self._host().has_canonical_format

    @has_canonical_format.setter
    def has_canonical_format(self, value: bool) -> None:
        if value and not self._host().has_canonical_format:
            raise StrictDeviceError("the matrix is not canonical, and would be taken for it")

    @property
    def has_sorted_indices(self) -> bool:
        """Whether indices are sorted; a sync."""
        counting.count("syncs")
        return self._host().has_sorted_indices

    @property
    def T(self) -> "Compressed":  # noqa: N802
        """The transpose, of the other format, over the same memory."""
        return self.transpose()

    def transpose(self, axes: Any = None, copy: bool = False) -> "Compressed":
        """The transpose, of the other format."""
        return self._of(OTHER[self.format], self.shape[::-1], copy)

    def __matmul__(self, other: Any) -> ndarray:
        if isinstance(other, Compressed):
            raise StrictDeviceError(
                "sparse @ sparse: cuSPARSE may return zeros; multiply with a dense operand"
            )
        if not is_device(other):
            raise StrictDeviceError(f"{self.format} @ {type(other).__name__}: only device arrays")
        if other.ndim not in (1, 2):
            raise ValueError("could not interpret dimensions")
        self.sum_duplicates()
        with workspace(0 if other.flags.f_contiguous else other.nbytes):  # it wants it by columns
            product = np.asarray(self._host() @ other._strict_host)
        return on_device(np.asfortranarray(last_bit(product) if self._noisy else product))

    def __rmatmul__(self, other: Any) -> ndarray:
        if is_host(other):
            raise StrictDeviceError(f"{type(other).__name__} of the host @ {self.format}")
        return (self.T @ other.T).T

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise StrictDeviceError("implicit conversion of a device matrix to NumPy; use .get()")

    def __len__(self) -> int:
        raise TypeError("sparse array length is ambiguous; use shape[0] or .nnz")

    def __iter__(self) -> Any:
        raise StrictDeviceError("iterating a device matrix")

    def __reduce__(self) -> Any:
        return _again, (self.format, *self._arrays, self._shape)

    def __getattr__(self, name: str) -> Any:
        path = f"cupyx.scipy.sparse.{type(self).__name__}"
        if name.startswith("_") or name not in surface.names(path):
            raise surface.missing(path, name)
        raise NotImplementedError(f"{path}.{name} is real, but not in the subset that we use")

    def dot(self, other: Any) -> Any:
        """The product."""
        return self @ other

    def get(self, stream: Any = None) -> Any:
        """A SciPy matrix on the host: three transfers."""
        parts = tuple(one.get(stream) for one in self._arrays)
        return self._host_type(parts, shape=self._shape)

    def getnnz(self, axis: int | None = None) -> int:
        """Stored values; not per row or column."""
        if axis is not None:
            raise NotImplementedError("getnnz over an axis is not implemented; use diff(indptr)")
        return self.nnz

    def toarray(self, order: str | None = None, out: Any = None) -> ndarray:
        """A dense device array."""
        with workspace(self.dtype.itemsize * self.shape[0] * self.shape[1] if order != "F" else 0):
            return on_device(self._host().toarray(order=order))

    def sum_duplicates(self) -> None:
        """Make it canonical in place: indices sorted and unique, in the same memory."""
        host = self._host()
        if not host.has_canonical_format:
            host.sum_duplicates()
            self.data, self.indices = on_device(host.data), on_device(host.indices)

    def sort_indices(self) -> None:
        """Sort the indices of each row in place."""
        self._host().sort_indices()

    def copy(self) -> "Compressed":
        """The same in other memory."""
        return self._of(type(self), self.shape, copy=True)

    def astype(self, dtype: Any, copy: bool = True) -> "Compressed":
        """With data of another type."""
        made = self._of(type(self), self.shape, copy=False)
        return type(self)((made.data.astype(dtype), made.indices, made.indptr), shape=self.shape)

    @property
    def _arrays(self) -> tuple[ndarray, ndarray, ndarray]:
        return self.data, self.indices, self.indptr

    def _host(self) -> Any:
        """SciPy's view of the same memory."""
        return self._host_type(tuple(one._strict_host for one in self._arrays), shape=self._shape)

    def _of(self, kind: type, shape: tuple[int, int], copy: bool) -> "Compressed":
        made = object.__new__(kind)
        made.data, made.indices, made.indptr = (one.copy() if copy else one for one in self._arrays)
        made._shape = shape
        return made

    def _parts(self, arg1: Any, shape: Any) -> tuple[Any, ...]:
        if isinstance(arg1, Compressed):
            if arg1.format != self.format:
                raise NotImplementedError(
                    "conversion between CSR and CSC is a sort; build it sorted"
                )
            return (*arg1._arrays, shape or arg1.shape)
        if sp.issparse(arg1):
            host = arg1.asformat(self.format)
            parts = (asarray(one) for one in (host.data, host.indices, host.indptr))
            return (*parts, shape or arg1.shape)
        if isinstance(arg1, tuple) and len(arg1) == 3:
            return self._checked(arg1, shape)
        if isinstance(arg1, tuple) and all(isinstance(one, int | np.integer) for one in arg1):
            return self._parts(self._host_type(arg1), None)
        raise StrictDeviceError(
            f"{self.format}_matrix from {type(arg1).__name__}: give (data, indices, indptr)"
        )

    def _checked(self, parts: Any, shape: Any) -> tuple[Any, ...]:
        if not all(is_device(one) and one.ndim == 1 for one in parts):
            raise StrictDeviceError(
                "data, indices and indptr must be one-dimensional device arrays"
            )
        if shape is None:
            raise StrictDeviceError("without a shape, the largest index is a sync; give the shape")
        counting.count("syncs")  # indptr[0] and indptr[-1] are read back
        data, indices, indptr = parts
        if data.size != indices.size:
            raise ValueError("indices and data should have the same size")
        major = shape[0] if self.format == "csr" else shape[1]
        if indptr.size != major + 1:
            raise ValueError(f"index pointer size ({indptr.size}) should be ({major + 1})")
        return data, indices, indptr, tuple(int(one) for one in shape)


class csr_matrix(Compressed):  # noqa: N801
    """Rows one after the other."""

    format = "csr"
    _host_type = sp.csr_matrix
    _noisy = False

    def __getitem__(self, rows: Any) -> "csr_matrix":
        """A run of rows: views, and an indptr of its own."""
        if not isinstance(rows, slice) or rows.step not in (None, 1):
            raise StrictDeviceError("only runs of rows, X[a:b], mean the same on a device")
        counting.count("syncs")
        start, stop, _ = rows.indices(self.shape[0])
        first, last = self.indptr._strict_host[[start, max(stop, start)]]
        parts = (
            self.data[first:last],
            self.indices[first:last],
            self.indptr[start : stop + 1] - first,
        )
        return csr_matrix(parts, shape=(max(stop - start, 0), self.shape[1]))

    def tocsr(self, copy: bool = False) -> "csr_matrix":
        """The same."""
        return self.copy() if copy else self


class csc_matrix(Compressed):  # noqa: N801
    """Columns one after the other: the transpose of CSR. Products are summed by atomic adds."""

    format = "csc"
    _host_type = sp.csc_matrix
    _noisy = True

    def tocsc(self, copy: bool = False) -> "csc_matrix":
        """The same."""
        return self.copy() if copy else self


OTHER = {"csr": csc_matrix, "csc": csr_matrix}
for _kind in (csr_matrix, csc_matrix):
    _kind.__module__ = f"cupyx.scipy.sparse._{_kind.format}"


def _again(form: str, data: Any, indices: Any, indptr: Any, shape: tuple[int, int]) -> Compressed:
    kind = csr_matrix if form == "csr" else csc_matrix
    return kind((data, indices, indptr), shape=shape)


def _constructed(
    arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, *, maxprint: Any = None
) -> tuple[Any, Any, Any, bool]:
    return arg1, shape, dtype, copy


def _bind_new(*args: Any, **keywords: Any) -> None:
    surface.bind("cupyx.scipy.sparse", "csr_matrix", args, keywords)


OWN = {
    "csr_matrix": csr_matrix,
    "csc_matrix": csc_matrix,
    "issparse": lambda x: isinstance(x, Compressed),
    "isspmatrix": lambda x: isinstance(x, Compressed),
    "isspmatrix_csr": lambda x: isinstance(x, csr_matrix),
    "isspmatrix_csc": lambda x: isinstance(x, csc_matrix),
    "spmatrix": Compressed,
}
