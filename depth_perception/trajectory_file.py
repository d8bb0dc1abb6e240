"""Trajectories as files that other tools read: TUM's form, with stamps, and KITTI's, without."""

from __future__ import annotations

import errno
import os
from itertools import count
from pathlib import Path

import numpy as np

from depth_perception.files import OutputError, require_writable
from depth_perception.geometry.pose import Array, inverse, quaternion_from_rotation

KITTI = ".kitti"
"""Suffix of the files that are written in KITTI's form."""


def tum_line(stamp: int, pose: Array) -> str:
    """``seconds x y z qx qy qz qw`` of a pose ``[4, 4]`` at a time in nanoseconds, as TUM's benchmark has it."""
    seconds, nanoseconds = divmod(stamp, 1_000_000_000)
    values = (*pose[:3, 3], *np.asarray(quaternion_from_rotation(pose[:3, :3])))
    return f"{seconds}.{nanoseconds:09d} " + " ".join(f"{value:.9g}" for value in values) + "\n"


def kitti_line(pose: Array) -> str:
    """The first three rows of a pose ``[4, 4]``, one after the other, as KITTI's odometry benchmark has it."""
    return " ".join(f"{value:.9g}" for value in pose[:3].reshape(-1)) + "\n"


class TrajectoryFile:
    """Poses of the body, appended as they come, each at once and whole: a process that is killed loses none.

    A trajectory that begins anew, and one whose file is there already, goes to a file with the next number:
    ``drive.tum``, ``drive-2.tum``.

    Args:
        path: TUM's form, unless it ends with ``.kitti``: then poses are the camera's in that of the first image.

    Raises: `OutputError` if nothing can be written there.
    """

    def __init__(self, path: Path) -> None:
        require_writable(path.parent)
        self._path = path
        self._file: int | None = None
        self._end = 0

    def add(self, stamp: int, pose: Array, body_from_camera: Array) -> None:
        """Appends the pose ``[4, 4]`` of the body at a time in nanoseconds.

        Raises: `OutputError` if it cannot be written; the file then ends with the line before.
        """
        camera = inverse(body_from_camera) @ pose @ body_from_camera
        line = (kitti_line(camera) if self._path.suffix == KITTI else tum_line(stamp, pose)).encode()
        try:
            if self._file is None:
                self._file = self._new()
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._cut()
            raise OutputError(self._path, error) from None
        self._end = os.fstat(self._file).st_size

    @property
    def is_begun(self) -> bool:
        """Whether there is a pose of the present trajectory."""
        return self._file is not None

    def restart(self) -> None:
        """The next pose is of another trajectory."""
        if self._file is not None:
            os.close(self._file)
        self._file = None

    close = restart

    def _new(self) -> int:
        self._end = 0
        for number in count(1):
            numbered = f"{self._path.stem}-{number}{self._path.suffix}" if number > 1 else self._path.name
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
                return os.open(self._path.with_name(numbered), flags, 0o644)
            except FileExistsError:
                continue
        raise AssertionError("numbers do not end")

    def _cut(self) -> None:
        if self._file is not None:
            os.ftruncate(self._file, self._end)
