"""Snippets of the KITTI odometry benchmark: long sequences with true poses.

Layout: ``sequences/00/calib.txt``, ``times.txt``, ``image_2``, ``velodyne`` (for depth), and ``poses/00.txt``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import inverse
from training.data.datasets.kitti import (
    LICENCE,
    ODOMETRY_DRIVES,
    Calibration,
    camera_from_first,
    kitti_drive,
    matrix,
    pinhole,
    read_calibration,
)
from training.data.image_files import ImageFiles, image_paths, image_size
from training.data.layout import Origin, numbers_in
from training.data.lidar import LidarDepths
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import SnippetSource, Truth
from training.data.source import Drive, SourceSettings
from training.errors import TrainingError

ORIGIN = Origin("the KITTI odometry benchmark", "https://www.cvlibs.net/datasets/kitti/eval_odometry.php")
TRAINING = ("00", "01", "02", "03", "04", "05", "06", "07", "08")
TEST = ("09", "10")


@dataclass(frozen=True)
class KittiOdometryData(SourceSettings):
    """Where the benchmark lies, and what of it to learn from.

    Attributes:
        path: folder of ``sequences`` and ``poses``.
        sequences: `TRAINING` and `TEST` are those of SfMLearner and all after it.
        camera: ``image_2`` or ``image_3``; ``image_0`` and ``image_1`` are grey.
        truth: what of the truth snippets carry.
        stride: frames between neighbours in a snippet.
        minimum_speed: metres a second, by the true poses, below which the camera is taken to stand.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    sequences: tuple[str, ...] = TRAINING
    camera: str = "image_2"
    truth: tuple[Truth, ...] = ()
    stride: int = 1
    minimum_speed: float = 0.0
    share: float = 1.0
    name: str = "KITTI odometry"
    licence: str = LICENCE

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`."""
        ORIGIN.folder(Path(self.path), "folder")
        rows = [self._row(sequence) for sequence in self.sequences]
        moving = None
        if self.minimum_speed > 0:
            moving = [self._moving(sequence) for sequence in self.sequences]
        return RowSnippets(rows, frames, self.stride, step, None, moving, self.path)

    def drives(self) -> frozenset[Drive]:
        """The raw drives that the sequences were cut from; 11 to 21 have no known ones."""
        return frozenset(
            kitti_drive(ODOMETRY_DRIVES.get(sequence, f"odometry sequence {sequence}")) for sequence in self.sequences
        )

    def _row(self, sequence: str) -> FrameRow:
        folder = self._folder(sequence)
        files = image_paths(ORIGIN.folder(folder / self.camera, "images"))
        if not files:
            raise ORIGIN.missing(folder / self.camera, "image such as 000000.png")
        path = ORIGIN.file(folder / "calib.txt", "calibration")
        calibration = read_calibration(path)
        projection = matrix(calibration, f"P{self.camera.removeprefix('image_')}", (3, 4), path)
        camera = pinhole(projection, image_size(files[0]))
        poses = distances = None
        if "poses" in self.truth or "distances" in self.truth:
            poses = self._poses(sequence, projection)
            if len(poses) != len(files):
                raise TrainingError(
                    f"{self._pose_file(sequence)}: has {len(poses)} poses, {folder / self.camera} has {len(files)}"
                    " images: expected as many, get both again"
                )
            distances = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
        return FrameRow(
            name=f"{sequence}/{self.camera}",
            images=ImageFiles(files, camera),
            camera=camera,
            depth=self._depths(folder, files, calibration, projection) if "depth" in self.truth else None,
            poses=poses if "poses" in self.truth else None,
            distances=distances if "distances" in self.truth else None,
            first=int(files[0].stem),
        )

    def _depths(
        self, folder: Path, files: list[Path], calibration: Calibration, projection: npt.NDArray[np.float64]
    ) -> LidarDepths:
        scans = ORIGIN.folder(folder / "velodyne", "Velodyne scans")
        lidar = np.eye(4)
        lidar[:3] = matrix(calibration, "Tr", (3, 4), folder / "calib.txt")
        paths = [path if path.is_file() else None for path in (scans / f"{file.stem}.bin" for file in files)]
        return LidarDepths(paths, projection @ lidar, *image_size(files[0]))

    def _poses(self, sequence: str, projection: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """`T_world_camera` of this camera: the file has those of camera 0, which sits beside it."""
        path = ORIGIN.file(self._pose_file(sequence), "poses (sequences 00 to 10 have some)")
        poses = np.tile(np.eye(4), (len(lines := numbers_in(path, 12, "a pose")), 1, 1))
        poses[:, :3] = np.array(lines).reshape(-1, 3, 4)
        return poses @ inverse(camera_from_first(projection))

    def _moving(self, sequence: str) -> npt.NDArray[np.bool_]:
        poses = self._poses(sequence, np.eye(3, 4))
        times = np.array(numbers_in(ORIGIN.file(self._folder(sequence) / "times.txt", "times"), 1, "a time"))[:, 0]
        if len(times) != len(poses):
            raise TrainingError(
                f"{self._folder(sequence) / 'times.txt'}: has {len(times)} times for {len(poses)} poses: get it again"
            )
        step = np.linalg.norm(poses[self.stride :, :3, 3] - poses[: -self.stride, :3, 3], axis=1)
        return step >= self.minimum_speed * (times[self.stride :] - times[: -self.stride])

    def _folder(self, sequence: str) -> Path:
        return ORIGIN.folder(Path(self.path) / "sequences" / sequence, "sequence")

    def _pose_file(self, sequence: str) -> Path:
        return Path(self.path) / "poses" / f"{sequence}.txt"
