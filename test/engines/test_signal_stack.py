"""Engines leave the stack that signals are handled on as it was."""

import ctypes
import sys

import pytest
from helpers.models import write_depth_model

from depth_perception.engines.choose import open_engine
from depth_perception.engines.signal_stack import SignalStack, kept_signal_stack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sigaltstack(2) of Linux")


def signal_stack():
    stack = SignalStack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack)) == 0
    return stack.start, stack.flags, stack.size


def test_what_was_changed_within_is_undone():
    before = signal_stack()
    room = ctypes.create_string_buffer(1 << 16)
    with kept_signal_stack():
        other = SignalStack(ctypes.addressof(room), 0, len(room))
        assert ctypes.CDLL(None).sigaltstack(ctypes.byref(other), None) == 0
        assert signal_stack()[0] == ctypes.addressof(room)
    assert signal_stack() == before


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_opening_running_and_closing_in_any_order_leaves_it(backend, tmp_path):
    pytest.importorskip(backend)
    before = signal_stack()
    write_depth_model(tmp_path / "model.onnx")
    first, second = (open_engine(tmp_path / "model.onnx", backend) for _ in range(2))
    assert signal_stack() == before
    first.close()
    del first
    second.close()
    del second
    assert signal_stack() == before
