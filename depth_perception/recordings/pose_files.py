"""A true trajectory from a file, as benchmarks and other tools write it: TUM, EuRoC, KITTI."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import BODY_FROM_OPTICAL, inverse, pose_from, rotation_from_quaternion
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.timed_poses import TimedPoses

PosesOf = Literal["body", "camera"]
"""Whose poses a file holds."""
FORMATS = (
    "TUM (seconds x y z qx qy qz qw; or with commas, if the seconds have a point), EuRoC (nanoseconds, x, y, z, qw,"
    " qx, qy, qz, ...) or KITTI (a line an image: the upper three rows of its pose, whose first three columns are a"
    " rotation)"
)
BEYOND = Decimal(2**63)
"""Nanoseconds that no stamp has."""
_MOST_SECONDS = 1e12
"""Of any clock."""
OFF = 1e-2
"""What the product of a matrix and its transpose may differ from the identity by, and the matrix be a rotation."""


def read_poses(
    path: str | Path,
    images: Sequence[int],
    body_from_camera: npt.NDArray[np.float64] | None,
    poses_of: PosesOf = "body",
) -> tuple[TimedPoses, int]:
    """The poses of the body in the file, and how many lines held none.

    Of those of the camera (x right, y down, z forward) the body's are made; KITTI's are of it, in that of the first
    image. Of two poses with one stamp the later counts.

    Args:
        images: stamps, nanoseconds, to which the lines of a file of KITTI belong one by one.
        body_from_camera: None for a camera that is level, at the origin of the body.
        poses_of: Whose poses those of TUM's and EuRoC's form are.

    Raises: `RecordingError` if it cannot be read, is of none of these forms, or does not fit the images.
    """
    try:
        lines = [line for line in Path(path).read_text().splitlines() if line.strip() and not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read ({error}), expected a trajectory: {FORMATS}") from None
    rows = [line.replace(",", " ").split() for line in lines]
    mount = BODY_FROM_OPTICAL if body_from_camera is None else body_from_camera
    counts = {len(row) for row in rows}
    columns = counts.pop() if len(counts) == 1 else 0
    is_euroc = bool(lines) and "," in lines[0] and not (columns == 8 and _are_seconds([row[0] for row in rows]))
    if columns == 12 and not is_euroc:
        return _kitti(path, rows, images, mount)
    if not (is_euroc and columns >= 8) and columns != 8:
        raise RecordingError(f"{path}: is no trajectory that is known, expected {FORMATS}")
    poses: dict[int, npt.NDArray[np.float64]] = {}
    unusable = beyond = 0
    unit, name = (1, "nanoseconds") if is_euroc else (10**9, "seconds")
    for row in rows:
        try:
            time = Decimal(row[0])
            if not -BEYOND / unit < time < BEYOND / unit:
                unusable, beyond = unusable + 1, beyond + 1
                continue
            stamp = int(time * unit)
            values = np.array(row[1:8], np.float64)
        except (InvalidOperation, ValueError):
            unusable += 1
            continue
        quaternion = np.roll(values[3:], -1) if is_euroc else values[3:]
        if not np.isfinite(values).all() or np.linalg.norm(quaternion) < 1e-3:
            unusable += 1
            continue
        poses[stamp] = pose_from(rotation_from_quaternion(quaternion), values[:3])
    if beyond > len(poses):
        raise RecordingError(f"{path}: its stamps, such as {rows[-1][0]:.40}, are not {name}, expected {FORMATS}")
    if not poses:
        raise RecordingError(f"{path}: holds no pose that can be used, expected {FORMATS}")
    stamps = sorted(poses)
    found = np.array([poses[stamp] for stamp in stamps])
    bodies = found if poses_of == "body" else found @ inverse(mount)
    return TimedPoses(np.array(stamps, np.int64), bodies), unusable


def _are_seconds(times: list[str]) -> bool:
    """Whether times beside commas are TUM's: they have fractions, as nanoseconds have only where somebody wrote them as
    floats, and those are large.
    """
    known = []
    for time in times:
        with suppress(ValueError):  # a line of names
            known.append(float(time))
    return any("." in time for time in times) and max(map(abs, known), default=0.0) < _MOST_SECONDS


def _kitti(
    path: str | Path, rows: list[list[str]], images: Sequence[int], mount: npt.NDArray[np.float64]
) -> tuple[TimedPoses, int]:
    stamps = sorted(set(images))
    if len(rows) != len(stamps):
        raise RecordingError(
            f"{path}: has {len(rows)} poses and no stamps, expected one for each of {len(stamps)} images"
        )
    try:
        numbers = np.array(rows, np.float64).reshape(-1, 3, 4)
    except ValueError:
        raise RecordingError(f"{path}: holds something else than numbers, expected {FORMATS}") from None
    known = np.isfinite(numbers).all(axis=(1, 2)) & _are_rotations(numbers[:, :, :3])
    if not known.any():
        raise RecordingError(f"{path}: holds no pose that can be used, expected {FORMATS}")
    cameras = pose_from(numbers[known, :, :3], numbers[known, :, 3])
    bodies = mount @ cameras @ inverse(mount)
    return TimedPoses(np.array(stamps, np.int64)[known], bodies), int(np.count_nonzero(~known))


def _are_rotations(matrices: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Of matrices ``[N, 3, 3]``, of any numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(np.swapaxes(matrices, 1, 2) @ matrices - np.eye(3)).max(axis=(1, 2))
        return (off < OFF) & (np.linalg.det(matrices) > 0)
