"""From a ``sensor_msgs/CameraInfo``, of rclpy or of a bag, to a `Camera` and back to its terms; no ROS needed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import COEFFICIENTS, Camera, GeometryError, Projection
from depth_perception.geometry.plausibility import check_camera, off_centre

PROJECTIONS: dict[str, Projection | None] = {
    "plumb_bob": "perspective",
    "radtan": "perspective",
    "rational_polynomial": "perspective",
    "equidistant": "equidistant",
    "fisheye": "equidistant",
    "kannala_brandt": "equidistant",
    "": None,
    "none": None,
    "pinhole": None,
    "perspective": None,
}
"""The distortion models that are known, by their names in ROS, OpenCV and Kalibr; None: a pinhole without any."""

MOST_COEFFICIENTS = {"plumb_bob": 5, "radtan": 5}
"""Of the models of perspective lenses that have fewer than a `Camera` may have."""

MOST_TOLD = 1000
"""Coefficients that a camera_info may have, zeros behind those of its lens included."""

SKEW = (0.5, 5.0)
"""Pixels that a skewed K moves the edge of the image by: it is neglected up to the first, and refused from the second
on."""

DISAGREEMENT = 1.5
"""Times that the focal length of P may be beyond those that rectifying K's images leads to."""


_RECTIFIED = {"rect", "rectified"}


def without_transport(topic: str) -> str:
    """The topic of the images that come, compressed, on another one."""
    return topic.removesuffix("/compressed").removesuffix("/compressedDepth")


def is_called_rectified(topic: str) -> bool:
    """Whether the name of an image's topic says that it is rectified, such as ``image_rect_color``."""
    name = without_transport(topic).rpartition("/")[2]
    return bool(_RECTIFIED & set(name.lower().split("_")))


def takes_p(info: Any, rectified_input: str, topic: str) -> tuple[bool, str]:
    """Whether the images on a topic are rectified already, and what to say of that; empty if it makes no difference.

    Args:
        rectified_input: always, never, or auto, which goes by the name of the topic, as image_proc chooses it.
    """
    if rectified_input != "auto":
        return rectified_input == "always", ""
    is_called_so = is_called_rectified(topic)
    if not any(info.d):
        return is_called_so and any(info.p), ""
    if not is_called_so:
        somewhere = _RECTIFIED & set(topic.lower().replace("_", "/").split("/"))
        said = f"{topic} is taken to be raw: only the last part of a name says that images are rectified already"
        return False, f"{said} (rectified_input always, if they are)" if somewhere else ""
    if not any(info.p):
        return False, f"{topic} is rectified by its name, but its camera_info has no P: it is taken to be raw"
    return True, (
        f"{topic} is taken to be rectified already, as its name says: its camera is the P of its camera_info, not K and"
        " D (rectified_input never, if it is not)"
    )


def camera_from_info(info: Any, *, rectified: bool = False) -> Camera:
    """The camera of the images that go with the message: calibrated size, cut to its ROI, shrunk by its binning.

    Args:
        info: Anything with the message's fields ``width, height, distortion_model, d, k, p, roi, binning_x,
            binning_y``.
        rectified: The images are rectified already: their camera is the left of P, without distortion, not K and D.

    Raises: `GeometryError` if the camera is not calibrated, cannot be, or has a lens that is not in `PROJECTIONS`.
    """
    whole = _whole_camera(info, rectified)
    check_camera(whole)
    return _image_of(info, whole)


def doubts_about(info: Any, *, rectified: bool = False) -> tuple[str, ...]:
    """What is doubtful about the camera of `camera_from_info`, a sentence each; nothing if it looks sound.

    Raises: as `camera_from_info`.
    """
    whole = _whole_camera(info, rectified)
    doubts = list(check_camera(whole))
    image = _image_of(info, whole)
    told = " and ".join(_told(info))
    if told and off_centre(whole) > 0.1 > off_centre(_with_the_size_of(whole, image)):
        doubts.append(
            f"K belongs to the {image.width}x{image.height} image, not to the whole {whole.width}x{whole.height} one,"
            f" as its principal point ({whole.cx:.4g}, {whole.cy:.4g}) tells: the {told} may be told twice, K must be"
            " that of the whole image"
        )
    skew = abs(_skew(info, rectified))
    if skew > SKEW[0]:
        doubts.append(f"its skew, which moves the edges of the image by {skew:.2g} px, is neglected")
    return (*doubts, *_disagreement(info, rectified))


