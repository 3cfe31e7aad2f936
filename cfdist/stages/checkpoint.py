"""Block results on disk, so that a stopped run goes on after its last complete stage."""

import fcntl
import hashlib
import json
import mmap
import os
import platform
import shutil
import struct
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np
import psutil
import pyarrow as pa
from distributed import Client, Future

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.interactions import InteractionBlock
from cfdist.algorithms.lists import Lists
from cfdist.algorithms.neighbor_groups import NeighborIndex
from cfdist.algorithms.pairs import PairCounts
from cfdist.algorithms.profiles import Profiles
from cfdist.builds.files import write_atomic
from cfdist.errors import DataError

_TUPLES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (CsrBlock, InteractionBlock, Lists, NeighborIndex, PairCounts, Profiles)
}
FORMAT = 2
LIBRARIES = ("numpy", "scipy", "pyarrow", "pandas", "numba", "dask", "distributed")
ALIGNMENT = 64
_LOCAL_HEADER, _ZIP64_FIELD, _FIELD_HEADER = 30, 20, 4
_PADDING = 0xCFD1
"""Number of the zip's extra field that holds nothing."""
_PRIVATE = mmap.MAP_PRIVATE | getattr(mmap, "MAP_NORESERVE", 0)
"""What is written stays in memory; a file larger than memory may be mapped."""
_COMPLETE = "complete.json"
_MARK = ".used-by-"
_LOCK = ".lock"


