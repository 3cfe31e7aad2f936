import importlib.util

import pytest
from machines import GIB, H100, cpu_machine, gpu_machine

from cfdist.cluster.cuda import open_cuda, options_of
from cfdist.cluster.device_sizes import require_pool, size_of
from cfdist.errors import CfdistError, ConfigError, DeviceError, ResourceError
from cfdist.settings import ClusterSettings

SMALL = H100._replace(name="NVIDIA L4", uuid="GPU-22", total_bytes=24 * GIB, free_bytes=23 * GIB)
HAS_DASK_CUDA = importlib.util.find_spec("dask_cuda") is not None


def cuda(**given) -> ClusterSettings:
    return ClusterSettings(**{"address": "cuda", "dashboard": False, **given})


def refused(settings, machine) -> CfdistError:
    with (
        pytest.raises(CfdistError) as caught,
        open_cuda(settings, read=lambda gpus, cluster: machine),
    ):
        pytest.fail("nothing may start")
    return caught.value


def test_options_without_a_machine():
    options = options_of(cuda(memory_limit="20GB"))
    assert options["CUDA_VISIBLE_DEVICES"] is None
    assert (options["rmm_pool_size"], options["device_memory_limit"]) == (0.8, 0.7)
    assert (options["threads_per_worker"], options["resources"]) == (1, {"GPU": 1})
    assert options["rmm_allocator_external_lib_list"] == ["cupy"]
    assert options["enable_cudf_spill"] is True
    assert (options["protocol"], options["memory_limit"]) == ("tcp", "20GB")


def test_everything_is_told_to_listen_on_loopback():
    options = options_of(cuda(dashboard=True, dashboard_port=0))
    told = [options[n] for n in ("host", "dashboard_address", "worker_dashboard_address")]
    assert {address.split(":")[0] for address in told} == {"127.0.0.1"}
    assert options["scheduler_kwargs"] == {"dashboard": True}
    assert options_of(cuda())["scheduler_kwargs"] == {"dashboard": False}


def test_a_share_is_of_the_smallest_gpu():
    options = options_of(cuda(), [H100, SMALL])
    assert options["rmm_pool_size"] == int(0.8 * 24 * GIB) // 256 * 256
    assert options["device_memory_limit"] == int(0.7 * 24 * GIB) // 256 * 256


def test_an_identity_is_given_in_full():
    assert options_of(cuda(gpus="GPU-2"), [SMALL])["CUDA_VISIBLE_DEVICES"] == ["GPU-22"]
    assert options_of(cuda(gpus="1, 0"), [SMALL, H100])["CUDA_VISIBLE_DEVICES"] == ["1", "0"]
    mixed = options_of(cuda(gpus="1, GPU-11"), [SMALL, H100])
    assert mixed["CUDA_VISIBLE_DEVICES"] == ["GPU-22", "GPU-11"]


@pytest.mark.parametrize(
    ("text", "size"), [("0.5", 0.5), ("1.0", 1.0), ("20GB", 20 * 10**9), ("1GiB", GIB)]
)
def test_sizes(text, size):
    found = size_of(cuda(rmm_pool_size=text), "rmm_pool_size")
    assert (found, type(found)) == (size, type(size))


@pytest.mark.parametrize("text", ["much", "0", "1", "1.5", "-0.5", "3MB", "nan", "inf", "1e400"])
@pytest.mark.parametrize("name", ["rmm_pool_size", "device_memory_limit"])
def test_what_is_no_size_is_refused(name, text):
    with pytest.raises(ConfigError, match=f"cluster.{name}") as caught:
        options_of(cuda(**{name: text}))
    assert "0.8" in caught.value.remedy


def test_a_share_of_an_unknown_memory_is_refused():
    part = H100._replace(name="MIG-7", uuid="MIG-7", total_bytes=0, free_bytes=0)
    with pytest.raises(ConfigError, match="MIG-7") as caught:
        options_of(cuda(), [part])
    assert "8GB" in caught.value.remedy
    given = cuda(rmm_pool_size="8GB", device_memory_limit="7GB")
    assert options_of(given, [part])["rmm_pool_size"] == 8 * 10**9


def test_a_pool_that_does_not_fit_is_refused():
    used = H100._replace(free_bytes=20 * GIB)
    error = refused(cuda(), gpu_machine(H100, used))
    assert isinstance(error, ResourceError)
    assert "rmm_pool_size = 0.8" in error.message
    assert "20.00 GiB free of 80.00 GiB" in error.message
    assert "19968MiB" in error.remedy
    require_pool(cuda(rmm_pool_size="19968MiB"), [H100, used])


@pytest.mark.skipif(HAS_DASK_CUDA, reason="RAPIDS is installed here")
def test_the_error_names_what_is_missing_on_this_machine():
    with pytest.raises(DeviceError, match="dask_cuda") as caught, open_cuda(cuda()):
        pytest.fail("nothing may start")
    assert "NVIDIA driver" in caught.value.message


def test_without_rapids_the_error_names_the_extra():
    error = refused(cuda(), gpu_machine(missing=("cupy", "dask_cuda")))
    assert isinstance(error, DeviceError)
    assert "pip install 'cfdist[cu12]'" in error.remedy


def test_without_a_driver():
    error = refused(cuda(), cpu_machine("no NVIDIA driver"))
    assert isinstance(error, DeviceError)
    assert "no NVIDIA driver" in error.message


@pytest.mark.parametrize(("gpus", "what"), [("0,7", "'7'"), ("0,0", "twice")])
def test_a_gpu_that_is_not_there(gpus, what):
    found = gpu_machine(H100)
    machine = found._replace(hidden=gpus, gpus=found.gpus[:1] * (2 if gpus == "0,0" else 1))
    error = refused(cuda(gpus=gpus), machine)
    assert isinstance(error, ConfigError)
    assert what in error.message


def test_ucx_without_its_package():
    if importlib.util.find_spec("distributed_ucxx") is not None:
        pytest.skip("distributed-ucxx is installed")
    error = refused(cuda(protocol="ucx"), gpu_machine())
    assert isinstance(error, ConfigError)
    assert "distributed-ucxx-cu12" in error.remedy


@pytest.mark.parametrize("name", ["workers", "threads"])
def test_settings_of_other_clusters_are_refused(name):
    error = refused(cuda(**{name: 2}), gpu_machine())
    assert isinstance(error, ConfigError)
    assert f"cluster.{name}" in error.message


def test_too_little_host_memory_is_refused():
    assert "memory_limit" in refused(cuda(memory_limit="300MB"), gpu_machine()).message
