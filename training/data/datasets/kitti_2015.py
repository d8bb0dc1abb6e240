"""KITTI 2015's 200 training images with depth from its true disparity: single images, to judge by or to learn from.

Layout: ``training/image_2/000000_10.png``, ``training/disp_occ_0`` and ``training/calib_cam_to_cam``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.data.datasets.kitti import LICENCE, kitti_drive, matrix, pinhole, read_calibration
from training.data.depth_files import MetresFromDisparity, PngDepths
from training.data.image_files import ImageFiles
from training.data.layout import Origin
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import SnippetSource
from training.data.source import Drive, SourceSettings, frames_from

ORIGIN = Origin(
    "KITTI 2015 (data_scene_flow.zip and data_scene_flow_calib.zip)",
    "https://www.cvlibs.net/datasets/kitti/eval_scene_flow.php?benchmark=stereo",
)


@dataclass(frozen=True)
class Kitti2015Data(SourceSettings):
    """Where KITTI 2015 lies.

    Attributes:
        path: folder of ``training``.
        truth: what of the truth snippets carry: sparse depth, focal length times baseline over disparity.
        disparity: ``disp_occ_0`` has all known pixels, ``disp_noc_0`` only those that both cameras see.
        first, last: images to use, the last not included.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    truth: tuple[Literal["depth"], ...] = ("depth",)
    disparity: Literal["disp_occ_0", "disp_noc_0"] = "disp_occ_0"
    first: int = 0
    last: int | None = None
    share: float = 1.0
    name: str = "KITTI 2015"
    licence: str = LICENCE

    def open(self, frames: int = 1, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`; there are only single frames."""
        rows = [self._row(image) for image in self._images()]
        return RowSnippets(rows, frames, step=step, origin=f"{self.path} (single images)")

    def drives(self) -> frozenset[Drive]:
        """The images, and the raw drives that they were taken from, if the development kit's list of them is there."""
        images = self._images()
        drives = frozenset(Drive("KITTI 2015 images", image.stem) for image in images)
        mapping = Path(self.path) / "devkit" / "mapping" / "train_mapping.txt"
        if not mapping.is_file():
            return drives
        lines = [line.split() for line in mapping.read_text().splitlines()]
        numbers = [int(image.stem.removesuffix("_10")) for image in images]
        taken = (lines[number] for number in numbers if number < len(lines))
        return drives | {kitti_drive(line[1]) for line in taken if len(line) == 3}

    @property
    def title(self) -> str:
        """With the frames."""
        return f"{self.name}, {frames_from(self.first, self.last)}"

    def _images(self) -> list[Path]:
        folder = ORIGIN.folder(Path(self.path) / "training" / "image_2", "folder")
        images = sorted(folder.glob("*_10.png"))[self.first : self.last]
        if not images:
            raise ORIGIN.missing(folder, "image such as 000000_10.png")
        return images

    def _row(self, image: Path) -> FrameRow:
        training = Path(self.path) / "training"
        number = image.stem.removesuffix("_10")
        path = ORIGIN.file(training / "calib_cam_to_cam" / f"{number}.txt", "calibration")
        calibration = read_calibration(path)
        left, right = (matrix(calibration, f"P_rect_0{k}", (3, 4), path) for k in (2, 3))
        width, height = matrix(calibration, "S_rect_02", (2,), path).astype(int).tolist()
        camera = pinhole(left, (width, height))
        if "depth" not in self.truth:
            return FrameRow(image.stem, ImageFiles([image], camera), camera, first=None)
        # Baseline and focal length from the calibration of each image: they are not the same for all of them.
        metres = MetresFromDisparity(float(left[0, 3] - right[0, 3]))
        disparity = ORIGIN.file(training / self.disparity / image.name, "disparity map")
        depth = PngDepths([disparity], camera, metres)
        return FrameRow(image.stem, ImageFiles([image], camera), camera, depth, first=None)