def _disagreement(info: Any, rectified: bool) -> list[str]:
    """What to say of K and P if P cannot be that of K's images when they are rectified."""
    raw, projected = _matrix(info, rectified=False), _matrix(info, rectified=True)[0, 0]
    if not projected > 0 or not (raw[0, 0] > 0 and raw[1, 1] > 0):
        return []
    try:
        projection, distortion = _lens(info)
    except GeometryError:
        return []  # of rectified images, whose lens does not matter
    if projection != "perspective":
        return []
    size = (int(info.width), int(info.height))
    # From that which keeps every pixel of the raw image to that which shows nothing beyond it.
    lens = np.array(distortion or (0.0,) * 5)  # OpenCV 4.6, of Ubuntu 24.04, wants some
    ways = [cv2.getOptimalNewCameraMatrix(raw, lens, size, alpha)[0][0, 0] for alpha in (1.0, 0.0)]
    shortest, longest = min(*ways, raw[0, 0]), max(*ways, raw[0, 0])
    if shortest / DISAGREEMENT < projected < longest * DISAGREEMENT:
        return []
    return [
        f"K has a focal length of {raw[0, 0]:.4g} px, its images when rectified {shortest:.4g} to {longest:.4g} px, but"
        f" P {projected:.4g} px: one of them is of another image size or zoom, and depth in metres"
        f" {max(projected / longest, shortest / projected):.3g} times off if that is {'P' if rectified else 'K'}, which"
        " is taken here"
    ]


def distortion_model(camera: Camera) -> str:
    """The name that ROS has for the camera's distortion."""
    if camera.projection == "equidistant":
        return "equidistant"
    return "rational_polynomial" if len(camera.distortion) > 5 else "plumb_bob"


def size_mismatch(info: Any, width: int, height: int) -> str:
    """What to say of an image of this size whose camera_info is of another one."""
    told = " and ".join(_told(info))
    if told and (int(info.width), int(info.height)) == (width, height):
        return (
            f"image is {width}x{height}, as large as camera_info is without its {told}: width and height must be those"
            f" of the whole sensor, or the {told} left out"
        )
    what = f"{int(info.width)}x{int(info.height)}" + (f" ({told})" if told else "")
    return f"image is {width}x{height}, camera_info is of {what}: the calibration belongs to another resolution"


def _whole_camera(info: Any, rectified: bool) -> Camera:
    """Of the sensor's whole image, before ROI and binning."""
    matrix, name = _matrix(info, rectified), "P" if rectified else "K"
    if not matrix.any():
        raise GeometryError(
            f"camera_info has an all-zero {name}: the camera is not calibrated, run camera_calibration on it"
        )
    below = np.array([matrix[1, 0], matrix[2, 0], matrix[2, 1]])
    if np.abs(below).max() > 1e-3 or matrix[2, 2] not in (0.0, 1.0):
        raise GeometryError(
            f"camera_info's {name} is {_row(matrix)}, expected fx 0 cx 0 fy cy 0 0 1 row by row: it is transposed or"
            " no calibration"
        )
    projection, distortion = ("perspective", ()) if rectified else _lens(info)
    camera = Camera(
        int(info.width),
        int(info.height),
        float(matrix[0, 0]),
        float(matrix[1, 1]),
        float(matrix[0, 2]),
        float(matrix[1, 2]),
        distortion,
        projection,
    )
    skew = abs(_skew(info, rectified))
    if skew > SKEW[1]:
        raise GeometryError(
            f"camera_info's {name} is {_row(matrix)}: its skew moves the edges of the image by {skew:.3g} px, which no"
            " camera that is known here does: calibrate without skew"
        )
    return camera


