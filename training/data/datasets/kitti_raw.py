"""Snippets of KITTI raw: the drives, the lists of frames that papers train and test on, and depth from LiDAR.

Layout, as the archives unpack: ``2011_09_26/calib_cam_to_cam.txt``, ``calib_velo_to_cam.txt``, and under
``2011_09_26/2011_09_26_drive_0001_sync/`` the folders ``image_02/data``, ``velodyne_points/data`` and ``oxts/data``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import inverse
from training.data.datasets.kitti import (
    EIGEN_TEST_DRIVES,
    LICENCE,
    camera_from_first,
    kitti_drive,
    matrix,
    pinhole,
    read_calibration,
    rigid,
)
from training.data.datasets.kitti_split import SplitFrame, read_split
from training.data.datasets.oxts import imu_poses, read_records, read_times, speeds
from training.data.depth_files import MetresFromUnit, PngDepths
from training.data.image_files import SUFFIXES, ImageFiles
from training.data.layout import Origin
from training.data.lidar import LidarDepths
from training.data.rows import Depths, FrameRow, RowSnippets
from training.data.snippet import SnippetSource, Truth
from training.data.source import Drive, SourceSettings
from training.errors import TrainingError

ORIGIN = Origin("KITTI raw (synced+rectified data)", "https://www.cvlibs.net/datasets/kitti/raw_data.php")
IMPROVED = Origin(
    "KITTI's annotated depth maps",
    "https://www.cvlibs.net/datasets/kitti/eval_depth.php?benchmark=depth_prediction",
)
IMPROVED_METRES = MetresFromUnit(1 / 256)
DRIVE = re.compile(r"\d{4}_\d\d_\d\d_drive_\d{4}_sync")

DepthKind = Literal["optical_axis", "lidar_forward", "improved"]


@dataclass(frozen=True)
class KittiRawData(SourceSettings):
    """Where KITTI raw lies, and what of it to learn from.

    Attributes:
        path: folder of the dates.
        split: list of frames (see `training.data.datasets.kitti_split`); null takes whole drives.
        takes: whole drives, such as ``2011_09_26_drive_0001``; empty takes all that are there but Eigen's test drives.
        cameras: of whole drives; a list of frames names its own.
        truth: what of the truth snippets carry.
        depth: of which kind: from single scans, the distance along the optical axis or LiDAR's x, as most published
            figures have it; or the improved truth of many scans and both cameras.
        improved: folder of KITTI's annotated depth maps, with ``train`` and ``val``.
        stride: frames between neighbours in a snippet.
        minimum_speed: metres a second, by GPS, below which the camera is taken to stand; Zhou's lists know only moving
            frames.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    split: str | None = None
    takes: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ("image_02",)
    truth: tuple[Truth, ...] = ()
    depth: DepthKind = "optical_axis"
    improved: str | None = None
    stride: int = 1
    minimum_speed: float = 0.0
    share: float = 1.0
    name: str = "KITTI raw"
    licence: str = LICENCE

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`."""
        rows: list[FrameRow] = []
        moving: list[npt.NDArray[np.bool_]] = []
        places: dict[tuple[str, str, int], tuple[int, int]] = {}
        lines = None if self.split is None else read_split(Path(self.split))
        for drive, camera in sorted(self._wanted(lines)):
            for files in _without_gaps(_image_files(self._folder(drive) / camera / "data")):
                for k, number in enumerate(files):
                    places[drive, camera, number] = (len(rows), k)
                rows.append(self._row(drive, camera, files))
                if self.minimum_speed > 0:
                    moving.append(self._moving(drive, files))
        targets = None if lines is None else self._targets(lines, places, rows)
        origin = self.path if self.split is None else self.split
        return RowSnippets(rows, frames, self.stride, step, targets, moving or None, origin)

    def drives(self) -> frozenset[Drive]:
        """The raw drives."""
        lines = None if self.split is None else read_split(Path(self.split))
        return frozenset(kitti_drive(drive) for drive, _ in self._wanted(lines))

    def _wanted(self, lines: Sequence[SplitFrame] | None) -> set[tuple[str, str]]:
        """Drives and cameras."""
        if lines is not None:
            return {(line.drive, line.camera) for line in lines}
        root = ORIGIN.folder(Path(self.path), "folder")
        drives = [f"{name.removesuffix('_sync')}_sync" for name in self.takes]
        if not drives:
            there = (path.name for path in root.glob("*/*_sync") if DRIVE.fullmatch(path.name))
            drives = [name for name in there if name.removesuffix("_sync") not in EIGEN_TEST_DRIVES]
        if not drives:
            raise ORIGIN.missing(root, "drive such as 2011_09_26/2011_09_26_drive_0001_sync")
        return {(drive, camera) for drive in drives for camera in self.cameras}

    def _folder(self, drive: str) -> Path:
        ORIGIN.folder(Path(self.path), "folder")
        return ORIGIN.folder(Path(self.path) / drive[:10] / drive, "drive")

    def _row(self, drive: str, camera: str, files: dict[int, Path]) -> FrameRow:
        folder = self._folder(drive)
        view = _view(folder.parent, camera)
        poses = distances = None
        if "poses" in self.truth:
            path = ORIGIN.file(folder.parent / "calib_imu_to_velo.txt", "calibration of the IMU")
            camera_from_imu = view.camera_from_lidar @ rigid(read_calibration(path), path)
            poses = imu_poses(read_records(folder, list(files), ORIGIN)) @ inverse(camera_from_imu)
        if "distances" in self.truth:
            times = read_times(folder, camera, ORIGIN)
            if len(times) <= max(files):
                raise TrainingError(
                    f"{folder / camera / 'timestamps.txt'}: has {len(times)} times, there is an image {max(files)}:"
                    " get it again"
                )
            speed = speeds(read_records(folder, list(files), ORIGIN))
            distances = 0.5 * (speed[1:] + speed[:-1]) * np.diff(times[list(files)])
        return FrameRow(
            name=f"{drive}/{camera}",
            images=ImageFiles(list(files.values()), view.camera),
            camera=view.camera,
            depth=self._depths(folder, camera, files, view) if "depth" in self.truth else None,
            poses=poses,
            distances=distances,
            first=min(files),
        )

    def _depths(self, folder: Path, camera: str, files: dict[int, Path], view: _View) -> Depths:
        if self.depth == "improved":
            if self.improved is None:
                raise TrainingError(f"depth is improved, but no folder is given: {IMPROVED.name} are at {IMPROVED.url}")
            root = IMPROVED.folder(Path(self.improved), "folder")
            parts = [root / part / folder.name / "proj_depth/groundtruth" / camera for part in ("train", "val")]
            maps = _numbered(next((part for part in parts if part.is_dir()), parts[0]), (".png",))
            return PngDepths([maps.get(number) for number in files], view.camera, IMPROVED_METRES)
        scans = _numbered(folder / "velodyne_points" / "data", (".bin",))
        if not scans:
            raise ORIGIN.missing(folder / "velodyne_points" / "data", "Velodyne scan")
        paths = [scans.get(number) for number in files]
        size = (view.camera.width, view.camera.height)
        return LidarDepths(paths, view.image_from_lidar, *size, forward=self.depth == "lidar_forward")

    def _moving(self, drive: str, files: dict[int, Path]) -> npt.NDArray[np.bool_]:
        speed = speeds(read_records(self._folder(drive), list(files), ORIGIN))
        return 0.5 * (speed[: -self.stride] + speed[self.stride :]) >= self.minimum_speed

    def _targets(
        self,
        lines: Sequence[SplitFrame],
        places: dict[tuple[str, str, int], tuple[int, int]],
        rows: Sequence[FrameRow],
    ) -> list[tuple[int, int]]:
        targets, absent = [], []
        for line in lines:
            place = places.get((line.drive, line.camera, line.frame))
            folder = Path(self.path) / line.date / line.drive
            if place is None:
                absent.append((line.line, folder / line.camera / "data" / f"{line.frame:010d}.png", ORIGIN))
                continue
            depths = rows[place[0]].depth
            if isinstance(depths, LidarDepths | PngDepths) and depths.paths[place[1]] is None:
                origin = IMPROVED if self.depth == "improved" else ORIGIN
                absent.append((line.line, Path(f"true depth of {line.drive}/{line.camera} {line.frame}"), origin))
            targets.append(place)
        if absent:
            number, path, origin = absent[0]
            raise TrainingError(
                f"{self.split}: names {len(absent)} frames that are absent, the first in line {number}: {path}:"
                f" get {origin.name} from {origin.url}, or take these lines out"
            )
        return targets


class _View(NamedTuple):
    """A camera and where it sits."""

    camera: Camera
    image_from_lidar: npt.NDArray[np.float64]
    camera_from_lidar: npt.NDArray[np.float64]


def _view(date: Path, camera: str) -> _View:
    """From the calibration of one day: size, focal length and principal point differ from day to day."""
    path = ORIGIN.file(date / "calib_cam_to_cam.txt", "calibration")
    calibration = read_calibration(path)
    number = camera.removeprefix("image_")
    projection = matrix(calibration, f"P_rect_{number}", (3, 4), path)
    width, height = matrix(calibration, f"S_rect_{number}", (2,), path).astype(int).tolist()
    rectified = np.eye(4)
    rectified[:3, :3] = matrix(calibration, "R_rect_00", (3, 3), path)
    lidar_path = ORIGIN.file(date / "calib_velo_to_cam.txt", "calibration of the LiDAR")
    first_from_lidar = rectified @ rigid(read_calibration(lidar_path), lidar_path)
    return _View(
        pinhole(projection, (width, height)),
        projection @ first_from_lidar,
        camera_from_first(projection) @ first_from_lidar,
    )


def _image_files(folder: Path) -> dict[int, Path]:
    files = _numbered(ORIGIN.folder(folder, "images"), SUFFIXES)
    if not files:
        raise ORIGIN.missing(folder, "image such as 0000000000.png")
    return files


def _numbered(folder: Path, suffixes: tuple[str, ...]) -> dict[int, Path]:
    """Files whose names are numbers, in order; none where there is no such folder."""
    if not folder.is_dir():
        return {}
    found = {int(path.stem): path for path in folder.iterdir() if path.suffix in suffixes and path.stem.isdigit()}
    return dict(sorted(found.items()))


def _without_gaps(files: dict[int, Path]) -> Iterator[dict[int, Path]]:
    row: dict[int, Path] = {}
    for number, path in files.items():
        if row and number != next(reversed(row)) + 1:
            yield row
            row = {}
        row[number] = path
    yield row
