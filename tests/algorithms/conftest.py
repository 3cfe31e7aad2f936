"""Array maths runs as it does inside a task; properties may take their time."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

# numba compiles at the first call, which says nothing about the property.
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


@pytest.fixture(scope="session", autouse=True)
def one_blas_thread() -> Iterator[None]:
    """BLAS has one thread: parallelism is Dask's, and more would only fight over the cores."""
    with threadpool_limits(1):
        yield
