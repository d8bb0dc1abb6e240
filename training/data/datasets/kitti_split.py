"""Lists of KITTI raw's frames, in the form in which the Eigen and Zhou splits are passed around.

A line is ``2011_09_26/2011_09_26_drive_0001_sync 5 l``: drive, frame, and which of the two colour cameras.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from training.errors import TrainingError

WHERE = (
    "Eigen's 697 test frames (652 with improved truth) and Zhou's 39,810 for training and 4,424 for validation are in"
    " https://github.com/nianticlabs/monodepth2/tree/master/splits, folders eigen, eigen_benchmark and eigen_zhou"
)
CAMERAS = {"l": "image_02", "r": "image_03"}
LINE = re.compile(r"(\d{4}_\d\d_\d\d)/(\1_drive_\d{4}_sync)\s+(\d+)\s+([lr])")


class SplitFrame(NamedTuple):
    """One line."""

    line: int
    date: str
    drive: str
    frame: int
    camera: str


def read_split(path: Path) -> list[SplitFrame]:
    """The frames of a list, in its order.

    Raises: `TrainingError` if it is missing, empty or of another form.
    """
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such list of frames. {WHERE}")
    frames = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            continue
        found = LINE.fullmatch(line.strip())
        if found is None:
            raise TrainingError(
                f"{path}: line {number} is '{line.strip()}', expected the form"
                f" '2011_09_26/2011_09_26_drive_0001_sync 5 l'. {WHERE}"
            )
        date, drive, frame, side = found.groups()
        frames.append(SplitFrame(number, date, drive, int(frame), CAMERAS[side]))
    if not frames:
        raise TrainingError(f"{path}: is empty, expected a frame a line. {WHERE}")
    return frames
