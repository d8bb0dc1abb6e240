"""Snippets of Cityscapes' video: 30 frames around each annotated one.

Layout, as the archives unpack: ``leftImg8bit_sequence/train/aachen/aachen_000000_000019_leftImg8bit.png``,
``camera/train/aachen/aachen_000000_000019_camera.json``, and where truth is wanted ``disparity_sequence`` and
``vehicle_sequence``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.data.depth_files import MetresFromDisparity, PngDepths
from training.data.image_files import SUFFIXES, ImageFiles, image_size
from training.data.layout import Origin
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import Drive, SnippetSource
from training.errors import TrainingError

URL = "https://www.cityscapes-dataset.com/downloads/"
IMAGES = Origin("Cityscapes (leftImg8bit_sequence_trainvaltest.zip)", URL)
CAMERAS = Origin("Cityscapes (camera_trainvaltest.zip)", URL)
DISPARITY = Origin("Cityscapes (disparity_sequence_trainvaltest.zip)", URL)
VEHICLE = Origin("Cityscapes (vehicle_sequence.zip)", URL)
RATE = 17.0
"""Frames a second."""


@dataclass(frozen=True)
class CityscapesData:
    """Where Cityscapes lies, and what of it to learn from.

    Attributes:
        path: folder of ``leftImg8bit_sequence`` and ``camera``.
        split: ``train`` and ``val`` share no city.
        cities: of the split; empty takes all.
        crop: share of the rows that is cut off at the bottom: the car's own bonnet, as SfMLearner does.
        truth: what of the truth snippets carry: depth from stereo disparity, distances from the car's speed.
        stride: frames between neighbours in a snippet.
        minimum_speed: metres a second, by the car, below which the camera is taken to stand.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    split: str = "train"
    cities: tuple[str, ...] = ()
    crop: float = 0.25
    truth: tuple[Literal["depth", "distances"], ...] = ()
    stride: int = 1
    minimum_speed: float = 0.0
    share: float = 1.0
    name: str = "Cityscapes"
    licence: str = "Cityscapes licence (non-commercial)"

    def __post_init__(self) -> None:
        if not 0.0 <= self.crop < 0.5:
            raise TrainingError(f"crop is {self.crop}, expected the share of rows to cut off, less than half of them")

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.snippet.SourceSettings`."""
        rows: list[FrameRow] = []
        moving: list[npt.NDArray[np.bool_]] = []
        for city in self._cities():
            folder = self._folder(IMAGES, "leftImg8bit_sequence") / city
            for files in _rows(folder):
                rows.append(self._row(city, files))
                if self.minimum_speed > 0:
                    speed = self._speeds(city, files)
                    moving.append(0.5 * (speed[: -self.stride] + speed[self.stride :]) >= self.minimum_speed)
        return RowSnippets(rows, frames, self.stride, step, None, moving or None, self.path)

    def drives(self) -> frozenset[Drive]:
        """The cities: one was driven through in one go."""
        return frozenset(Drive("Cityscapes cities", city) for city in self._cities())

    def _cities(self) -> list[str]:
        folder = self._folder(IMAGES, "leftImg8bit_sequence")
        if self.cities:
            for city in self.cities:
                IMAGES.folder(folder / city, "city")
            return sorted(self.cities)
        cities = sorted(path.name for path in folder.iterdir() if path.is_dir())
        if not cities:
            raise IMAGES.missing(folder, "city")
        return cities

    def _folder(self, origin: Origin, kind: str) -> Path:
        return origin.folder(Path(self.path) / kind / self.split, "folder")

    def _row(self, city: str, files: list[Path]) -> FrameRow:
        camera, focal_baseline = self._camera(city, files)
        cut = round(self.crop * camera.height)
        cropped = camera.cropped(0, 0, camera.width, camera.height - cut)
        depth = distances = None
        if "depth" in self.truth:
            folder = self._folder(DISPARITY, "disparity_sequence") / city
            maps = [_beside(path, folder, "disparity.png") for path in files]
            paths = [path if path.is_file() else None for path in maps]
            if not any(paths):
                raise DISPARITY.missing(maps[0], "disparity map")
            depth = PngDepths(paths, cropped, MetresFromDisparity(focal_baseline, offset=1), cut)
        if "distances" in self.truth:
            speed = self._speeds(city, files)
            distances = 0.5 * (speed[1:] + speed[:-1]) / RATE
        name = "_".join(files[0].name.split("_")[:2])
        return FrameRow(name, ImageFiles(files, cropped, cut), cropped, depth, None, distances, _number(files[0]))

    def _camera(self, city: str, files: list[Path]) -> tuple[Camera, float]:
        """The camera of the whole image, and its focal length times its stereo baseline."""
        folder = self._folder(CAMERAS, "camera") / city
        paths = [path for path in (_beside(file, folder, "camera.json") for file in files) if path.is_file()]
        if not paths:
            raise CAMERAS.missing(folder / f"{files[0].name.rsplit('_', 2)[0]}_*_camera.json", "calibration")
        values = _read(paths[0])
        try:
            inner = {name: float(values["intrinsic"][name]) for name in ("fx", "fy", "u0", "v0")}
            baseline = float(values["extrinsic"]["baseline"])
        except (KeyError, TypeError, ValueError) as error:
            raise TrainingError(f"{paths[0]}: is no calibration of Cityscapes ({error!r}): get it again") from None
        camera = Camera(*image_size(files[0]), inner["fx"], inner["fy"], inner["u0"], inner["v0"])
        return camera, inner["fx"] * baseline

    def _speeds(self, city: str, files: list[Path]) -> npt.NDArray[np.float64]:
        folder = self._folder(VEHICLE, "vehicle_sequence") / city
        paths = [VEHICLE.file(_beside(file, folder, "vehicle.json"), "record of the car") for file in files]
        return np.array([float(_read(path).get("speed", np.nan)) for path in paths])


def _rows(folder: Path) -> Iterator[list[Path]]:
    """The images of a city, without gaps; their names are city, sequence, frame and kind."""
    row: list[Path] = []
    for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES):
        if row and (path.name.split("_")[1] != row[-1].name.split("_")[1] or _number(path) != _number(row[-1]) + 1):
            yield row
            row = []
        row.append(path)
    if not row:
        raise IMAGES.missing(folder, "image such as aachen_000000_000019_leftImg8bit.png")
    yield row


def _number(path: Path) -> int:
    try:
        return int(path.name.split("_")[2])
    except (IndexError, ValueError):
        raise TrainingError(
            f"{path}: its name is not of the form aachen_000000_000019_leftImg8bit.png: move it elsewhere"
        ) from None


def _beside(image: Path, folder: Path, ending: str) -> Path:
    """The file of the same frame in another part of the dataset."""
    return folder / f"{image.name.rsplit('_', 1)[0]}_{ending}"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read ({error}): get it again") from None
