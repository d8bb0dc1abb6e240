"""What a lens makes of rays: where in its images they lie, and which of them it sees."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera


def source_pixels(camera: Camera, view: Camera) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Where in the camera's image every pixel of a pinhole along its axis lies: columns and rows, ``[height, width]``
    each.
    """
    coefficients = np.array(camera.distortion or (0.0,) * 4)
    rectify = cv2.fisheye.initUndistortRectifyMap if camera.projection == "equidistant" else cv2.initUndistortRectifyMap
    columns, rows = rectify(
        camera.matrix, coefficients, np.eye(3), view.matrix, (view.width, view.height), cv2.CV_32FC1
    )
    return np.asarray(columns, np.float32), np.asarray(rows, np.float32)


def seen(
    camera: Camera, view: Camera, columns: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]
) -> npt.NDArray[np.bool_]:
    """Which pixels of the pinhole the camera saw, ``[height, width]``, from its `source_pixels`."""
    inside = (columns >= -0.501) & (columns <= camera.width - 0.499)
    inside &= (rows >= -0.501) & (rows <= camera.height - 0.499)
    if min(columns.shape) < 2:  # a line tells nothing of folds
        return inside
    # Beyond the radius at which the distortion polynomial turns around it maps outer rays onto inner pixels again.
    with np.errstate(over="ignore", invalid="ignore"):  # of wild coefficients rays go to infinity
        area = np.gradient(columns, axis=1) * np.gradient(rows, axis=0)
        area -= np.gradient(columns, axis=0) * np.gradient(rows, axis=1)
    turned = ~(area > 0)
    if turned.any():
        across, down = (np.arange(view.width) - view.cx) / view.fx, (np.arange(view.height) - view.cy) / view.fy
        radius = np.hypot(across, down[:, None])
        inside &= radius < radius[turned].min()
    return inside
