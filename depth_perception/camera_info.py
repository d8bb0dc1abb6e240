"""From a ``sensor_msgs/CameraInfo``, of rclpy or of a bag, to a `Camera`; no ROS needed."""

from __future__ import annotations

from typing import Any

from depth_perception.geometry.camera import Camera, GeometryError

COEFFICIENTS = {"": (0,), "plumb_bob": (0, 4, 5), "rational_polynomial": (0, 4, 5, 8)}
"""Distortion models that `Camera` has, with how many coefficients each may come with."""


def camera_from_info(info: Any) -> Camera:
    """The camera of the raw image that goes with the message: calibrated size, cut to its ROI, shrunk by its binning.

    Args:
        info: Anything with the message's fields ``width, height, distortion_model, d, k, roi, binning_x, binning_y``.

    Raises: `GeometryError` if the camera is not calibrated, or its lens model is not one of `COEFFICIENTS`.
    """
    if not any(float(value) for value in info.k):
        raise GeometryError("camera_info has an all-zero K: the camera is not calibrated, run camera_calibration on it")
    k = [float(value) for value in info.k]
    camera = Camera(int(info.width), int(info.height), k[0], k[4], k[2], k[5], _distortion(info))
    if info.roi.width and info.roi.height:
        camera = camera.cropped(info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height)
    across, down = max(int(info.binning_x), 1), max(int(info.binning_y), 1)
    if across > 1 or down > 1:
        camera = camera.resized(camera.width // across, camera.height // down)
    return camera


def _distortion(info: Any) -> tuple[float, ...]:
    values = tuple(float(value) for value in info.d)
    if not any(values):
        return ()
    while len(values) > 8 and values[-1] == 0.0:  # thin prism and tilt coefficients that are not used
        values = values[:-1]
    if len(values) not in COEFFICIENTS.get(info.distortion_model, ()):
        raise GeometryError(
            f"camera_info has {len(values)} distortion coefficients of model '{info.distortion_model}', expected"
            " plumb_bob (4 or 5) or rational_polynomial (8): rectify the images first, or calibrate with one of these"
        )
    return values
