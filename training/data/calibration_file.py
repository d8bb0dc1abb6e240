"""A camera from the yaml that ROS's camera_calibration writes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from depth_perception.camera_info import camera_from_info
from depth_perception.geometry.camera import Camera, GeometryError
from training.errors import TrainingError


def read_camera(path: str | Path) -> Camera:
    """The camera, with its distortion.

    Raises: `TrainingError` if the file is missing or no calibration; `GeometryError` if the camera cannot be.
    """
    try:
        values: Any = yaml.safe_load(Path(path).read_text())
        info = SimpleNamespace(
            width=values["image_width"],
            height=values["image_height"],
            distortion_model=values.get("distortion_model", "plumb_bob"),
            d=values.get("distortion_coefficients", {}).get("data", []),
            k=values["camera_matrix"]["data"],
            roi=SimpleNamespace(width=0, height=0, x_offset=0, y_offset=0),
            binning_x=0,
            binning_y=0,
        )
        return camera_from_info(info)
    except FileNotFoundError:
        raise TrainingError(
            f"{path}: there is no such calibration: write it with ros2 run camera_calibration cameracalibrator"
        ) from None
    except GeometryError as error:
        raise TrainingError(f"{path}: {error}") from None
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else type(error).__name__
        raise TrainingError(
            f"{path}: is no calibration as camera_calibration writes it ({reason}), expected image_width,"
            " image_height, camera_matrix and distortion_coefficients"
        ) from None
