"""What tests of the workshop share. They are small: one thread each is fastest, and leaves the machine to others."""

import functools

import pytest

from depth_perception.geometry.camera import Camera

SMALL = Camera(width=416, height=128, fx=240.0, fy=240.0, cx=207.5, cy=59.7)


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@pytest.fixture(autouse=True, scope="session")
def _operators_read_once():
    """torch.onnx reads the sources of all its operators anew for each export: a third of the time of a small one."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    ONNXRegistry.from_torchlib = staticmethod(functools.cache(ONNXRegistry.from_torchlib))  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory, worker_id):
    """One for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def street_renderer():
    """Skips where the street world cannot be rendered."""
    moderngl = pytest.importorskip("moderngl")
    try:
        moderngl.create_context(standalone=True, backend="egl").release()
    except Exception as error:  # moderngl raises whatever the driver makes it meet
        pytest.skip(f"no EGL context ({error}): install libegl1 and libgl1-mesa-dri")


@pytest.fixture(scope="session", params=["town", "highway"])
def drive(request, street_renderer):
    """Configuration and frames of a short drive of each kind."""
    from training.street.drive import DriveConfig, render_drive

    config = DriveConfig(seed=31, frames=6, camera=SMALL, scene=request.param, camera_height=1.5, camera_pitch=0.03)
    return config, list(render_drive(config))


@pytest.fixture(scope="session")
def walks(street_renderer):
    """Frames of two furnished rooms, by seed."""
    from training.rooms.room import RoomConfig, kinect, render_room

    return {seed: list(render_room(RoomConfig(seed, 8, 2.0, kinect(104, 78)))) for seed in (3, 24)}
