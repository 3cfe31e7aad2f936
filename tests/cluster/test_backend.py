"""Which backend the settings want."""

import pytest

from cfdist.cluster.backend import wanted_backend
from cfdist.errors import ConfigError
from cfdist.settings import ClusterSettings


@pytest.mark.parametrize("name", ["cpu", "gpu", "auto"])
def test_the_setting(name):
    assert wanted_backend(ClusterSettings(backend=name)) == name


@pytest.mark.parametrize("given", [{}, {"backend": "gpu"}, {"backend": "auto"}])
def test_cuda_means_gpus(given):
    assert wanted_backend(ClusterSettings(address="cuda", **given)) == "gpu"


def test_a_cpu_asked_for_on_cuda_is_no_choice_to_overrule():
    with pytest.raises(ConfigError, match="a worker per GPU") as caught:
        wanted_backend(ClusterSettings(address="cuda", backend="cpu"))
    assert "--cluster local" in caught.value.remedy
