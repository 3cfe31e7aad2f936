"""What the backend relies on in the real wheels, as far as it shows without a GPU."""

import inspect

import cupy
import pytest
from cuml import TruncatedSVD
from cuvs.neighbors import brute_force

from cfdist.backends.device_errors import device_error
from cfdist.errors import DeviceError


def test_there_is_no_gpu_and_asking_is_no_error():
    if cupy.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(Exception, match="cuda") as caught:
        cupy.empty(0)
    assert isinstance(device_error(caught.value), DeviceError)


def test_truncated_svd_takes_what_it_is_given():
    model = TruncatedSVD(n_components=3, algorithm="full", output_type="cupy")
    assert model.get_params()["n_components"] == 3


@pytest.mark.parametrize("bogus", ["svd_solver", "n_component"])
def test_truncated_svd_refuses_other_words(bogus):
    with pytest.raises(TypeError, match=bogus):
        TruncatedSVD(**{bogus: 3})


class Rows:
    """Seen as a matrix on a device; nothing reads it."""

    shape, dtype, nbytes = (4, 2), "float32", 32
    __cuda_array_interface__ = {  # noqa: RUF012
        "shape": (4, 2), "typestr": "<f4", "data": (0, False), "version": 3, "strides": None,
    }  # fmt: skip


def test_an_unknown_metric_is_a_key_error():
    with pytest.raises(KeyError):
        brute_force.build(Rows(), metric="dot")


def test_the_search_has_the_parameters_of_the_backend():
    build = inspect.signature(brute_force.build)
    search = inspect.signature(brute_force.search)
    build.bind("rows", metric="inner_product")
    search.bind("index", "queries", 5)
    assert list(search.parameters)[:3] == ["index", "queries", "k"]
