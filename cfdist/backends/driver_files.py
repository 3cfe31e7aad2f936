"""The driver by its files, for containers that have CUDA and not the library that tells of GPUs."""

import ctypes
import re
from pathlib import Path

from cfdist.backends.driver import Driver, Gpu

FOLDER = Path("/proc/driver/nvidia")
VERSION = re.compile(r"\s(\d{3,}\.[\d.]+)\s")
CUDA = "libcuda.so.1"


def by_files(folder: Path = FOLDER, library: str = CUDA) -> Driver:
    """What the kernel's module says; memory and compute capability stay unknown.

    Raises
    ------
    OSError
        There is no driver, or CUDA's library was not given to the container.
    ValueError
        The file is written in another way.
    """
    text = (folder / "version").read_text()
    ctypes.CDLL(library)  # loaded, not started: no context is made
    found = VERSION.search(text)
    if found is None:
        raise ValueError(f"{folder / 'version'} names no version")
    files = sorted((folder / "gpus").glob("*/information"))
    return Driver(found[1], tuple(_gpu(file.read_text()) for file in files))


def _gpu(text: str) -> Gpu:
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return Gpu(fields.get("Model", "GPU").strip(), fields.get("GPU UUID", "").strip())
