"""Snippets of any folder of frames: images alone, seen exactly as the robot will see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from training.data.calibration_file import camera_of
from training.data.image_files import image_paths, read_image
from training.data.moving import moving
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import Drive, SnippetSource
from training.data.video import write_views
from training.data.view_cache import stored
from training.errors import TrainingError

FORMAT = 1
"""Of the cache; counts up when what is written changes."""


@dataclass(frozen=True)
class FolderData:
    """A folder of pngs or jpegs of one drive and their calibration, of which one of two forms is given.

    Attributes:
        path: of the folder; the images' order is that of the numbers in their names.
        camera: of the images, with distortion.
        calibration: the same as a file that ROS's camera_calibration wrote.
        first, last: images to use, the last not included.
        stride: frames between neighbours in a snippet.
        motion: mean grey levels by which neighbours must differ; a standing camera teaches nothing.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    camera: Camera | None = None
    calibration: str | None = None
    first: int = 0
    last: int | None = None
    stride: int = 1
    motion: float = 1.0
    width: int = 1248
    height: int = 384
    share: float = 1.0
    cache: str = "cache/folder"
    name: str = ""
    licence: str = "unknown"

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.snippet.SourceSettings`. The images are decoded once, to a cache of network views."""
        paths = self._paths()
        camera = camera_of(paths, self.camera, self.calibration, self.path)
        view = NetworkView(camera, self.width, self.height)
        what = [FORMAT, asdict(view.source), self.width, self.height]
        what += [(path.name, path.stat().st_size) for path in paths]

        def fill(folder: Path) -> None:
            write_views(_images(paths), view, folder / "images.npy")

        folder = stored(self.cache, Path(self.path).name, what, fill)
        images: npt.NDArray[np.uint8] = np.load(folder / "images.npy", mmap_mode="r")
        row = FrameRow(Path(self.path).name, images, view.camera, first=self.first)
        return RowSnippets(
            [row], frames, self.stride, step, None, [moving(images, self.stride, self.motion)], self.path
        )

    def drives(self) -> frozenset[Drive]:
        """The folder."""
        return frozenset({Drive("folders", str(Path(self.path).resolve()))})

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


def _images(paths: list[Path]) -> Iterator[npt.NDArray[np.uint8]]:
    for path in paths:
        yield read_image(path)
