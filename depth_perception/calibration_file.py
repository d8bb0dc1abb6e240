"""The camera of images that come without a ``camera_info``: as ROS's camera_calibration writes it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from depth_perception.camera_info import camera_from_info, doubts_about
from depth_perception.geometry.camera import Camera, GeometryError


def read_calibration(path: str | Path, *, rectified: bool = False) -> tuple[Camera, tuple[str, ...]]:
    """The camera, with its distortion, and what is doubtful about it, a sentence each.

    Args:
        rectified: The images are rectified already: their camera is the projection matrix, without distortion.

    Raises: `GeometryError` if the file is missing or no calibration, or the camera cannot be.
    """
    info = read_calibration_info(path)
    try:
        return camera_from_info(info, rectified=rectified), doubts_about(info, rectified=rectified)
    except GeometryError as error:
        raise GeometryError(f"{path}: {error}") from None


def read_calibration_info(path: str | Path) -> Any:
    """What the file says, as a ``camera_info`` of the images would.

    Raises: `GeometryError` if it is missing or no calibration.
    """
    try:
        values: Any = yaml.safe_load(Path(path).read_text())
        return SimpleNamespace(
            width=int(values["image_width"]),
            height=int(values["image_height"]),
            distortion_model=values.get("distortion_model", "plumb_bob"),
            d=_numbers(values.get("distortion_coefficients", {}).get("data", [])),
            k=_numbers(values["camera_matrix"]["data"], 9),
            p=_numbers(values.get("projection_matrix", {}).get("data", [0.0] * 12), 12),
            roi=SimpleNamespace(width=0, height=0, x_offset=0, y_offset=0),
            binning_x=0,
            binning_y=0,
        )
    except FileNotFoundError:
        raise GeometryError(
            f"{path}: there is no such calibration: write it with ros2 run camera_calibration cameracalibrator"
        ) from None
    # Sizes of .inf, brackets without end: whatever comes of reading a file that is something else.
    except (
        OSError,
        yaml.YAMLError,
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
        ArithmeticError,
        RecursionError,
    ) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else type(error).__name__
        raise GeometryError(
            f"{path}: is no calibration as camera_calibration writes it ({reason}), expected image_width,"
            " image_height, camera_matrix and distortion_coefficients"
        ) from None


def _numbers(values: Any, count: int | None = None) -> list[float]:
    """
    Raises: `ValueError` if they are others, or not so many.
    """
    numbers = [float(value) for value in values]
    if count not in (None, len(numbers)):
        raise ValueError(f"{len(numbers)} numbers, expected {count}")
    return numbers
