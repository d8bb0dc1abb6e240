"""GPS and IMU records of KITTI raw: where the car was and how fast.

Convention:
    IMU axes: x forward, y left, z up. World axes: x east, y north, z up.
    Source: KITTI raw development kit, ``convertOxtsToPose`` and ``dataformat.txt``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import pose_from, rotation_from_angles
from training.data.layout import Origin, numbers_in
from training.errors import TrainingError

EARTH_RADIUS = 6378137.0
LATITUDE, LONGITUDE, ALTITUDE, ROLL, PITCH, YAW = range(6)
FORWARD, LEFT, UP = 8, 9, 10
COLUMNS = 30


def read_records(drive: Path, numbers: Sequence[int], origin: Origin) -> npt.NDArray[np.float64]:
    """Records ``[n, 30]`` of some frames of a drive's folder.

    Raises: `TrainingError` if one is missing or damaged.
    """
    folder = origin.folder(drive / "oxts" / "data", "GPS/IMU records")
    records = []
    for number in numbers:
        path = origin.file(folder / f"{number:010d}.txt", "GPS/IMU record")
        lines = numbers_in(path, COLUMNS, "a record")
        if len(lines) != 1:
            raise TrainingError(f"{path}: has {len(lines)} lines, expected one: get it again")
        records.append(lines[0])
    return np.array(records)


def read_times(drive: Path, camera: str, origin: Origin) -> npt.NDArray[np.float64]:
    """Seconds of every frame of a camera, counted from the first."""
    path = origin.file(drive / camera / "timestamps.txt", "times of the frames")
    try:
        stamps = np.array([np.datetime64(line.strip(), "ns") for line in path.read_text().splitlines() if line.strip()])
    except ValueError as error:
        raise TrainingError(f"{path}: holds what is no time ({error}): get it again") from None
    return (stamps - stamps[0]).astype(np.int64) * 1e-9


def speeds(records: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Metres a second ``[n]``."""
    return np.linalg.norm(records[:, [FORWARD, LEFT, UP]], axis=1)


def imu_poses(records: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`T_world_imu` ``[n, 4, 4]``: a Mercator projection at the first record's latitude."""
    scale = np.cos(np.radians(records[0, LATITUDE]))
    latitude, longitude = np.radians(records[:, LATITUDE]), np.radians(records[:, LONGITUDE])
    east = scale * EARTH_RADIUS * longitude
    north = scale * EARTH_RADIUS * np.log(np.tan(np.pi / 4 + latitude / 2))
    positions = np.stack([east, north, records[:, ALTITUDE]], axis=1)
    rotations = np.stack([rotation_from_angles(*record[[ROLL, PITCH, YAW]]) for record in records])
    return pose_from(rotations, positions - positions[0])
