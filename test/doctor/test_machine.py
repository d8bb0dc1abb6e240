"""What is wrong with a machine is found by its name; nothing is found on a sound one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from depth_perception.doctor.finding import examined, is_healthy
from depth_perception.doctor.machine import CHECKS, Machine, _broken

SOUND = Machine(
    python=(3, 12),
    backends={"tensorrt": "there is no GPU", "openvino": "", "onnxruntime": ""},
    shared_memory=8 << 30,
    socket_buffer=212992,
    has_ros=True,
    profile=__file__,
)
GPU: dict[str, Any] = {"gpu_here": True, "gpu_usable": True}
FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an old Python": ("versions", {"python": (3, 8)}, "error"),
    "NumPy 2 under OpenCV": ("versions", {"broken": {"cv2": "ImportError: numpy.core.multiarray failed"}}, "error"),
    "no engine": ("engines", {"backends": {"openvino": "is not installed"}}, "error"),
    "a GPU without a driver": ("engines", {"gpu_here": True}, "warning"),
    "a GPU without TensorRT": ("engines", GPU, "warning"),
    "a container's /dev/shm": ("shared_memory", {"shared_memory": 64 << 20}, "warning"),
    "small buffers of Cyclone DDS": ("shared_memory", {"middleware": "rmw_cyclonedds_cpp"}, "warning"),
    "a profile that is not there": ("dds_profile", {"profile": "/nowhere.xml"}, "error"),
    "no profile": ("dds_profile", {"profile": ""}, "note"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_its_name_and_no_other(fault):
    name, change, severity = FAULTS[fault]
    found = [
        (check.name, finding) for check in examined(replace(SOUND, **change), CHECKS) for finding in check.findings
    ]
    assert [(check, finding.severity) for check, finding in found] == [(name, severity)]
    assert found[0][1].action


def test_nothing_is_found_on_a_sound_machine():
    assert not any(check.findings for check in examined(SOUND, CHECKS))
    with_gpu = replace(SOUND, **GPU, backends=dict.fromkeys(SOUND.backends, ""))
    assert not any(check.findings for check in examined(with_gpu, CHECKS))


def test_this_machine_can_run_what_the_tests_run():
    machine = Machine.look()
    assert machine.broken == {}
    assert machine.backends["onnxruntime"] == ""
    assert is_healthy(examined(replace(machine, shared_memory=None, profile=""), CHECKS[:2]))


def test_a_module_that_cannot_be_imported_says_why(tmp_path, monkeypatch):
    (tmp_path / "broken_on_purpose.py").write_text("raise ImportError('numpy.core.multiarray failed to import')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = {"broken_on_purpose": "ImportError: numpy.core.multiarray failed to import"}
    assert _broken("json", "broken_on_purpose", "there_is_no_such_module") == said
    assert _broken("json") == {}
