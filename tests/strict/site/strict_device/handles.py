"""Handles of cuVS and RAFT: with one, a call does not wait for its result."""

from typing import Any

from strict_device.buffers import device_ndarray
from strict_device.counting import count


class Resources:
    """`cuvs.common.Resources`."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream

    def sync(self) -> None:
        """Wait for what was called with it."""
        count("syncs")

    def get_c_obj(self) -> int:
        """Nothing to point at."""
        return 0


class DeviceResources(Resources):
    """`pylibraft.common.DeviceResources`, also called Handle."""


CUVS = {"Resources": Resources}
RAFT = {
    "DeviceResources": DeviceResources,
    "Handle": DeviceResources,
    "device_ndarray": device_ndarray,
}
