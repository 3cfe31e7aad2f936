"""A real `LocalCUDACluster` with our options, on a machine whose driver is made up."""

import inspect
import os
import sys

import psutil
import pynvml
import pytest
from dask_cuda import LocalCUDACluster
from dask_cuda.device_host_file import DeviceHostFile
from distributed.deploy.local import LocalCluster
from rapids.mocked_nvml import GIB, gpus_of, uuid_of

from cfdist.cluster import cuda, open_cluster
from cfdist.cluster.cuda import options_of
from cfdist.errors import CfdistError, ConfigError, DeviceError
from cfdist.settings import ClusterSettings

POOL, LIMIT = (int(share * 40 * GIB) // 256 * 256 for share in (0.8, 0.7))


def settings(**given) -> ClusterSettings:
    base = {"address": "cuda", "backend": "gpu", "dashboard": False, "memory_limit": "2GB"}
    return ClusterSettings(**{**base, **given})


def where(number: int) -> tuple[int, str, bool]:
    return number, os.environ["CUDA_VISIBLE_DEVICES"], "cudf" in sys.modules


def listening() -> set[str]:
    own = psutil.Process()
    return {
        connection.laddr.ip
        for process in [own, *own.children(recursive=True)]
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }


def test_options_are_parameters_of_the_real_cluster():
    options = options_of(settings())
    known = set(inspect.signature(LocalCUDACluster).parameters)
    known |= set(inspect.signature(LocalCluster).parameters)
    inspect.signature(LocalCUDACluster).bind(**options)
    assert set(options) - known == {"resources"}, "the rest goes to the workers"


def test_boots_and_runs_one_task_per_gpu(monkeypatch):
    proved = []
    monkeypatch.setattr(cuda, "_require_devices", lambda *given: proved.append(given))
    before = listening()
    with gpus_of(80, 80, 40), open_cluster(settings(gpus="2,0")) as client:
        assert listening() - before <= {"127.0.0.1"}
        workers = client.scheduler_info()["workers"].values()
        assert [(w["nthreads"], w["resources"]) for w in workers] == [(1, {"GPU": 1})] * 2
        tasks = [client.submit(where, i, resources={"GPU": 1}, pure=False) for i in range(8)]
        answers = client.gather(tasks)
        assert {gpus for _, gpus, _ in answers} == {"2,0", "0,2"}
        assert all(has_cudf for _, _, has_cudf in answers), "spilling needs cuDF"
        plugins = client.run(lambda dask_worker: list(dask_worker.plugins))
        assert all("cfdist-one-blas-thread" in names for names in plugins.values())
    assert len(proved) == 1


def specification(monkeypatch, given: ClusterSettings) -> dict:
    """What the real cluster would start its first worker with."""
    monkeypatch.setattr(LocalCUDACluster, "scale", lambda self, n: None)
    with (
        gpus_of(80, 80, 40, devices=True),
        LocalCUDACluster(**options_of(given, cuda.read_machine(given.gpus).gpus)) as cluster,
    ):
        return cluster.new_worker_spec()


@pytest.mark.parametrize("gpus", ["0,1,2", f"0,1,{uuid_of(2)}"])
def test_workers_have_pool_and_limit_as_set(monkeypatch, gpus):
    ((name, spec),) = specification(monkeypatch, settings(gpus=gpus)).items()
    options = spec["options"]
    plugins = {type(plugin).__name__: plugin for plugin in options["plugins"]}
    assert (
        str(name) in ("0", uuid_of(0)),
        len(options["env"]["CUDA_VISIBLE_DEVICES"].split(",")),
    ) == (True, 3)
    assert plugins["RMMSetup"].initial_pool_size == POOL
    assert plugins["RMMSetup"].external_lib_list == ["cupy"]
    assert plugins["CUDFSetup"].spill is True
    kind, given = options["data"]
    assert kind is DeviceHostFile
    assert given == {"device_memory_limit": LIMIT, "memory_limit": 2 * 10**9}
    assert (options["nthreads"], options["resources"]) == (1, {"GPU": 1})


def test_a_worker_that_cannot_make_its_pool_is_an_error():
    """dask-cuda itself goes on without workers, and tasks wait for ever."""
    with (
        gpus_of(80, devices=True),
        pytest.raises(DeviceError, match="cudaError") as caught,
        open_cluster(settings()),
    ):
        pytest.fail("there is no device")
    assert "--backend cpu" in caught.value.remedy


def test_workers_that_have_no_gpu_do_not_pass():
    with (
        gpus_of(80),
        pytest.raises(DeviceError, match="the gpu backend"),
        open_cluster(settings()),
    ):
        pytest.fail("there is no device")


@pytest.mark.parametrize(
    "code", [pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, pynvml.NVML_ERROR_DRIVER_NOT_LOADED]
)
def test_without_a_driver(monkeypatch, code):
    def absent(*_):
        raise pynvml.NVMLError(code)

    monkeypatch.setattr(pynvml, "nvmlInit", absent)
    with pytest.raises(DeviceError, match="driver"), open_cluster(settings()):
        pytest.fail("there is no driver")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"gpus": "7"}, CfdistError),
        ({"gpus": "0,7"}, ConfigError),
        ({"gpus": "GPU-9"}, CfdistError),
    ],
)
def test_a_gpu_that_is_not_there(given, kind):
    with gpus_of(80), pytest.raises(kind, match=r"7|GPU-9"), open_cluster(settings(**given)):
        pytest.fail("there is no such GPU")
