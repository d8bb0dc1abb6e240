"""The stack that signals are handled on."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class SignalStack(ctypes.Structure):
    """``stack_t`` of sigaltstack(2) on Linux."""

    _fields_ = (("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """The calling thread's alternate signal stack is afterwards what it was before.

    OpenVINO's CPU plugin gives the thread that loads it one with just the room for the registers. The first handler in
    Python that runs on it, of a child process that ends or of an interrupt, overflows it: a crash long after the cause.
    """
    if sys.platform != "linux":
        yield
        return
    library = ctypes.CDLL(None)
    before = SignalStack()
    library.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        library.sigaltstack(ctypes.byref(before), None)
