"""What a job will take of GPUs: bytes of each device, bytes that are moved. No seconds.

``case`` is what lies where, ``stages`` and ``svd`` the terms of each stage, ``plan`` the whole and
whether it fits, ``remedies`` what to change where it does not, ``page`` the tables of docs. Nobody
has measured this backend on a GPU: bytes follow from shapes, and are tested as bounds of what
stand-ins of the libraries count.
"""

from cfdist.plan.gpu.case import DeviceStage, Traffic
from cfdist.plan.gpu.plan import DevicePlan, make_device_plan

__all__ = ["DevicePlan", "DeviceStage", "Traffic", "make_device_plan"]
