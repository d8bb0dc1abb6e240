"""KITTI 2015's 200 training images with depth from its true disparity: single images, to judge by.

Layout: ``training/image_2/000000_10.png``, ``training/disp_occ_0`` and ``training/calib_cam_to_cam``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.data.depth_files import MetresFromDisparity, PngDepths
from training.data.image_files import ImageFiles
from training.data.kitti import LICENCE, kitti_drive, matrix, pinhole, read_calibration
from training.data.layout import Origin
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import Drive, SnippetSource

ORIGIN = Origin(
    "KITTI 2015 (data_scene_flow.zip and data_scene_flow_calib.zip)",
    "https://www.cvlibs.net/datasets/kitti/eval_scene_flow.php?benchmark=stereo",
)


@dataclass(frozen=True)
class Kitti2015Data:
    """Where KITTI 2015 lies.

    Attributes:
        path: folder of ``training``.
        disparity: ``disp_occ_0`` has all known pixels, ``disp_noc_0`` only those that both cameras see.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    disparity: Literal["disp_occ_0", "disp_noc_0"] = "disp_occ_0"
    share: float = 1.0
    name: str = "KITTI 2015"
    licence: str = LICENCE

    def open(self, frames: int = 1, step: int = 1) -> SnippetSource:
        """See `training.data.snippet.SourceSettings`; there are only single frames."""
        training = ORIGIN.folder(Path(self.path) / "training", "folder")
        images = sorted(ORIGIN.folder(training / "image_2", "images").glob("*_10.png"))
        if not images:
            raise ORIGIN.missing(training / "image_2", "image such as 000000_10.png")
        rows = [self._row(training, image) for image in images]
        return RowSnippets(rows, frames, step=step, origin=f"{self.path} (single images)")

    def drives(self) -> frozenset[Drive]:
        """The raw drives that the images were taken from, if the development kit's list of them is there."""
        mapping = Path(self.path) / "devkit" / "mapping" / "train_mapping.txt"
        if not mapping.is_file():
            return frozenset()
        words = (line.split() for line in mapping.read_text().splitlines())
        return frozenset(kitti_drive(line[1]) for line in words if len(line) == 3)

    def _row(self, training: Path, image: Path) -> FrameRow:
        number = image.stem.removesuffix("_10")
        path = ORIGIN.file(training / "calib_cam_to_cam" / f"{number}.txt", "calibration")
        calibration = read_calibration(path)
        left, right = (matrix(calibration, f"P_rect_0{k}", (3, 4), path) for k in (2, 3))
        width, height = matrix(calibration, "S_rect_02", (2,), path).astype(int).tolist()
        camera = pinhole(left, (width, height))
        # Baseline and focal length from the calibration of each image: they are not the same for all of them.
        metres = MetresFromDisparity(float(left[0, 3] - right[0, 3]))
        disparity = ORIGIN.file(training / self.disparity / image.name, "disparity map")
        depth = PngDepths([disparity], camera, metres)
        return FrameRow(image.stem, ImageFiles([image], camera), camera, depth, first=None)