def _image_of(info: Any, whole: Camera) -> Camera:
    """The camera of the images, which may be a part of the sensor's, and coarser."""
    camera, roi = whole, info.roi
    if roi.width and roi.height:
        right, bottom = int(roi.x_offset) + int(roi.width), int(roi.y_offset) + int(roi.height)
        if right > whole.width or bottom > whole.height:
            raise GeometryError(
                f"camera_info's ROI of {roi.width}x{roi.height} at ({roi.x_offset}, {roi.y_offset}) reaches to"
                f" ({right}, {bottom}), outside its {whole.width}x{whole.height}: width and height must be those of"
                " the whole sensor, or the ROI left out"
            )
        camera = camera.cropped(int(roi.x_offset), int(roi.y_offset), int(roi.width), int(roi.height))
    across, down = max(int(info.binning_x), 1), max(int(info.binning_y), 1)
    if across > 1 or down > 1:
        if camera.width < across or camera.height < down:
            raise GeometryError(
                f"camera_info's binning of {across}x{down} leaves nothing of {camera.width}x{camera.height}"
            )
        width, height = camera.width // across, camera.height // down
        camera = camera.cropped(0, 0, width * across, height * down).resized(width, height)  # pixels of whole blocks
    return camera


def _with_the_size_of(whole: Camera, image: Camera) -> Camera:
    return Camera(image.width, image.height, whole.fx, whole.fy, whole.cx, whole.cy)


def _told(info: Any) -> list[str]:
    """What makes the images another part of the sensor than all of it."""
    roi, told = info.roi, []
    if roi.width and roi.height and (int(roi.width), int(roi.height)) != (int(info.width), int(info.height)):
        told.append(f"ROI of {roi.width}x{roi.height} at ({roi.x_offset}, {roi.y_offset})")
    if int(info.binning_x) > 1 or int(info.binning_y) > 1:
        told.append(f"binning of {max(int(info.binning_x), 1)}x{max(int(info.binning_y), 1)}")
    return told


def _matrix(info: Any, rectified: bool) -> npt.NDArray[np.float64]:
    """``[3, 3]``: K, or the left of P."""
    if rectified:
        return np.array([float(value) for value in info.p]).reshape(3, 4)[:, :3]
    return np.array([float(value) for value in info.k]).reshape(3, 3)


def _skew(info: Any, rectified: bool) -> float:
    """Pixels that it moves the top and bottom of the image by, against the row of the principal point."""
    matrix = _matrix(info, rectified)
    rows = max(abs(matrix[1, 2]), abs(int(info.height) - matrix[1, 2]))
    with np.errstate(over="ignore", invalid="ignore"):  # any number may stand there: infinite is judged as such
        return float(matrix[0, 1] * rows / matrix[1, 1]) if matrix[1, 1] else 0.0


def _row(matrix: npt.NDArray[np.float64]) -> str:
    return " ".join(f"{value:.4g}" for value in matrix.ravel())


def _lens(info: Any) -> tuple[Projection, tuple[float, ...]]:
    """Projection and distortion of the raw images."""
    name = str(info.distortion_model)
    known = name.strip().lower().replace(" ", "_")
    if len(info.d) > MOST_TOLD:
        raise GeometryError(
            f"camera_info has {len(info.d)} distortion coefficients, expected at most 14: it is damaged"
        )
    values = tuple(float(value) for value in info.d)
    if known not in PROJECTIONS:
        raise GeometryError(
            f"camera_info's lens is of the model '{name}', which is not known, expected one of"
            f" {', '.join(model for model, kind in PROJECTIONS.items() if kind)}: rectify the images first, or"
            " calibrate with one of these"
        )
    projection = PROJECTIONS[known]
    if not any(values):
        return projection or "perspective", ()
    counts = COEFFICIENTS[projection or "perspective"]
    most = MOST_COEFFICIENTS.get(known, counts[-1]) if projection else 0
    told = max(index for index, value in enumerate(values, 1) if value)
    used = values[: max(told, min(most, 5))]  # without padding
    used += (0.0,) * (min((count for count in counts if count >= len(used)), default=len(used)) - len(used))
    if len(used) > most:
        raise GeometryError(
            f"camera_info has {len(values)} distortion coefficients of model '{name}', expected plumb_bob or radtan (4"
            " or 5), rational_polynomial (up to 14) or equidistant (4): rectify the images first, or calibrate with"
            " one of these"
        )
    return projection or "perspective", used
