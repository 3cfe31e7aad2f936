"""Where tasks run."""

from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client

from cfdist.config import ClusterSettings
from cfdist.errors import ConfigError


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
    if address == "local":
        from cfdist.cluster.local import open_local

        with open_local(settings) as client:
            yield client
    elif address.startswith(("tcp://", "tls://")):
        from cfdist.cluster.address import open_address

        with open_address(settings) as client:
            yield client
    else:
        raise ConfigError(
            f"there is no cluster {address!r}", remedy="use 'local' or 'tcp://host:port'"
        )
