"""`rmm`: memory resources are made and set; memory stays NumPy's, against the budget."""

from typing import Any

from strict_device import environment, surface
from strict_device.devices import mem_get_info
from strict_device.errors import StrictDeviceError


class Resource:
    """Any memory resource."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        name = type(self).__name__
        surface.bind("rmm.mr", name, args, keywords)
        environment.check_device()
        self.upstream_mr = args[0] if args else keywords.get("upstream_mr")


def _resources() -> dict[str, type]:
    kinds = (name for name in surface.names("rmm.mr") if surface.kind("rmm.mr", name) == "class")
    return {name: type(name, (Resource,), {"__module__": "rmm.mr"}) for name in kinds}


RESOURCES = _resources()
_current: list[Any] = [None]


def set_current_device_resource(mr: Any) -> None:
    """Keep it."""
    if not isinstance(mr, Resource):
        raise TypeError("a memory resource of rmm.mr")
    _current[0] = mr


def current_device_resource() -> Any:
    """What was set last, or plain CUDA memory."""
    _current[0] = _current[0] or RESOURCES["CudaMemoryResource"]()
    return _current[0]


def reinitialize(
    pool_allocator: bool = False,
    managed_memory: bool = False,
    initial_pool_size: Any = None,
    **_: Any,
) -> None:
    """Make a resource as told."""
    environment.check_device()
    if initial_pool_size is not None and not pool_allocator:
        raise ValueError("a size of a pool without a pool")
    kind = "ManagedMemoryResource" if managed_memory else "CudaMemoryResource"
    made = RESOURCES[kind]()
    _current[0] = (
        RESOURCES["PoolMemoryResource"](made, initial_pool_size) if pool_allocator else made
    )


def rmm_cupy_allocator(nbytes: int) -> Any:
    """For cupy.cuda.set_allocator, which never calls it here."""
    raise StrictDeviceError("memory of the stand-in is NumPy's")


OWN = {"reinitialize": reinitialize, "is_initialized": lambda: True}
MR = {
    **RESOURCES,
    "get_current_device_resource": current_device_resource,
    "set_current_device_resource": set_current_device_resource,
    "available_device_memory": mem_get_info,
    "is_initialized": lambda: True,
}
CUPY = {"rmm_cupy_allocator": rmm_cupy_allocator}
