"""Small drives that several tests look at, and the condition under which any can be drawn."""

from __future__ import annotations

from typing import Any

import pytest

from depth_perception.geometry.camera import Camera

SMALL = Camera(width=416, height=128, fx=240.0, fy=240.0, cx=207.5, cy=59.7)


@pytest.fixture(scope="session")
def egl() -> None:
    """Skips what draws where there is nothing to draw with."""
    import moderngl

    try:
        settings: dict[str, Any] = {"backend": "egl"}
        moderngl.create_context(require=330, standalone=True, **settings).release()
    except Exception as error:
        pytest.skip(f"no EGL here ({error}): install libegl1 and libgl1-mesa-dri")


@pytest.fixture(scope="session", params=["town", "highway"])
def drive(request, egl):
    """Configuration and frames of a short drive of each kind."""
    from training.street.drive import DriveConfig, render_drive

    config = DriveConfig(seed=31, frames=6, camera=SMALL, scene=request.param, camera_height=1.5, camera_pitch=0.03)
    return config, list(render_drive(config))
