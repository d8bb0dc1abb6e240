"""Make3D's 134 test images with the depth of a laser scanner: single images, to judge by.

Layout, as Test134.tar.gz and Test134Depth.tar.gz unpack: ``Test134/img-*.jpg`` and
``Gridlaserdata/depth_sph_corr-*.mat``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.data.image_files import ImageFiles, image_size
from training.data.layout import Origin
from training.data.mat_file import read_matrix
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import SnippetSource
from training.data.source import Drive, SourceSettings
from training.errors import TrainingError

ORIGIN = Origin("Make3D (Test134.tar.gz and Test134Depth.tar.gz)", "http://make3d.cs.cornell.edu/data.html")
WIDTH, HEIGHT = 0.70783777, 0.946584169
"""Of the image plane over the focal length (Make3D's own code): the only calibration there is."""


@dataclass(frozen=True)
class Make3DData(SourceSettings):
    """Where Make3D lies.

    Depth is on the scanner's grid, ``[55, 305]`` over the whole image, not on its pixels: the protocol compares there.

    Attributes:
        path: folder of ``Test134`` and ``Gridlaserdata``.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    share: float = 1.0
    name: str = "Make3D"
    licence: str = "unknown"

    def open(self, frames: int = 1, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`; there are only single frames."""
        images = sorted(ORIGIN.folder(Path(self.path) / "Test134", "images").glob("img-*.jpg"))
        if not images:
            raise ORIGIN.missing(Path(self.path) / "Test134", "image such as img-math7-p-282t0.jpg")
        rows = [self._row(image) for image in images]
        return RowSnippets(rows, frames, step=step, origin=f"{self.path} (single images)")

    def drives(self) -> frozenset[Drive]:
        """None: it was walked."""
        return frozenset()

    def _row(self, image: Path) -> FrameRow:
        width, height = image_size(image)
        camera = Camera(width, height, width / WIDTH, height / HEIGHT, 0.5 * (width - 1), 0.5 * (height - 1))
        name = image.stem.removeprefix("img-")
        path = ORIGIN.file(Path(self.path) / "Gridlaserdata" / f"depth_sph_corr-{name}.mat", "depth of this image")
        return FrameRow(name, ImageFiles([image], camera), camera, _LaserGrid(path), first=None)


@dataclass(frozen=True)
class _LaserGrid:
    path: Path

    def __getitem__(self, index: int) -> npt.NDArray[np.float32]:
        grid = read_matrix(self.path, "Position3DGrid")
        if grid.ndim != 3 or grid.shape[2] != 4:
            raise TrainingError(f"{self.path}: Position3DGrid is {grid.shape}, expected (55, 305, 4): get it again")
        return grid[..., 3].astype(np.float32)
