import pytest
from machines import GIB, H100, cpu_machine, gpu_machine

from cfdist.backends.driver import Driver
from cfdist.backends.machine import Package
from cfdist.backends.requirements import (
    names_of,
    require_gpu,
    requirements,
    resolve_backend,
    unmet,
)
from cfdist.errors import EXIT_CONFIG, ConfigError, DeviceError

DASK = Package("rapids-dask-dependency", "26.10.0", ("dask<2026.7.2,>=2026.7.1", "distributed"))
NOT_THIS_DASK = Package("rapids-dask-dependency", "26.10.0", ("dask<2000",))
NOTHING_SEEN = gpu_machine()._replace(gpus=(), hidden="7")
NO_GPU = gpu_machine()._replace(gpus=(), driver=Driver("580.95.05"))
T4 = H100._replace(name="Tesla T4", capability=(7, 5))
V100 = H100._replace(name="Tesla V100", capability=(7, 0))
P100 = H100._replace(name="Tesla P100", capability=(6, 0))
SMALL = H100._replace(name="small", total_bytes=2 * GIB, free_bytes=2 * GIB)
FULL = H100._replace(free_bytes=GIB)
SHARED = H100._replace(name="GB10", total_bytes=0, free_bytes=0)

BAD = {
    "no driver": (cpu_machine(), "no NVIDIA driver", "install driver 535"),
    "driver updated": (
        cpu_machine("Driver/library version mismatch"), "mismatch", "restart the machine",
    ),
    "container": (cpu_machine("its libraries are not here"), "not here", "docker run --gpus all"),
    "old driver": (gpu_machine(driver="470.57.02"), "older than 535", "install driver 535"),
    "driver for 12, libraries for 13": (
        gpu_machine(driver="550.54.15", family="13"), "older than 580", "cfdist[cu12]",
    ),
    "unreadable driver": (gpu_machine(driver="new"), "older than 535", "install driver"),
    "no gpu": (NO_GPU, "has none", "a machine with a GPU"),
    "hidden": (NOTHING_SEEN, "7 names none of 1", "cluster.gpus or CUDA_VISIBLE_DEVICES"),
    "old gpu": (gpu_machine(P100), "needs 7.0", "newer GPU"),
    "old gpu for 13": (gpu_machine(V100, family="13"), "needs 7.5", "newer GPU"),
    "small gpu": (gpu_machine(SMALL), "at least 4 GiB", "more memory"),
    "used gpu": (gpu_machine(FULL), "at least 4 GiB", "nvidia-smi"),
    "second gpu": (gpu_machine(H100, P100), "Tesla P100", "newer GPU"),
    "no cuml": (gpu_machine(missing=("cuml",)), "not installed: cuml", "'cfdist[cu12]'"),
    "mixed": (gpu_machine(packages=(Package("rmm-cu13", "26.10.0"),)), "mixed", "pip uninstall"),
    "wrong dask": (gpu_machine(packages=(NOT_THIS_DASK,)), "takes <2000", "'dask<2000'"),
    "mac": (gpu_machine(system="Darwin"), "Darwin", "use Linux"),
}  # fmt: skip
FINE = {
    "h100": gpu_machine(),
    "two": gpu_machine(H100, T4),
    "turing with 13": gpu_machine(T4, family="13"),
    "volta with 12": gpu_machine(V100),
    "memory of the machine": gpu_machine(SHARED),
    "oldest driver": gpu_machine(driver="535"),
}


@pytest.mark.parametrize("machine", FINE.values(), ids=FINE)
def test_a_machine_that_can(machine):
    assert unmet(machine) == []
    require_gpu(machine)
    assert resolve_backend("gpu", read=lambda *a, **k: machine) == "gpu"


@pytest.mark.parametrize(("machine", "said", "remedy"), BAD.values(), ids=BAD)
def test_what_is_missing_is_said_with_its_remedy(machine, said, remedy):
    with pytest.raises(DeviceError) as caught:
        resolve_backend("gpu", read=lambda *a, **k: machine)
    assert said in caught.value.message
    assert remedy in caught.value.remedy
    assert "--backend cpu" in caught.value.remedy
    assert caught.value.exit_code == EXIT_CONFIG


@pytest.mark.parametrize("machine", [bad[0] for bad in BAD.values()], ids=BAD)
def test_auto_takes_the_cpu_and_says_why(machine):
    notes = []
    assert resolve_backend("auto", read=lambda *a, **k: machine, note=notes.append) == "cpu"
    first = unmet(machine)[0]
    assert notes == [f"backend auto is the cpu: {first.what}: {first.found}"]


def test_auto_takes_the_gpu_and_says_which():
    notes = []
    machine = gpu_machine(H100, H100)
    assert resolve_backend("auto", read=lambda *a, **k: machine, note=notes.append) == "gpu"
    assert notes == [
        "backend auto is the gpu: 2 × NVIDIA H100 80GB HBM3 (80 GiB), driver 580.95.05"
    ]


def test_the_cpu_is_not_asked_for_anything():
    assert resolve_backend("cpu", read=lambda *a, **k: 1 / 0) == "cpu"


def test_no_such_backend():
    with pytest.raises(ConfigError, match="'tpu'"):
        resolve_backend("tpu")


def test_the_reader_is_told_which_gpus_and_whether_workers_are_started():
    asked = {}

    def read(gpus, cluster):
        asked.update(gpus=gpus, cluster=cluster)
        return gpu_machine()

    resolve_backend("gpu", gpus="1", cluster=True, read=read)
    assert asked == {"gpus": "1", "cluster": True}


@pytest.mark.parametrize(
    ("driver", "gpu", "extra"),
    [("580.1", H100, "cu13"), ("580.1", V100, "cu12"), ("550.1", H100, "cu12")],
)
def test_the_packages_that_fit_driver_and_gpu(driver, gpu, extra):
    bare = gpu_machine(gpu, driver=driver, missing=("cupy", "cudf", "cuml", "cuvs", "rmm"))
    assert unmet(bare)[0].remedy == f"pip install 'cfdist[{extra}]'"


def test_missing_packages_of_a_family_that_is_there():
    machine = gpu_machine(driver="580.1", missing=("cuvs",))
    assert unmet(machine)[0].remedy == "pip install 'cfdist[cu12]'"


def test_pins_that_are_met_are_one_line():
    needs = requirements(gpu_machine(packages=(DASK._replace(requires=("distributed",)),)))
    assert ("pins", "met", True, "") in needs


def test_the_names_of_gpus():
    assert names_of([SHARED]) == "GB10"
    assert names_of([H100, T4]) == "NVIDIA H100 80GB HBM3 (80 GiB), Tesla T4 (80 GiB)"
