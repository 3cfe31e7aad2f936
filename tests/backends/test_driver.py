import ctypes
import stat
from types import SimpleNamespace

import pytest

from cfdist.backends import driver
from cfdist.backends.driver import Driver, Gpu, ask, by_smi, read_driver, visible
from cfdist.backends.driver_files import by_files
from cfdist.backends.nvml import NvmlError, NvmlLibrary

GIB = 2**30
GPUS = (Gpu("A", "GPU-1a"), Gpu("B", "GPU-2b"), Gpu("C", "GPU-2c"))


def nvml(**changes):
    """Two GPUs, by the functions of nvidia-ml-py, and how often it was opened and closed."""
    calls = []
    answers = {
        "nvmlInit": lambda: calls.append("open"),
        "nvmlShutdown": lambda: calls.append("close"),
        "nvmlSystemGetDriverVersion": lambda: "550.54.15",
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda handle: "NVIDIA L4",
        "nvmlDeviceGetUUID": lambda handle: f"GPU-{handle}",
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(total=24 * GIB, free=20 * GIB),
        "nvmlDeviceGetCudaComputeCapability": lambda handle: [8, 9],
    }
    return SimpleNamespace(calls=calls, **{**answers, **changes})


def test_what_nvml_says_and_it_is_closed_again():
    two = nvml()
    found = ask(two)
    assert found.version == "550.54.15"
    assert found.gpus[1] == Gpu("NVIDIA L4", "GPU-1", 24 * GIB, 20 * GIB, (8, 9))
    assert two.calls == ["open", "close"]


def test_nvml_is_closed_after_an_error():
    lost = nvml(nvmlDeviceGetCount=lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ask(lost)
    assert lost.calls == ["open", "close"]


def test_memory_that_the_driver_does_not_tell_is_zero():
    shared = nvml(nvmlDeviceGetMemoryInfo=lambda handle: 1 / 0)  # not supported
    assert ask(shared).gpus[0].total_bytes == 0


class Library:
    """libnvidia-ml with one GPU, written through pointers as C does."""

    def __init__(self, status=0):
        self.status = status
        self.nvmlErrorString = lambda status: b"Driver/library version mismatch"

    def __getattr__(self, name):
        return lambda *arguments: self.status or self.answer(name, *arguments)

    def answer(self, name, *arguments):
        pointers = [a._obj for a in arguments if hasattr(a, "_obj")]
        if name == "nvmlDeviceGetCount_v2":
            pointers[0].value = 1
        elif name == "nvmlDeviceGetMemoryInfo":
            pointers[0].total, pointers[0].free = 16 * GIB, 15 * GIB
        elif name == "nvmlDeviceGetCudaComputeCapability":
            pointers[0].value, pointers[1].value = 7, 5
        texts = {
            "nvmlDeviceGetName": b"Tesla T4",
            "nvmlDeviceGetUUID": b"GPU-7",
            "nvmlSystemGetDriverVersion": b"535.1",
        }
        if name in texts:
            buffer = next(a for a in arguments if isinstance(a, ctypes.Array))
            buffer.value = texts[name]
        return 0


def test_the_library_answers_like_nvidia_ml_py():
    assert ask(NvmlLibrary(Library())) == Driver(
        "535.1", (Gpu("Tesla T4", "GPU-7", 16 * GIB, 15 * GIB, (7, 5)),)
    )


def test_an_error_of_the_library_is_said_in_its_words():
    with pytest.raises(NvmlError, match="version mismatch"):
        ask(NvmlLibrary(Library(status=18)))


def smi(folder, monkeypatch, text, code=0):
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_what_nvidia_smi_says(tmp_path, monkeypatch):
    row = "NVIDIA A100-SXM4-40GB, GPU-5d, 40960, 40000, 8.0, 535.161.08"
    smi(tmp_path, monkeypatch, f"{row}\n{row}")
    gpu = Gpu("NVIDIA A100-SXM4-40GB", "GPU-5d", 40960 * 2**20, 40000 * 2**20, (8, 0))
    assert by_smi() == Driver("535.161.08", (gpu, gpu))


def test_memory_that_nvidia_smi_does_not_tell_is_zero(tmp_path, monkeypatch):
    smi(tmp_path, monkeypatch, "NVIDIA GB10, GPU-1, [N/A], [N/A], 12.1, 580.95")
    assert by_smi().gpus[0].total_bytes == 0


@pytest.mark.parametrize(("text", "code"), [("No devices were found", 6), ("a, b", 0)])
def test_nvidia_smi_without_an_answer(tmp_path, monkeypatch, text, code):
    smi(tmp_path, monkeypatch, text, code)
    with pytest.raises(RuntimeError, match=text):
        by_smi()


KERNEL = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (b)\n"
LIBC = "libc.so.6"


def files(folder, version=KERNEL):
    (folder / "version").write_text(version)
    gpu = folder / "gpus" / "0000:01:00.0"
    gpu.mkdir(parents=True)
    (gpu / "information").write_text("Model: \t\t NVIDIA L4\nIRQ:   \t\t 20\nGPU UUID: \t GPU-9\n")
    return folder


def test_files_of_the_driver_where_nothing_else_answers(tmp_path):
    assert by_files(files(tmp_path), LIBC) == Driver("570.86.15", (Gpu("NVIDIA L4", "GPU-9"),))


@pytest.mark.parametrize(
    ("version", "library"), [(KERNEL, "libnot-there.so.1"), ("NVRM version: odd\n", LIBC)]
)
def test_files_that_say_nothing(tmp_path, version, library):
    with pytest.raises((OSError, ValueError)):
        by_files(files(tmp_path, version), library)


def failing(text):
    def read():
        raise RuntimeError(text)

    return read


def test_the_first_way_that_works_is_taken():
    ways = [failing("no module"), lambda: Driver("1"), lambda: Driver("2")]
    assert read_driver(ways) == Driver("1")


def test_no_way_works():
    assert read_driver([failing("no module")] * 3) == Driver(problem="no NVIDIA driver")


def test_a_driver_that_was_updated_is_told_from_none():
    ways = [failing("no module"), failing("Driver/library version mismatch"), failing("x")]
    assert read_driver(ways).problem == "Driver/library version mismatch"


def test_a_container_without_the_libraries_of_the_driver(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "KERNEL_MODULE", tmp_path)
    assert "libraries are not here" in read_driver([failing("x")]).problem


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (None, "ABC"),
        ("", ""),
        ("-1", ""),
        ("0", "A"),
        ("2, 0", "CA"),
        ("GPU-1", "A"),
        ("GPU-2b,0", "BA"),
        ("GPU-2", ""),  # two begin so
        ("1,9,0", "B"),  # nothing after what does not exist
        ("cuda:0", ""),
    ],
)
def test_visible_gpus(chosen, names):
    assert "".join(gpu.name for gpu in visible(GPUS, chosen)) == names


def test_a_slice_is_known_by_its_identity_alone():
    assert visible(GPUS, "MIG-4f,1") == (Gpu("MIG-4f", "MIG-4f"), GPUS[1])
