import psutil
import pytest
from threadpoolctl import threadpool_info

from cfdist.cluster import open_cluster
from cfdist.errors import ConfigError
from cfdist.settings import ClusterSettings


def blas_threads():
    import scipy.linalg  # noqa: F401

    used = ("numpy.libs", "scipy.libs")  # a peer of the benchmarks may have loaded its own
    return {
        lib["num_threads"]
        for lib in threadpool_info()
        if lib["user_api"] == "blas" and any(name in lib["filepath"] for name in used)
    }


def listening() -> set[str]:
    own = psutil.Process()
    return {
        connection.laddr.ip
        for process in [own, *own.children(recursive=True)]
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.parametrize("workers", [0, 1])
def test_everything_listens_on_loopback_only(workers):
    before = listening()
    with open_cluster(ClusterSettings(workers=workers, dashboard=True, dashboard_port=0)) as client:
        assert client.dashboard_link.startswith("http://127.0.0.1:")
        assert listening() - before <= {"127.0.0.1"}


@pytest.mark.parametrize("workers", [0, 2])
def test_tasks_have_one_blas_thread(workers):
    outside = blas_threads()
    with open_cluster(ClusterSettings(workers=workers, dashboard=False)) as client:
        assert len(client.nthreads()) == max(1, workers)
        assert client.submit(blas_threads, pure=False).result() == {1}
    assert blas_threads() == outside


def test_taken_port_is_replaced():
    with open_cluster(ClusterSettings(dashboard_port=0)) as first:
        port = int(first.dashboard_link.split(":")[2].split("/")[0])
        with open_cluster(ClusterSettings(dashboard_port=port)) as second:
            assert second.dashboard_link != first.dashboard_link


@pytest.mark.parametrize("limit", ["300MB", "much"])
def test_too_little_memory_is_refused(limit):
    settings = ClusterSettings(workers=1, memory_limit=limit)
    with pytest.raises(ConfigError, match="memory_limit"), open_cluster(settings):
        pass


def test_unknown_word_is_refused():
    with pytest.raises(ConfigError, match="moon"), open_cluster(ClusterSettings(address="moon")):
        pass
