"""Images with true depth, classes or both: any folder of them, single images.

Layout: ``images/NAME.png`` (or jpg), ``depth/NAME.png`` (16 bits, 0 unknown) and ``labels/NAME.png`` (8 bits, 255
unknown), all on the same pixels.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from depth_perception.geometry.camera import Camera
from training.data.calibration_file import cameras_of
from training.data.depth_files import MetresFromUnit, PngDepths, doubts_about_unit
from training.data.image_files import ImageFiles, image_paths
from training.data.label_files import LabelFiles
from training.data.label_sets import LABEL_SETS, LabelSetName
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import SnippetSource
from training.data.source import Drive, SourceSettings, frames_from
from training.errors import TrainingError

LOOKED_AT = 10
"""Depth files whose unit is looked at before work begins."""


@dataclass(frozen=True)
class PairsData(SourceSettings):
    """A folder of images, what is known of them, and their calibration, of which one of two forms is given.

    Attributes:
        path: folder of ``images``, ``depth`` and ``labels``.
        camera: of the rectified images.
        calibration: the same as a file that ROS's camera_calibration wrote; or JSON, if each image has a camera of its
            own (see `training.data.calibration_file.read_cameras`).
        truth: what each image has.
        unit: metres that 1 stands for in the depth files: 0.001 for millimetres.
        depth_range: smallest and largest metres to be expected: depth in another unit is refused.
        label_set: the classes that labels are of.
        first, last: images to use, the last not included.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    camera: Camera | None = None
    calibration: str | None = None
    truth: tuple[Literal["depth", "labels"], ...] = ("depth",)
    unit: float = 0.001
    depth_range: tuple[float, float] = (0.1, 10.0)
    label_set: LabelSetName | None = None
    first: int = 0
    last: int | None = None
    share: float = 1.0
    name: str = ""
    licence: str = "unknown"

    def __post_init__(self) -> None:
        if not self.unit > 0:
            raise TrainingError(f"{self.path}: unit is {self.unit}, expected metres that 1 stands for, such as 0.001")
        if "labels" in self.truth and self.label_set is None:
            raise TrainingError(f"{self.path}: has labels: say of which label_set, {' or '.join(LABEL_SETS)}")

    def open(self, frames: int = 1, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`; there are only single frames."""
        folder = Path(self.path) / "images"
        if not folder.is_dir():
            raise TrainingError(f"{folder}: there is no such folder of images")
        images = image_paths(folder)[self.first : self.last]
        if not images:
            raise TrainingError(f"{folder}: holds no image from {self.first} to {self.last}, expected pngs or jpegs")
        cameras = cameras_of(images, self.camera, self.calibration, self.path)
        if any(camera.is_distorted for camera in cameras.values()):
            raise TrainingError(f"{self.path}: its camera is distorted: rectify images, depth and labels first")
        rows = [self._row(image, camera) for image, camera in cameras.items()]
        self._check_unit(rows)
        return RowSnippets(rows, frames, step=step, origin=f"{self.path} (single images)")

    def drives(self) -> frozenset[Drive]:
        """The folder."""
        return frozenset({Drive("folders", str(Path(self.path).resolve()))})

    @property
    def title(self) -> str:
        """With the frames."""
        return f"{self.name or Path(self.path).name}, {frames_from(self.first, self.last)}"

    def _check_unit(self, rows: Sequence[FrameRow]) -> None:
        some = [row.depth[0] for row in rows[:: -(-len(rows) // LOOKED_AT)] if row.depth is not None]
        doubt = doubts_about_unit([depth for depth in some if depth is not None], self.unit, self.depth_range)
        if doubt:
            warnings.warn(f"{self.path}: {doubt}", stacklevel=3)

    def _row(self, image: Path, camera: Camera) -> FrameRow:
        depth = labels = None
        if "depth" in self.truth:
            paths = [self._partner(image, "depth")]
            depth = PngDepths(paths, camera, MetresFromUnit(self.unit), expected=self.depth_range)
        if "labels" in self.truth:
            assert self.label_set is not None  # checked above
            labels = LabelFiles([self._partner(image, "labels")], camera, LABEL_SETS[self.label_set].check)
        return FrameRow(image.stem, ImageFiles([image], camera), camera, depth, first=None, labels=labels)

    def _partner(self, image: Path, what: str) -> Path:
        path = Path(self.path) / what / f"{image.stem}.png"
        if not path.is_file():
            raise TrainingError(f"{path}: there is no {what} of {image}: add it, or take {what} out of the truth")
        return path
