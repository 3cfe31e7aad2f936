"""Which backend computes on a cluster: what the settings want, and what the workers can."""

from collections.abc import Callable

from distributed import Client

from cfdist.backends import has_device
from cfdist.backends.requirements import resolve_backend
from cfdist.cluster.devices import require_devices, resolve_on_workers
from cfdist.errors import ConfigError
from cfdist.settings import ClusterSettings


def wanted_backend(settings: ClusterSettings) -> str:
    """`cpu`, `gpu` or `auto`; the cluster cuda has a worker per GPU, and no others.

    Raises
    ------
    ConfigError
        The CPU is asked for on the cluster cuda.
    """
    if settings.address != "cuda":
        return settings.backend
    if settings.backend == "cpu" and "backend" in settings.model_fields_set:
        raise ConfigError(
            "cluster.backend = 'cpu', but the cluster cuda has a worker per GPU",
            remedy="use --cluster local, or leave --backend out",
        )
    return "gpu"


def backend_of(
    client: Client, settings: ClusterSettings, *, is_here: bool, note: Callable[[str], None]
) -> str:
    """Name of the backend, `auto` resolved, after every worker has shown that its device computes.

    Parameters
    ----------
    is_here : bool
        Whether the workers are this process or its own, so that this machine is the one to ask.
    note : callable
        Told what `auto` became, and why.

    Raises
    ------
    DeviceError, ClusterError, ConfigError
        See :mod:`cfdist.cluster.devices` and :mod:`cfdist.backends.requirements`.
    """
    wanted = wanted_backend(settings)
    if wanted == "cpu":
        return wanted
    if is_here and settings.address == "local":
        name: str = resolve_backend(wanted, note=note)
    else:
        name = resolve_on_workers(client, wanted, timeout_s=settings.timeout_s, note=note)
    if has_device(name) and settings.address != "cuda":  # `open_cuda` has asked for the proof
        require_devices(client, settings)
    return name
