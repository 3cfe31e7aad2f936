from machines import DRIVER, H100

from cfdist.backends.driver import Driver
from cfdist.backends.machine import LIBRARIES, Package, families_of, find_package, read_machine

TWO = Driver(DRIVER, (H100, H100._replace(name="second")))


def read(gpus="", *, there=LIBRARIES, packages=(), environment=(), **more):
    known = {package.name: package for package in packages}
    return read_machine(
        gpus, driver=lambda: TWO, find=known.get, has=lambda name: name in there,
        environment=dict(environment), **more,
    )  # fmt: skip


def test_what_is_missing_and_what_is_there():
    cupy = Package("cupy-cuda13x", "14.2.0")
    machine = read(there=["cupy", "rmm"], packages=[cupy, Package("bokeh", "3")])
    assert machine.missing == ("cudf", "cuml", "cuvs")
    assert machine.packages == (cupy,)
    assert machine.driver == TWO


def test_dask_cuda_is_needed_for_gpu_workers_here_alone():
    assert read().missing == ()
    assert read(cluster=True).missing == ("dask_cuda",)


def test_the_environment_hides_gpus_and_the_setting_goes_before_it():
    assert read().gpus == TWO.gpus
    assert read(environment={"CUDA_VISIBLE_DEVICES": "1"}.items()).gpus == TWO.gpus[1:]
    hidden = read(environment={"CUDA_VISIBLE_DEVICES": ""}.items())
    assert hidden.gpus == ()
    assert hidden.hidden == "an empty CUDA_VISIBLE_DEVICES"
    assert read("0", environment={"CUDA_VISIBLE_DEVICES": "1"}.items()).gpus == TWO.gpus[:1]


def test_an_installed_distribution_says_what_it_needs():
    found = find_package("distributed")
    assert found.version
    assert any(need.startswith("dask") for need in found.requires)
    assert find_package("no-such-distribution") is None


def test_families():
    assert families_of([]) == []
    assert families_of([Package("cupy-cuda12x"), Package("cuml-cu13")]) == ["12", "13"]
    assert families_of([Package("cupy"), Package("cuda-bindings", "12.9.2")]) == ["12"]


def test_this_machine_can_be_read_without_importing_anything_of_cuda():
    import sys

    before = set(sys.modules)
    read_machine()
    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    assert not new & {*LIBRARIES, "dask_cuda", "pylibraft"}
