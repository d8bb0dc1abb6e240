"""Snippets of any folder of frames: images alone, seen exactly as the robot will see them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from depth_perception.geometry.camera import Camera
from depth_perception.pixel_formats import SampleRange
from training.data.calibration_file import camera_of
from training.data.image_files import image_paths, read_image
from training.data.recorded import RecordedData
from training.data.snippet import SnippetSource
from training.errors import TrainingError


@dataclass(frozen=True)
class FolderData(RecordedData):
    """A folder of pngs or jpegs of one drive and their calibration, of which one of two forms is given.

    Attributes:
        path: of the folder; the images' order is that of the numbers in their names.
        camera: of the images, with distortion.
        calibration: the same as a file that ROS's camera_calibration wrote.
        first, last: images to use, the last not included.
        stride, motion, width, height, share, cache, name, licence: see `training.data.recorded.RecordedData`.
    """

    KIND: ClassVar[str] = "folders"

    camera: Camera | None = None
    calibration: str | None = None

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`. The images are decoded once, to a cache of network views."""
        paths = self._paths()
        camera = camera_of(paths, self.camera, self.calibration, self.path)
        what = [(path.name, path.stat().st_size) for path in paths]
        samples = SampleRange()
        images = (read_image(path, samples) for path in paths)
        return self.snippets([self.decoded(images, camera, self.first, what)], frames, step)

    def _paths(self) -> list[Path]:
        if not Path(self.path).is_dir():
            raise TrainingError(f"{self.path}: there is no such folder of frames")
        paths = image_paths(Path(self.path))[self.first : self.last]
        if len(paths) < 2:
            raise TrainingError(
                f"{self.path}: holds {len(paths)} images from {self.first} to {self.last}, expected pngs or jpegs of a"
                " drive"
            )
        return paths
