"""Cityscapes: snippets of its video, 30 frames around each annotated one, or the annotated images alone.

Layout, as the archives unpack: ``leftImg8bit_sequence/train/aachen/aachen_000000_000019_leftImg8bit.png``,
``camera/train/aachen/aachen_000000_000019_camera.json``, and where truth is wanted ``disparity_sequence``,
``vehicle_sequence`` and ``gtFine``. The annotated images lie in ``leftImg8bit``, ``disparity`` and ``vehicle``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.data.depth_files import MetresFromDisparity, PngDepths
from training.data.image_files import SUFFIXES, ImageFiles, image_size
from training.data.label_files import LabelFiles
from training.data.label_sets import CITYSCAPES, LabelSetName
from training.data.layout import Origin
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import UNLABELLED, SnippetSource
from training.data.source import Drive, SourceSettings
from training.errors import TrainingError

URL = "https://www.cityscapes-dataset.com/downloads/"
CAMERAS = Origin("Cityscapes (camera_trainvaltest.zip)", URL)
FINE = Origin("Cityscapes (gtFine_trainvaltest.zip)", URL)
RATE = 17.0
"""Frames a second."""
TRAIN_IDS = {
    **{7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13, 27: 14},
    **{28: 15, 31: 16, 32: 17, 33: 18},
}
"""Of the ids in ``*_labelIds.png``, 0 to 33; the others are not trained on."""


@dataclass(frozen=True)
class CityscapesData(SourceSettings):
    """Where Cityscapes lies, and what of it to learn from.

    Attributes:
        path: folder of ``leftImg8bit_sequence`` and ``camera``.
        split: ``train`` and ``val`` share no city.
        cities: of the split; empty takes all.
        crop: share of the rows that is cut off at the bottom: the car's own bonnet, as SfMLearner does.
        truth: what of the truth snippets carry: depth from stereo disparity, distances from the car's speed, labels of
            the fine annotations, which few frames of the video have.
        annotated: the annotated images alone, without their video.
        stride: frames between neighbours in a snippet.
        minimum_speed: metres a second, by the car, below which the camera is taken to stand.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    split: str = "train"
    cities: tuple[str, ...] = ()
    crop: float = 0.25
    truth: tuple[Literal["depth", "distances", "labels"], ...] = ()
    annotated: bool = False
    stride: int = 1
    minimum_speed: float = 0.0
    share: float = 1.0
    name: str = "Cityscapes"
    licence: str = "Cityscapes licence (non-commercial)"
    label_set: ClassVar[LabelSetName] = "cityscapes"

    def __post_init__(self) -> None:
        if not 0.0 <= self.crop < 0.5:
            raise TrainingError(f"crop is {self.crop}, expected the share of rows to cut off, less than half of them")

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`."""
        rows: list[FrameRow] = []
        moving: list[npt.NDArray[np.bool_]] = []
        for city in self._cities():
            folder = self._images() / city
            for files in _rows(folder, self._origin("leftImg8bit")):
                rows.append(self._row(city, files))
                if self.minimum_speed > 0:
                    speed = self._speeds(city, files)
                    moving.append(0.5 * (speed[: -self.stride] + speed[self.stride :]) >= self.minimum_speed)
        return RowSnippets(rows, frames, self.stride, step, None, moving or None, self.path)

    def drives(self) -> frozenset[Drive]:
        """The cities: one was driven through in one go."""
        return frozenset(Drive("Cityscapes cities", city) for city in self._cities())

    def _cities(self) -> list[str]:
        folder, origin = self._images(), self._origin("leftImg8bit")
        if self.cities:
            for city in self.cities:
                origin.folder(folder / city, "city")
            return sorted(self.cities)
        cities = sorted(path.name for path in folder.iterdir() if path.is_dir())
        if not cities:
            raise origin.missing(folder, "city")
        return cities

    def _images(self) -> Path:
        return self._folder(self._origin("leftImg8bit"), self._kind("leftImg8bit"))

    def _kind(self, kind: str) -> str:
        return kind if self.annotated else f"{kind}_sequence"

    def _origin(self, kind: str) -> Origin:
        archive = self._kind(kind) + ("" if kind == "vehicle" and not self.annotated else "_trainvaltest")
        return Origin(f"Cityscapes ({archive}.zip)", URL)

    def _folder(self, origin: Origin, kind: str) -> Path:
        return origin.folder(Path(self.path) / kind / self.split, "folder")

    def _row(self, city: str, files: list[Path]) -> FrameRow:
        camera, focal_baseline = self._camera(city, files)
        cut = round(self.crop * camera.height)
        cropped = camera.cropped(0, 0, camera.width, camera.height - cut)
        depth = distances = labels = None
        if "depth" in self.truth:
            origin = self._origin("disparity")
            folder = self._folder(origin, self._kind("disparity")) / city
            paths = _those_of(files, folder, "disparity.png")
            if not any(paths):
                raise origin.missing(_beside(files[0], folder, "disparity.png"), "disparity map")
            depth = PngDepths(paths, cropped, MetresFromDisparity(focal_baseline, offset=1), cut)
        if "distances" in self.truth:
            speed = self._speeds(city, files)
            distances = 0.5 * (speed[1:] + speed[:-1]) / RATE
        if "labels" in self.truth:
            labels = self._labels(city, files, cropped, cut)
        name, first = "_".join(files[0].name.split("_")[:2]), _number(files[0])
        return FrameRow(name, ImageFiles(files, cropped, cut), cropped, depth, None, distances, first, labels)

    def _labels(self, city: str, files: list[Path], camera: Camera, cut: int) -> LabelFiles:
        folder = self._folder(FINE, "gtFine") / city
        ids = _those_of(files, folder, "gtFine_labelIds.png")
        if any(ids):
            return LabelFiles(ids, camera, train_ids, cut)
        paths = _those_of(files, folder, "gtFine_labelTrainIds.png")
        if not any(paths):
            raise FINE.missing(_beside(files[0], folder, "gtFine_labelIds.png"), "annotation")
        return LabelFiles(paths, camera, CITYSCAPES.check, cut)

    def _camera(self, city: str, files: list[Path]) -> tuple[Camera, float]:
        """The camera of the whole image, and its focal length times its stereo baseline."""
        folder = self._folder(CAMERAS, "camera") / city
        paths = [path for path in _those_of(files, folder, "camera.json") if path is not None]
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
        origin = self._origin("vehicle")
        folder = self._folder(origin, self._kind("vehicle")) / city
        paths = [origin.file(_beside(file, folder, "vehicle.json"), "record of the car") for file in files]
        return np.array([float(_read(path).get("speed", np.nan)) for path in paths])


def train_ids(ids: npt.NDArray[np.uint8], origin: object) -> npt.NDArray[np.uint8]:
    """Classes of the ids that Cityscapes annotates with.

    Raises: `TrainingError` for an id that it has not.
    """
    if ids.max(initial=0) > 33:
        raise TrainingError(
            f"{origin}: holds the id {ids.max()}, expected 0 to 33 of Cityscapes: use the published *_labelIds.png, or"
            " name train ids *_labelTrainIds.png"
        )
    table = np.full(256, UNLABELLED, np.uint8)
    table[list(TRAIN_IDS)] = list(TRAIN_IDS.values())
    return table[ids]


def _rows(folder: Path, origin: Origin) -> Iterator[list[Path]]:
    """The images of a city, without gaps; their names are city, sequence, frame and kind."""
    row: list[Path] = []
    for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES):
        if row and (path.name.split("_")[1] != row[-1].name.split("_")[1] or _number(path) != _number(row[-1]) + 1):
            yield row
            row = []
        row.append(path)
    if not row:
        raise origin.missing(folder, "image such as aachen_000000_000019_leftImg8bit.png")
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


def _those_of(images: list[Path], folder: Path, ending: str) -> list[Path | None]:
    """The files of the same frames in another part; None for those that have none."""
    paths = [_beside(image, folder, ending) for image in images]
    return [path if path.is_file() else None for path in paths]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read ({error}): get it again") from None
