"""Whether there is an NVIDIA GPU that programs can use."""

from __future__ import annotations

import ctypes
from functools import cache


@cache
def has_nvidia_gpu() -> bool:
    """Asks the driver itself: no library of CUDA is needed."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
