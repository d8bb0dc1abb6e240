"""The camera of images that do not come with one: in a configuration, or as ROS's camera_calibration writes it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from depth_perception.calibration_file import read_calibration
from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.plausibility import check_camera
from training.data.image_files import image_size
from training.errors import TrainingError


def read_camera(path: str | Path) -> Camera:
    """The camera, with its distortion.

    Raises: `TrainingError` if the file is missing or no calibration, or the camera cannot be.
    """
    try:
        camera, doubts = read_calibration(path)
    except GeometryError as error:
        raise TrainingError(str(error)) from None
    for doubt in doubts:
        warnings.warn(f"{path}: {doubt}", stacklevel=2)
    return camera


def read_cameras(path: str | Path) -> dict[str, Camera]:
    """Rectified cameras by the names of their images: JSON, as in ``{"0001": {"width": 1936, "height": 1216, "fx":
    1062.4, "fy": 1056.8, "cx": 939.5, "cy": 622.5}}``.

    Raises: `TrainingError` if the file is missing or says something else.
    """
    keys = ("width", "height", "fx", "fy", "cx", "cy")
    try:
        values: Any = json.loads(Path(path).read_text())
        cameras = {name: Camera(**{key: one[key] for key in keys}) for name, one in values.items()}
    except FileNotFoundError:
        raise TrainingError(f"{path}: there is no such file of cameras") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, GeometryError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise TrainingError(
            f"{path}: is no file of cameras ({reason}), expected {', '.join(keys)} of each image by its name"
        ) from None
    return {name: sound(camera, f"{path}, {name}") for name, camera in cameras.items()}


def sound(camera: Camera, origin: str) -> Camera:
    """The same camera of a configuration, if it can be one; what is doubtful about it is a warning.

    Raises: `TrainingError` if it cannot be.
    """
    try:
        for doubt in check_camera(camera):
            warnings.warn(f"{origin}: {doubt}", stacklevel=2)
    except GeometryError as error:
        raise TrainingError(f"{origin}: {error}") from None
    return camera


def cameras_of(
    paths: Sequence[Path], camera: Camera | None, calibration: str | None, origin: str
) -> dict[Path, Camera]:
    """The camera of each image: one of them all, or of each its own, as `calibration` says that is JSON.

    See `camera_of`.
    """
    if calibration is None or Path(calibration).suffix != ".json":
        return dict.fromkeys(paths, camera_of(paths, camera, calibration, origin))
    cameras = read_cameras(calibration)
    for path in paths:
        if path.stem not in cameras:
            raise TrainingError(f"{calibration}: has no camera of {path.stem}: add it, or take {path} away")
    return {path: camera_of([path], cameras[path.stem], None, origin) for path in paths}


def camera_of(paths: Sequence[Path], camera: Camera | None, calibration: str | None, origin: str) -> Camera:
    """The camera of images, of which one of two forms is given.

    Args:
        paths: of pngs or jpegs.
        origin: of the images, for the error.

    Raises: `TrainingError` if not one of both is given, it cannot be a camera, or an image is of another size.
    """
    if (camera is None) == (calibration is None):
        raise TrainingError(f"{origin}: expected one of camera and calibration: how its images were taken")
    camera = sound(camera, origin) if camera is not None else read_camera(calibration or "")
    for path in paths:
        if image_size(path) != (camera.width, camera.height):
            width, height = image_size(path)
            raise TrainingError(
                f"{path}: is {width}x{height}, its camera is {camera.width}x{camera.height}: calibrate at the"
                " images' resolution, and keep those of one camera in a folder"
            )
    return camera
