import pytest
from strict.installing import strict_packages


@pytest.fixture
def device():
    with strict_packages() as found:
        yield found


@pytest.fixture
def gpu(device):
    from cfdist.backends import get_backend

    get_backend.cache_clear()
    yield get_backend("gpu")
    get_backend.cache_clear()
