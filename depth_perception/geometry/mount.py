"""Whether a camera can be mounted as it is said to be: frames are mistaken more often than cameras are turned."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import GeometryError

_STEEP = math.radians(50.0)
"""Looking up or down by more is unusual on a vehicle."""


def check_mount(body_from_camera: npt.ArrayLike, frame: str, *, stated: bool = False) -> tuple[str, ...]:
    """What is doubtful about the mount of a camera, a sentence each; nothing if it looks ahead, to a side or back.

    Convention:
        The camera's axes are optical (REP-103: x right, y down, z forward), the body's x forward, y left, z up.

    Args:
        body_from_camera: `T_body_camera` ``[4, 4]``.
        frame: The camera's, for the text. One that is called ``optical`` may look at the sky.
        stated: Whether somebody has said that it is the optical frame's; then it may, too.

    Raises: `GeometryError` for the camera's body in place of its optical frame (``camera_link``), and for NaN.
    """
    pose = np.asarray(body_from_camera, np.float64)
    if not np.all(np.isfinite(pose)):
        raise GeometryError(f"the pose of camera frame '{frame}' holds a value that is not finite")
    _, down, ahead = pose[2, :3].tolist()  # how far the camera's axes point up
    elevation = math.asin(min(1.0, max(-1.0, ahead)))
    if elevation > _STEEP and not stated and "optical" not in frame:
        raise GeometryError(
            f"frame '{frame}' has z up, as bodies have, so its images would show the sky: images belong to the optical"
            " frame, with z forward, x right and y down (REP-103). Let the driver stamp its images with that frame,"
            " such as camera_optical_frame, or say where the camera is: camera_pose"
        )
    doubts = []
    if abs(elevation) > _STEEP:
        where = "up" if elevation > 0 else "down"
        doubts.append(
            f"camera frame '{frame}' looks {where} by {abs(math.degrees(elevation)):.0f}°: networks have learned from"
            " cameras that look ahead, depth and motion will be poor"
        )
    elif down > -0.5:
        turned = "upside down" if down > 0.5 else "on its side"
        doubts.append(
            f"camera frame '{frame}' is mounted {turned}: networks have learned from upright images, depth and motion"
            " will be poor. Let the driver turn its images, with their calibration and frame"
        )
    return tuple(doubts)
