"""What matters of the machine and what is installed on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from depth_perception.doctor.finding import Finding
from depth_perception.engines.choose import BACKENDS
from depth_perception.engines.gpu import has_nvidia_gpu
from depth_perception.resources import FAST_DDS_PROFILE

_PYTHON = (3, 10)
_SHARED = 256 << 20
"""Bytes of /dev/shm: images of four nodes and a camera, each 64 MiB with the package's profile."""
_BUFFER = 4 << 20
"""Bytes that the kernel must let a socket of Cyclone DDS have, for an image that comes over UDP."""
_PROFILE = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


@dataclass(frozen=True)
class Machine:
    """What was found.

    Attributes:
        broken: Of modules that are installed and cannot be imported, why.
        backends: Of every way to run models, why it cannot run here; empty if it can.
        gpu: Whether there is an NVIDIA GPU, and whether the driver answers.
        shared_memory: Bytes of /dev/shm; None where there is none.
        socket_buffer: Bytes that the kernel lets a socket receive.
        has_ros: Whether rclpy is installed.
        middleware: RMW_IMPLEMENTATION.
        profile: Fast DDS's file of profiles, as the environment names it; empty if it does not.
    """

    python: tuple[int, int] = sys.version_info[:2]
    broken: Mapping[str, str] = field(default_factory=dict)
    backends: Mapping[str, str] = field(default_factory=dict)
    gpu_here: bool = False
    gpu_usable: bool = False
    shared_memory: int | None = None
    socket_buffer: int | None = None
    has_ros: bool = False
    middleware: str = ""
    profile: str = ""

    @classmethod
    def look(cls) -> Machine:
        """At this one."""
        shared = Path("/dev/shm")
        buffer = Path("/proc/sys/net/core/rmem_max")
        return cls(
            broken=_broken("numpy", "cv2", "onnx", "rosbags", "mcap"),
            backends={name: backend.obstacle() or "" for name, backend in BACKENDS.items()},
            gpu_here=Path("/proc/driver/nvidia/version").exists() or Path("/etc/nv_tegra_release").exists(),
            gpu_usable=has_nvidia_gpu(),
            shared_memory=shutil.disk_usage(shared).total if shared.is_dir() else None,
            socket_buffer=int(buffer.read_text()) if buffer.exists() else None,
            has_ros=find_spec("rclpy") is not None,
            middleware=os.environ.get("RMW_IMPLEMENTATION", ""),
            profile=next((os.environ[name] for name in _PROFILE if os.environ.get(name)), ""),
        )


def versions(machine: Machine) -> Iterator[Finding]:
    """A Python that is too old, and modules that do not fit together."""
    if machine.python < _PYTHON:
        yield Finding(
            "error",
            f"this is Python {'.'.join(map(str, machine.python))}, expected 3.10 or later",
            "use the Python of Ubuntu 22.04 or later",
        )
    for name, why in machine.broken.items():
        hint = ""
        if "numpy" in why.lower() or "_ARRAY_API" in why:
            hint = ": NumPy 2 under modules that were built for NumPy 1? pip install 'numpy<2' in a virtual environment"
        yield Finding("error", f"{name} cannot be imported: {why}", f"install it again{hint}")


def engines(machine: Machine) -> Iterator[Finding]:
    """Nothing to run a model with, or a GPU that nothing uses."""
    usable = [name for name, obstacle in machine.backends.items() if not obstacle]
    if not usable:
        reasons = "; ".join(machine.backends.values())
        yield Finding("error", f"no model can run here: {reasons}", "pip install onnxruntime, or openvino")
    if machine.gpu_here and not machine.gpu_usable:
        yield Finding(
            "warning",
            "there is an NVIDIA GPU whose driver does not answer",
            "nvidia-smi says why; in a container, start it with --gpus all or the NVIDIA runtime",
        )
    if machine.gpu_usable and machine.backends.get("tensorrt"):
        yield Finding(
            "warning",
            f"there is an NVIDIA GPU, but TensorRT cannot be used: {machine.backends['tensorrt']}",
            "install TensorRT with cuda-python, or onnxruntime-gpu; then depth-perception build MODEL",
        )


def shared_memory(machine: Machine) -> Iterator[Finding]:
    """Too little shared memory, or too small buffers, for images between processes."""
    if machine.shared_memory is not None and machine.shared_memory < _SHARED:
        yield Finding(
            "warning",
            f"/dev/shm holds {machine.shared_memory >> 20} MiB, expected {_SHARED >> 20}: images between processes get"
            " lost when it is full",
            "start the container with --shm-size=512m or --ipc=host",
        )
    cyclone = "cyclone" in machine.middleware
    if cyclone and machine.socket_buffer is not None and machine.socket_buffer < _BUFFER:
        yield Finding(
            "warning",
            f"the kernel lets a socket receive {machine.socket_buffer >> 10} KiB, an image is larger",
            "sysctl -w net.core.rmem_max=2147483647, and in /etc/sysctl.d",
        )


def dds_profile(machine: Machine) -> Iterator[Finding]:
    """Fast DDS's own settings, with which large best-effort images get lost between processes."""
    fast = machine.has_ros and machine.middleware in ("", "rmw_fastrtps_cpp", "rmw_fastrtps_dynamic_cpp")
    action = (
        "export FASTRTPS_DEFAULT_PROFILES_FILE=$(ros2 pkg prefix --share depth_perception)/"
        f"{FAST_DDS_PROFILE} for the camera driver too"
    )
    if fast and machine.profile and not Path(machine.profile).is_file():
        yield Finding("error", f"the environment names {machine.profile} for Fast DDS, which is not there", action)
    elif fast and not machine.profile:
        yield Finding(
            "note",
            "Fast DDS has its own settings in this shell: best-effort messages over 512 KiB get lost (the package's"
            " launch files set a profile)",
            action,
        )


CHECKS = (versions, engines, shared_memory, dds_profile)


def installed() -> dict[str, str]:
    """Versions, for whoever is asked for help."""
    names = ("numpy", "opencv-python-headless", "onnx", "onnxruntime", "openvino", "tensorrt", "rosbags", "mcap")
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if distribution := os.environ.get("ROS_DISTRO"):
        found["ROS"] = distribution
    return found


def _broken(*names: str) -> dict[str, str]:
    """Why modules that are installed cannot be imported, in a process of their own: one that is broken may end it."""
    there = [name for name in names if find_spec(name) is not None]
    run = subprocess.run([sys.executable, "-c", f"import {', '.join(there)}"], capture_output=True, text=True)
    if run.returncode == 0:
        return {}
    if len(there) > 1:
        return {name: why for each in there for name, why in _broken(each).items()}
    return {there[0]: (run.stderr.strip().splitlines() or [f"exit status {run.returncode}"])[-1]}
