"""Where tasks run."""

from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client

from cfdist.errors import ConfigError
from cfdist.settings import ClusterSettings

LOCAL_ONLY = ("workers", "threads", "memory_limit")


@contextmanager
def open_cluster(settings: ClusterSettings) -> Iterator[Client]:
    """A client of the cluster that the settings name; closed, with what it started, at the end.

    Raises
    ------
    ConfigError
        The word names no kind of cluster.
    ClusterError
        The scheduler does not answer.
    """
    address = settings.address
    if settings.gpus and address != "cuda":
        raise ConfigError(
            f"cluster.gpus = {settings.gpus!r} has no effect on {address}",
            remedy="start GPU workers with --cluster cuda, or leave --gpus out",
        )
    if address == "local":
        from cfdist.cluster.local import open_local

        with open_local(settings) as client:
            yield client
    elif address == "cuda":
        from cfdist.cluster.cuda import open_cuda

        with open_cuda(settings) as client:
            yield client
    elif address.startswith(("tcp://", "tls://")):
        _refuse_local_settings(settings)
        from cfdist.cluster.address import open_address

        with open_address(settings) as client:
            yield client
    else:
        raise ConfigError(
            f"there is no cluster {address!r}", remedy="use 'local', 'cuda' or 'tcp://host:port'"
        )


def _refuse_local_settings(settings: ClusterSettings) -> None:
    """A scheduler that somebody started has the workers that it has."""
    given = [name for name in LOCAL_ONLY if name in settings.model_fields_set]
    if given and any(getattr(settings, n) != getattr(ClusterSettings(), n) for n in given):
        raise ConfigError(
            f"cluster.{given[0]} has no effect on {settings.address}",
            remedy="leave it out, and start the workers as you want them",
        )
