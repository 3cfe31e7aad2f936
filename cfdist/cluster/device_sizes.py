"""How much of a GPU's memory a worker takes: texts of the settings → bytes, checked."""

from collections.abc import Sequence

from dask.utils import format_bytes, parse_bytes

from cfdist.backends.driver import Gpu
from cfdist.errors import ConfigError, ResourceError
from cfdist.settings import ClusterSettings

MIN_DEVICE_BYTES = 256 * 2**20
"""Less than this is a slip: ``1`` is one byte, not all of the memory."""
CONTEXT_BYTES = 512 * 2**20
"""What CUDA itself takes on a GPU beside the pool: 0.3 to 0.5 GB with the libraries' kernels."""
RMM_ALIGNMENT = 256


def size_of(settings: ClusterSettings, name: str, gpus: Sequence[Gpu] = ()) -> int | float:
    """Bytes that ``cluster.<name>`` means on each of these GPUs; without any, a share stays one.

    Notes
    -----
    A share is taken of the smallest GPU, and here: dask-cuda takes that of the pool from GPU 0 of
    the machine whichever a worker has, and for a slice of a GPU that of the whole one.

    Raises
    ------
    ConfigError
        No size, or a share of a memory that the driver does not tell.
    """
    text = getattr(settings, name)
    amount = _amount(name, text)
    if isinstance(amount, int) or not gpus:
        return amount
    unknown = [gpu.uuid or gpu.name for gpu in gpus if not gpu.total_bytes]
    if unknown:
        raise ConfigError(
            f"cluster.{name} = {text} is a share, and the driver does not tell the memory of "
            f"{unknown[0]}",
            remedy="write it in bytes, such as 8GB",
        )
    smallest = min(gpu.total_bytes for gpu in gpus)
    return int(smallest * amount) // RMM_ALIGNMENT * RMM_ALIGNMENT


def require_pool(settings: ClusterSettings, gpus: Sequence[Gpu]) -> None:
    """Refuse a pool that a GPU has no room for: its worker would not start.

    Raises
    ------
    ResourceError
        Names the GPU, and a pool that fits.
    """
    pool = int(size_of(settings, "rmm_pool_size", gpus))
    for gpu in gpus:
        room = gpu.free_bytes - CONTEXT_BYTES
        if gpu.total_bytes and pool > room:
            raise ResourceError(
                f"cluster.rmm_pool_size = {settings.rmm_pool_size} is {format_bytes(pool)}, and "
                f"{gpu.name} ({gpu.uuid}) has {format_bytes(gpu.free_bytes)} free of "
                f"{format_bytes(gpu.total_bytes)}",
                remedy="close what else uses it, which nvidia-smi shows"
                + (f", or set it to {room // 2**20}MiB" if room > MIN_DEVICE_BYTES else ""),
            )


def _amount(name: str, text: str) -> int | float:
    """Bytes as an integer, or a share of the memory as a float."""
    remedy = "write a share such as 0.8, or bytes such as 20GB"
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if 0 < share < 1 or text.strip() in ("1.0", "1."):
        return share
    try:
        size = int(parse_bytes(text))
    except (ValueError, OverflowError):
        raise ConfigError(f"cluster.{name} = {text!r} is no size", remedy=remedy) from None
    if size < MIN_DEVICE_BYTES:
        least = format_bytes(MIN_DEVICE_BYTES)
        raise ConfigError(f"cluster.{name} = {text!r} is less than {least}", remedy=remedy)
    return size
