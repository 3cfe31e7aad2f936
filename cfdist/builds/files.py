"""Writing the files of a build: new name, synced, hashed; never over an existing file."""

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cfdist.algorithms.csr import CsrBlock
from cfdist.errors import BuildError

READ_BYTES = 2**22


class WrittenFile(NamedTuple):
    """What a write task returns; nobody lists folders."""

    name: str
    path: str
    rows: int
    bytes: int
    sha256: str


def part_name(table: str, number: int) -> str:
    """Name of a part of a table within a build."""
    return f"{table}.parquet/part-{number:05d}.parquet"


def write_parquet(folder: Path, name: str, table: pa.Table) -> WrittenFile:
    """One part of a table, with page checksums."""
    path = _new_path(folder, name)
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=1,
        row_group_size=2**20,
        write_page_checksum=True,
        store_schema=True,
    )
    return _finish(path, name, table.num_rows)


def write_array(
    folder: Path, name: str, blocks: Iterable[np.ndarray[Any, Any]], shape: tuple[int, ...]
) -> WrittenFile:
    """The rows of all blocks as one ``.npy`` file of that shape, written block by block."""
    path = _new_path(folder, name)
    written = 0
    with open(path, "xb") as handle:
        for number, block in enumerate(blocks):
            if number == 0:
                _write_header(handle, block.dtype, shape)
            handle.write(np.ascontiguousarray(block).data)
            written += len(block)
    if written != shape[0]:
        raise ValueError(f"{name}: {written} rows instead of {shape[0]}")
    return _finish(path, name, written)


def _write_header(handle: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_2_0(handle, header)


def write_matrix(folder: Path, name: str, matrix: CsrBlock) -> WrittenFile:
    """The matrix as ``scipy.sparse.load_npz`` reads it, without explicit pickling."""
    path = _new_path(folder, name)
    with open(path, "xb") as handle:
        np.savez(
            handle, allow_pickle=False, data=matrix.data, indices=matrix.indices,
            indptr=matrix.indptr, shape=np.array(matrix.shape), format=np.array(b"csr"),
        )  # fmt: skip
    return _finish(path, name, matrix.shape[0])


def write_arrays(folder: Path, name: str, arrays: dict[str, np.ndarray[Any, Any]]) -> WrittenFile:
    """Named arrays as one ``.npz`` file."""
    path = _new_path(folder, name)
    with open(path, "xb") as handle:
        np.savez(handle, allow_pickle=False, **arrays)
    return _finish(path, name, len(next(iter(arrays.values()))))


def write_bytes(folder: Path, name: str, content: bytes) -> WrittenFile:
    """A small file."""
    path = _new_path(folder, name)
    path.write_bytes(content)
    return _finish(path, name, 0)


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content."""
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def place(source: Path, target: Path, sha256: str) -> None:
    """Link a staged file into a build; copy, and hash again, where the file systems differ."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        shutil.copyfile(source, target)
        sync(target)
        if sha256_of(target) != sha256:
            raise BuildError(
                f"{target}: the copy differs from {source}", remedy="run the same command again"
            ) from None


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and make it durable."""
    with open(path, "xb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a small file as a whole."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        write_synced(temporary, content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _new_path(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _finish(path: Path, name: str, rows: int) -> WrittenFile:
    sync(path)
    return WrittenFile(name, str(path), rows, path.stat().st_size, sha256_of(path))


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as handle:
        while chunk := handle.read(READ_BYTES):
            yield chunk
