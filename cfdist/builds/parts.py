"""Arrays that no task holds as a whole: a part per block on disk, joined byte by byte."""

import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple
from uuid import uuid4

import numpy as np

from cfdist.algorithms.csr import CsrBlock
from cfdist.builds.files import (
    READ_BYTES,
    WrittenFile,
    finish,
    hashed_file,
    new_path,
    write_header,
)
from cfdist.errors import BuildError

Array = np.ndarray[Any, Any]


class ArrayPart(NamedTuple):
    """Some rows of an array, as plain bytes in a file that is removed with the run."""

    path: str
    shape: tuple[int, ...]
    dtype: str


class MatrixPart(NamedTuple):
    """Some rows of a sparse matrix. ``ends``: where each of them ends among its own entries."""

    data: ArrayPart
    indices: ArrayPart
    ends: ArrayPart
    n_columns: int


def write_part(folder: Path, rows: Array) -> ArrayPart:
    """The rows in a file of their own below ``folder``."""
    path = new_path(folder, uuid4().hex)
    rows.tofile(path)
    return ArrayPart(str(path), rows.shape, rows.dtype.str)


def write_matrix_part(folder: Path, block: CsrBlock) -> MatrixPart:
    """The rows of a matrix in files of their own below ``folder``."""
    return MatrixPart(
        write_part(folder, block.data),
        write_part(folder, block.indices),
        write_part(folder, block.indptr[1:]),
        block.shape[1],
    )


def join_array(folder: Path, name: str, parts: Sequence[ArrayPart]) -> WrittenFile:
    """The rows of all parts as one ``.npy`` file.

    Raises
    ------
    BuildError
        A part is shorter than it was written.

    Notes
    -----
    Memory is that of a buffer; every byte is read and written once more.
    """
    rows = sum(part.shape[0] for part in parts)
    with hashed_file(folder, name) as file:
        write_header(file, np.dtype(parts[0].dtype), (rows, *parts[0].shape[1:]))
        for part in parts:
            _copy(part, file)
    return file.written(name, rows)


def join_matrix(folder: Path, name: str, parts: Sequence[MatrixPart]) -> WrittenFile:
    """The rows of all parts as ``scipy.sparse.load_npz`` reads them, nothing pickled.

    The file is the one that ``numpy.savez`` makes of the whole matrix; errors and memory are
    those of :func:`join_array`.
    """
    path = new_path(folder, name)
    rows = sum(part.ends.shape[0] for part in parts)
    shape = np.array((rows, parts[0].n_columns))
    with open(path, "xb") as handle, zipfile.ZipFile(handle, "w") as archive:
        _add_parts(archive, "data", [part.data for part in parts])
        _add_parts(archive, "indices", [part.indices for part in parts])
        with _member(archive, "indptr", np.dtype(np.int64), (rows + 1,)) as member:
            member.write(np.zeros(1, np.int64).tobytes())
            before = 0
            for part in parts:
                member.write((np.fromfile(part.ends.path, np.int64) + before).tobytes())
                before += part.data.shape[0]
        for key, value in (("shape", shape), ("format", np.array(b"csr"))):
            with _member(archive, key, value.dtype, value.shape) as member:
                member.write(value.tobytes())
    return finish(path, name, rows)


def _add_parts(archive: zipfile.ZipFile, key: str, parts: Sequence[ArrayPart]) -> None:
    length = sum(part.shape[0] for part in parts)
    with _member(archive, key, np.dtype(parts[0].dtype), (length,)) as member:
        for part in parts:
            _copy(part, member)


@contextmanager
def _member(
    archive: zipfile.ZipFile, key: str, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> Iterator[IO[bytes]]:
    """An array of the archive, its header written."""
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, header)
        yield member


def _copy(part: ArrayPart, target: Any) -> None:
    """All bytes of a part."""
    expected = int(np.prod(part.shape)) * np.dtype(part.dtype).itemsize
    found = Path(part.path).stat().st_size
    if found != expected:
        raise BuildError(
            f"{part.path}: has {found:,} bytes where {expected:,} were written",
            remedy="run the same command again",
        )
    with open(part.path, "rb") as source:
        shutil.copyfileobj(source, target, READ_BYTES)
