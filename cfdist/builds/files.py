"""Writing the files of a build: new name, synced, hashed; never over an existing file."""

import errno
import hashlib
import io
import os
import shutil
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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


def write_parquet(
    folder: Path, name: str, table: pa.Table, distinct: Collection[str] = ()
) -> WrittenFile:
    """One part of a table, with page checksums.

    Parameters
    ----------
    distinct : collection of str
        Columns whose values hardly come again. They are stored without a dictionary, and so are
        floats: it would be filled, thrown away, and make the file larger.
    """
    with hashed_file(folder, name) as file:
        pq.write_table(
            table,
            pa.PythonFile(file, mode="w"),
            compression="zstd",
            compression_level=1,
            row_group_size=2**20,
            use_dictionary=[
                field.name
                for field in table.schema
                if not (pa.types.is_floating(field.type) or field.name in distinct)
            ],
            write_page_checksum=True,
            store_schema=True,
        )
    return file.written(name, table.num_rows)


def write_array(
    folder: Path, name: str, blocks: Iterable[np.ndarray[Any, Any]], shape: tuple[int, ...]
) -> WrittenFile:
    """The rows of all blocks as one ``.npy`` file of that shape, written block by block."""
    written = 0
    with hashed_file(folder, name) as file:
        for number, block in enumerate(blocks):
            if number == 0:
                write_header(file, block.dtype, shape)
            file.write(np.ascontiguousarray(block).data)
            written += len(block)
    if written != shape[0]:
        raise ValueError(f"{name}: {written} rows instead of {shape[0]}")
    return file.written(name, written)


def write_header(handle: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Begin an ``.npy`` file of that type and shape."""
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_2_0(handle, header)


def write_arrays(folder: Path, name: str, arrays: dict[str, np.ndarray[Any, Any]]) -> WrittenFile:
    """Named arrays as one ``.npz`` file."""
    path = new_path(folder, name)
    with open(path, "xb") as handle:
        np.savez(handle, allow_pickle=False, **arrays)
    return finish(path, name, len(next(iter(arrays.values()))))


def write_bytes(folder: Path, name: str, content: bytes) -> WrittenFile:
    """A small file."""
    with hashed_file(folder, name) as file:
        file.write(content)
    return file.written(name, 0)


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


class HashedFile(io.RawIOBase):
    """A new file whose hash is known with its last byte: it is not read again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._file = open(path, "xb")  # noqa: SIM115  (closed by close)

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any) -> int:
        """Number of bytes, all of ``data``."""
        view = memoryview(data)
        view = view.cast("B") if view.nbytes else memoryview(b"")
        self._digest.update(view)
        return self._file.write(view)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def written(self, name: str, rows: int) -> WrittenFile:
        """The description of the file, which is closed and made durable."""
        self.close()
        sync(self._path)
        size = self._path.stat().st_size
        return WrittenFile(name, str(self._path), rows, size, self._digest.hexdigest())


@contextmanager
def hashed_file(folder: Path, name: str) -> Iterator[HashedFile]:
    """A new file below ``folder``, closed at the end."""
    with HashedFile(new_path(folder, name)) as file:
        yield file


def new_path(folder: Path, name: str) -> Path:
    """Path of a file below ``folder``, whose own folder exists."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def finish(path: Path, name: str, rows: int) -> WrittenFile:
    """The description of a file that was written by other means; it is read for its hash."""
    sync(path)
    return WrittenFile(name, str(path), rows, path.stat().st_size, sha256_of(path))


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as handle:
        while chunk := handle.read(READ_BYTES):
            yield chunk
