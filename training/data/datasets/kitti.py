"""What all of KITTI has in common: calibration files, and which drives are which.

Source: Geiger et al., Vision meets Robotics: The KITTI Dataset (IJRR 2013), and its development kits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import pose_from
from training.data.source import Drive
from training.errors import TrainingError

Calibration = dict[str, npt.NDArray[np.float64]]

LICENCE = "CC BY-NC-SA 3.0"

EIGEN_TEST_DRIVES = frozenset(
    {
        *(f"2011_09_26_drive_{number:04d}" for number in (2, 9, 13, 20, 23, 27, 29, 36, 46, 48, 52, 56, 59, 64, 84)),
        *(f"2011_09_26_drive_{number:04d}" for number in (86, 93, 96, 101, 106, 117)),
        *("2011_09_28_drive_0002", "2011_09_29_drive_0071"),
        *("2011_09_30_drive_0016", "2011_09_30_drive_0018", "2011_09_30_drive_0027"),
        *("2011_10_03_drive_0027", "2011_10_03_drive_0047"),
    }
)
"""Where the 697 test images of Eigen et al. come from (NIPS 2014)."""

ODOMETRY_DRIVES = {
    "00": "2011_10_03_drive_0027",
    "01": "2011_10_03_drive_0042",
    "02": "2011_10_03_drive_0034",
    "03": "2011_09_26_drive_0067",
    "04": "2011_09_30_drive_0016",
    "05": "2011_09_30_drive_0018",
    "06": "2011_09_30_drive_0020",
    "07": "2011_09_30_drive_0027",
    "08": "2011_09_30_drive_0028",
    "09": "2011_09_30_drive_0033",
    "10": "2011_09_30_drive_0034",
}
"""The raw drives that the odometry benchmark's sequences were cut from."""


def kitti_drive(name: str) -> Drive:
    """The drive, whichever of KITTI's datasets it is met in."""
    return Drive("KITTI drives", name.removesuffix("_sync"))


def read_calibration(path: Path) -> Calibration:
    """The numbers of a calibration file by their keys; lines that hold none, such as times, are left out."""
    values: Calibration = {}
    for line in path.read_text().splitlines():
        key, colon, words = line.partition(":")
        try:
            numbers = np.array(words.split(), np.float64)
        except ValueError:
            continue
        if colon and numbers.size:
            values[key.strip()] = numbers
    return values


def matrix(calibration: Calibration, key: str, shape: tuple[int, ...], path: Path) -> npt.NDArray[np.float64]:
    """A matrix of a calibration file.

    Raises: `TrainingError` if it has none of that name and shape.
    """
    values = calibration.get(key)
    if values is None or values.size != np.prod(shape):
        found = "no such key" if values is None else f"{values.size} numbers"
        raise TrainingError(f"{path}: {key} has {found}, expected {np.prod(shape)}: get the calibration again")
    return values.reshape(shape)


def rigid(calibration: Calibration, path: Path) -> npt.NDArray[np.float64]:
    """The motion ``[4, 4]`` of a file that has R and T, such as ``calib_velo_to_cam.txt``."""
    return pose_from(matrix(calibration, "R", (3, 3), path), matrix(calibration, "T", (3,), path))


def pinhole(projection: npt.NDArray[np.float64], size: tuple[int, int]) -> Camera:
    """The camera of a rectified image with projection matrix ``[3, 4]`` and this width and height.

    Its principal point is taken as it is written, as all published work does; whether KITTI counts pixels from zero or
    from one is written nowhere.
    """
    return Camera(*size, projection[0, 0], projection[1, 1], projection[0, 2], projection[1, 2])


def camera_from_first(projection: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`T_camera_cam0` ``[4, 4]`` in rectified axes, from the camera's projection matrix ``[3, 4]``."""
    return pose_from(np.eye(3), np.linalg.solve(projection[:, :3], projection[:, 3]))
