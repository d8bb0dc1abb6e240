"""Whether a calibration can be that of a camera: what cannot is refused, what is unusual is said with its figures."""

from __future__ import annotations

import math

from depth_perception.geometry.camera import Camera, GeometryError, Projection
from depth_perception.geometry.lens import seen, source_pixels

_WIDEST: dict[Projection, tuple[float, float]] = {"perspective": (125.0, 165.0), "equidistant": (220.0, 360.0)}
"""Opening angles, degrees: from the first on a calibration is doubtful, from the second on it cannot be."""
_NARROWEST = (4.0, 0.2)
"""The same of telephoto lenses."""
_ASPECT = (1.25, 4.0)
"""Of pixels, the longer side by the shorter."""
_OFF_CENTRE = 0.2
"""Share of the image that the principal point may be off its middle before that is doubtful."""
_SEEN = (0.75, 0.1)
"""Share of the rectified image that the lens sees: below the first it is doubtful, below the second it cannot be."""
_GRID = 48
"""Rays across and down that tell it."""


def check_camera(camera: Camera) -> tuple[str, ...]:
    """What is doubtful about the calibration of a whole image, a sentence each; nothing if it looks sound.

    Args:
        camera: Of the sensor's whole image, before it is cut or shrunk: lenses have their axis near its middle.

    Raises: `GeometryError` for a calibration that no camera has.
    """
    doubts = []
    for axis, (size, focal_length) in {
        "horizontally": (camera.width, camera.fx),
        "vertically": (camera.height, camera.fy),
    }.items():
        angle = _opening_angle(camera.projection, size, focal_length)
        wide, too_wide = _WIDEST[camera.projection]
        narrow, too_narrow = _NARROWEST
        what = f"a focal length of {focal_length:.4g} px for {size} px opens {angle:.3g}° {axis}"
        if not too_narrow <= angle < too_wide:
            raise GeometryError(
                f"{what}, which no {_KINDS[camera.projection]} does: the calibration is of another image size, in"
                " another unit or a placeholder: calibrate the camera"
            )
        if not narrow <= angle < wide:
            doubts.append(f"{what}: unusual, check that the calibration is of this camera and image size")
    aspect = max(camera.fx / camera.fy, camera.fy / camera.fx)
    if aspect > _ASPECT[1]:
        raise GeometryError(
            f"focal lengths of {camera.fx:.4g} and {camera.fy:.4g} px mean pixels {aspect:.3g} times as long as wide,"
            " which no camera has: calibrate the camera"
        )
    if aspect > _ASPECT[0]:
        doubts.append(
            f"focal lengths of {camera.fx:.4g} and {camera.fy:.4g} px mean pixels that are not square ({aspect:.3g}"
            " to 1): check that the calibration is of this image size"
        )
    if not (0 <= camera.cx < camera.width and 0 <= camera.cy < camera.height):
        raise GeometryError(
            f"principal point ({camera.cx:.4g}, {camera.cy:.4g}) lies outside the {camera.width}x{camera.height} image:"
            " the calibration belongs to another image size"
        )
    off = off_centre(camera)
    if off > _OFF_CENTRE:
        doubts.append(
            f"the principal point ({camera.cx:.4g}, {camera.cy:.4g}) is {off:.0%} of the {camera.width}x{camera.height}"
            " image off its middle: check that the calibration is of this image size"
        )
    share = _share_seen(camera)
    if share < _SEEN[0]:
        coefficients = ", ".join(f"{value:.4g}" for value in camera.distortion)
        what = f"a distortion of ({coefficients}) lets {share:.0%} of the rectified image be seen"
        if share < _SEEN[1]:
            raise GeometryError(
                f"{what}, which no lens does: the coefficients are in another order or of another model, or the"
                " calibration went wrong: calibrate the camera"
            )
        doubts.append(f"{what}: unusual, check that coefficients and distortion_model are of this camera")
    return tuple(doubts)


def off_centre(camera: Camera) -> float:
    """How far the principal point is off the middle of the image, as a share of its size, in the worse direction."""
    return max(
        abs((camera.cx + 0.5) / camera.width - 0.5),
        abs((camera.cy + 0.5) / camera.height - 0.5),
    )


_KINDS: dict[Projection, str] = {"perspective": "lens but a fisheye", "equidistant": "lens"}


def _opening_angle(projection: Projection, size: int, focal_length: float) -> float:
    """Degrees; without distortion, which bends it by less than what is looked for here."""
    half = size / (2.0 * focal_length)
    return math.degrees(2.0 * (math.atan(half) if projection == "perspective" else half))


def _share_seen(camera: Camera) -> float:
    """Of the rectified image: where the distortion folds, or leads out of the image, the lens sees nothing."""
    if not camera.is_distorted:
        return 1.0
    coarse = camera.resized(_GRID, _GRID)
    view = coarse.rectified()
    return float(seen(coarse, view, *source_pixels(coarse, view)).mean())