def hash_settings(*parts: object) -> str:
    """Key of a stage: sha256 over JSON of what its result depends on, the code included."""
    text = json.dumps([FORMAT, code_versions(), *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def code_versions() -> dict[str, str]:
    """Releases of cfdist, Python and the libraries that results depend on."""
    found = {name: version(name) for name in ("cfdist", *LIBRARIES)}
    return {"python": platform.python_version()} | found


def write_value(path: Path, value: Any) -> None:
    """Store an array, an Arrow array, a dict of those or a known tuple as ``.npz``, at once.

    The zip carries a CRC of every member; nothing is pickled. Arrays begin at multiples of 64
    bytes, so that :func:`map_value` can use them where they lie.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with open(temporary, "wb") as handle:
            with zipfile.ZipFile(handle, "w") as archive:
                for name, array in _pack(value).items():
                    _write_member(archive, f"{name}.npy", np.asarray(array))
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_member(archive: zipfile.ZipFile, name: str, array: np.ndarray[Any, Any]) -> None:
    """An uncompressed member; a padding field moves its data to a multiple of 64."""
    info = zipfile.ZipInfo(name)
    data = archive.start_dir + _LOCAL_HEADER + len(name.encode()) + _ZIP64_FIELD + _FIELD_HEADER
    padding = -data % ALIGNMENT
    info.extra = struct.pack("<HH", _PADDING, padding) + bytes(padding)
    with archive.open(info, "w", force_zip64=True) as member:
        np.lib.format.write_array(member, array, allow_pickle=False)


def read_value(path: Path) -> Any:
    """What :func:`write_value` stored, every byte checked.

    Raises
    ------
    DataError
        The file is damaged or gone: names the folder to delete.
    """
    with _damage_told(path), np.load(path, allow_pickle=False) as stored:
        return _unpack({name: stored[name] for name in stored.files})


def map_value(path: Path) -> Any:
    """What :func:`write_value` stored, as views of the file: pages are read when they are used.

    Notes
    -----
    Memory is that of the pages in use, and the system takes them back when it needs them. Writing
    to an array changes memory alone. Bytes are not checked, see :func:`check_value`. Errors as in
    :func:`read_value`.
    """
    with _damage_told(path), open(path, "rb") as handle, zipfile.ZipFile(handle) as archive:
        pages = mmap.mmap(handle.fileno(), 0, flags=_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        return _unpack(
            {
                member.filename.removesuffix(".npy"): _map_member(
                    pages, handle, member.header_offset
                )
                for member in archive.infolist()
            }
        )


def _map_member(pages: mmap.mmap, handle: BinaryIO, offset: int) -> np.ndarray[Any, Any]:
    """A view of one array; every view keeps the one mapping of its file alive."""
    handle.seek(offset)
    name_bytes, extra_bytes = struct.unpack("<26xHH", handle.read(_LOCAL_HEADER))
    handle.seek(name_bytes + extra_bytes, os.SEEK_CUR)
    np.lib.format.read_magic(handle)
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(handle)
    values = np.frombuffer(pages, dtype, int(np.prod(shape)), handle.tell())
    return values.reshape(shape, order="F" if is_fortran else "C")


def check_value(path: Path) -> None:
    """Read a file once, without keeping it, to compare its checksums; errors as in read_value."""
    with _damage_told(path), zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {damaged!r}")


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(
            f"{path}: the checkpoint is gone, or this worker does not see it",
            remedy="run the same command again; all workers must share runs.path",
        ) from error
    except (EOFError, ValueError, KeyError, struct.error, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: the checkpoint is damaged: {error}",
            remedy=f"delete the folder {path.parent} and run the same command again",
        ) from error


@dataclass(frozen=True)
class Stored:
    """Stands for a value in a file, where values would not fit into memory together."""

    path: Path


def resolved(value: Any) -> Any:
    """The value, with every :class:`Stored` in it, or in lists and tuples in it, mapped."""
    if isinstance(value, Stored):
        return map_value(value.path)
    if type(value) in (list, tuple):
        return type(value)(resolved(item) for item in value)
    return value


def _checked(path: Path) -> Stored:
    check_value(path)
    return Stored(path)


class StoredParts(Sequence[Future]):
    """Parts of a resumed stage; a part is read when somebody asks for its future.

    Parameters
    ----------
    stay : bool
        Values stay in their files: the futures are of :class:`Stored`.
    """

    def __init__(self, client: Client, paths: list[Path], *, stay: bool = False) -> None:
        self._client = client
        self._paths = paths
        self._read: Callable[[Path], Any] = _checked if stay else read_value
        self._futures: dict[int, Future] = {}

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, at: int) -> Future: ...
    @overload
    def __getitem__(self, at: slice) -> list[Future]: ...
    def __getitem__(self, at: int | slice) -> Future | list[Future]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        if at not in self._futures:
            if not -len(self) <= at < len(self):
                raise IndexError(at)
            key = f"resume-{uuid.uuid4().hex}"
            self._futures[at] = self._client.submit(self._read, self._paths[at], key=key)
        return self._futures[at]

    def __iter__(self) -> Iterator[Future]:
        return (self[i] for i in range(len(self)))


class Checkpoints:
    """Folder of checkpoints, one sub-folder per stage and key, shared by all runs.

    A run marks the sub-folders that it uses, so that another one, which ends first, leaves them.

    Parameters
    ----------
    folder : Path or None
        None switches checkpoints off.
    run : str
        Name of the run, for its marks.
    """

    def __init__(self, folder: Path | None, run: str = "") -> None:
        self.folder = folder
        self.run = run
        self._claimed: list[Path] = []

    def claim(self, stage: str, key: str) -> None:
        """Mark a stage's folder as used by this run, before looking into it."""
        if self.folder is None:
            return
        mark = self.folder / f"{stage}-{key}" / f"{_MARK}{self.run}"
        owner = {"host": platform.node(), "pid": os.getpid()}
        with self._locked():
            mark.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(mark, json.dumps(owner).encode())
        self._claimed.append(mark)

    def release(self) -> None:
        """Take this run's marks away; the checkpoints stay."""
        for mark in self._claimed:
            mark.unlink(missing_ok=True)
            with suppress(OSError):  # a stage that kept nothing leaves no folder
                mark.parent.rmdir()
        self._claimed.clear()

    def path(self, stage: str, key: str, part: str, number: int) -> Path | None:
        """Where a part belongs; None when checkpoints are off."""
        if self.folder is None:
            return None
        return self.folder / f"{stage}-{key}" / f"{part}-{number:05d}.npz"

    def find(self, stage: str, key: str) -> dict[str, Any] | None:
        """Description of a complete stage, or None."""
        if self.folder is None:
            return None
        marker = self.folder / f"{stage}-{key}" / _COMPLETE
        try:
            return dict(json.loads(marker.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def complete(
        self, stage: str, key: str, meta: Mapping[str, Any], sizes: dict[str, int]
    ) -> None:
        """Mark a stage as complete, after all of its parts are on disk."""
        if self.folder is None:
            return
        folder = self.folder / f"{stage}-{key}"
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{_COMPLETE}.{uuid.uuid4().hex}"
        temporary.write_text(json.dumps({"meta": dict(meta), "parts": sizes}))
        os.replace(temporary, folder / _COMPLETE)

    def remove(self) -> None:
        """Delete what this run claimed, except what another living run uses."""
        folders = [mark.parent for mark in self._claimed]
        self.release()
        for folder in folders:
            with self._locked():
                if not any(_is_alive(mark) for mark in folder.glob(f"{_MARK}*")):
                    shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Between claiming and removing there is no in-between."""
        assert self.folder is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / _LOCK, "w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _is_alive(mark: Path) -> bool:
    """Whether the run behind a mark may still be going on; another host's counts as alive."""
    try:
        owner = json.loads(mark.read_text())
    except FileNotFoundError:
        return False
    return bool(owner["host"] != platform.node() or psutil.pid_exists(owner["pid"]))


def _pack(value: Any) -> dict[str, np.ndarray[Any, Any]]:
    kind = type(value).__name__
    if kind in _TUPLES:
        fields = value._asdict()
    elif isinstance(value, dict):
        kind, fields = "dict", value
    else:
        kind, fields = "value", {"value": value}
    packed: dict[str, Any] = {"__kind__": np.array(kind)}
    for name, item in fields.items():
        if not isinstance(item, pa.Array):
            packed[name] = np.asarray(item)
        elif pa.types.is_integer(item.type):
            packed[f"{name}:ids"] = np.asarray(item)
        else:
            packed[f"{name}:bytes"], packed[f"{name}:lengths"] = _bytes_of(item)
    return packed


def _bytes_of(ids: pa.Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """UTF-8 of all ids in a row, and the length of each."""
    text = ids.cast(pa.large_binary())
    if not len(text):
        return np.empty(0, np.uint8), np.empty(0, np.int64)
    _, offsets_buffer, data = text.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[text.offset : text.offset + len(text) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return content[offsets[0] : offsets[-1]], np.diff(offsets)


def _unpack(stored: dict[str, np.ndarray[Any, Any]]) -> Any:
    kind = str(stored.pop("__kind__"))
    fields: dict[str, Any] = {}
    for name, array in stored.items():
        if name.endswith(":ids"):
            fields[name[:-4]] = pa.array(array)
        elif name.endswith(":lengths"):
            offsets = np.concatenate(([0], np.cumsum(array))).astype(np.int32)
            data = pa.py_buffer(stored[name.replace(":lengths", ":bytes")])
            fields[name[:-8]] = pa.StringArray.from_buffers(
                len(array), pa.py_buffer(offsets.tobytes()), data
            )
        elif not name.endswith(":bytes"):
            fields[name] = array
    if kind == "value":
        return fields["value"]
    if kind == "dict":
        return fields
    if kind == "CsrBlock":
        fields["shape"] = tuple(int(side) for side in fields["shape"])
    return _TUPLES[kind](**fields)
