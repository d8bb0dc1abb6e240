"""NYU Depth v2: 1449 labelled images of 464 indoor scenes, and the recordings that they were taken from.

Layout of the labelled part: ``nyu_depth_v2_labeled.mat``, ``splits.mat`` and, for labels, ``classMapping40.mat`` in one
folder. Layout of the recordings: a folder for each scene, with images and depth in 16-bit millimetres on the images'
pixels, as the dataset's toolbox writes them: ``rgb_00000.jpg`` beside ``sync_depth_00000.png``, or files named after
their stamps, ``r-1294886362.665769-*.ppm`` beside ``d-1294886362.793814-*.pgm``.

Source: Silberman et al., ECCV 2012; the 40 classes of Gupta et al., CVPR 2013.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import h5py
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.data.depth_files import MetresFromUnit, PngDepths, check_metres
from training.data.image_files import ImageFiles
from training.data.label_sets import LabelSetName
from training.data.layout import Origin
from training.data.mat_file import read_matrix
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import UNLABELLED, SnippetSource
from training.data.source import Drive, SourceSettings
from training.errors import TrainingError

PAGE = "https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html"
LABELLED = Origin("NYU Depth v2 (nyu_depth_v2_labeled.mat)", PAGE)
RAW = Origin("NYU Depth v2 (raw dataset, by its toolbox)", PAGE)
SPLITS = Origin("NYU Depth v2 (splits.mat)", "http://horatio.cs.nyu.edu/mit/silberman/indoor_seg_sup/splits.mat")
MAPPING = Origin("NYU Depth v2 (classMapping40.mat)", "https://github.com/ankurhanda/nyuv2-meta-data")
LICENCE = "unknown"

CAMERA = Camera(640, 480, 518.85790117, 519.46961112, 325.58244941, 253.73616633)
"""Of the colour images, by the dataset's toolbox; all published work takes them for free of distortion."""
EXPECTED = (0.4, 10.0)
"""Metres that a Kinect measures."""
SYNC = 0.04
"""Seconds between an image and its depth, at most."""
RAW_CLASSES = 894

Split = Literal["train", "test"]


@dataclass(frozen=True)
class NyuData(SourceSettings):
    """Where the labelled part lies, and what of it to learn from or to judge by.

    Attributes:
        path: folder of ``nyu_depth_v2_labeled.mat`` and ``splits.mat``.
        split: 795 images to train on, 654 to judge by; they share no scene.
        truth: what of the truth snippets carry.
        depth: with its holes filled, as the protocols take it, or as the Kinect measured it.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    split: Split = "train"
    truth: tuple[Literal["depth", "labels"], ...] = ("depth",)
    depth: Literal["filled", "measured"] = "filled"
    share: float = 1.0
    name: str = "NYU Depth v2"
    licence: str = LICENCE
    label_set: ClassVar[LabelSetName] = "nyu40"

    def open(self, frames: int = 1, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`; there are only single frames."""
        path = _labelled(self.path)
        kind = "depths" if self.depth == "filled" else "rawDepths"
        classes = _classes(self.path) if "labels" in self.truth else None
        rows = []
        for number, scene in _scenes(path)[self.split]:
            row = FrameRow(
                f"{scene}/{number:04d}",
                _Matrix(path, "images", number, _as_it_is),
                CAMERA,
                _Matrix(path, kind, number, _metres) if "depth" in self.truth else None,
                first=None,
                labels=_Matrix(path, "labels", number, partial(_mapped, classes)) if classes is not None else None,
            )
            rows.append(row)
        return RowSnippets(rows, frames, step=step, origin=f"{path} (single images)")

    def drives(self) -> frozenset[Drive]:
        """The scenes."""
        return frozenset(_drive(scene) for _, scene in _scenes(_labelled(self.path))[self.split])


@dataclass(frozen=True)
class NyuRawData(SourceSettings):
    """Where the recordings lie, and what of them to learn from.

    Attributes:
        path: folder of the scenes' folders.
        labelled: folder of the labelled part, which says whether a scene is to be trained on or judged by.
        split: of the scenes; those of the other one are never taken.
        scenes: of the split; empty takes all that are there.
        every: takes every so-many-th image.
        truth: what of the truth snippets carry.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    labelled: str
    split: Split = "train"
    scenes: tuple[str, ...] = ()
    every: int = 1
    truth: tuple[Literal["depth"], ...] = ("depth",)
    share: float = 1.0
    name: str = "NYU Depth v2"
    licence: str = LICENCE

    def open(self, frames: int = 1, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`."""
        rows = []
        for folder in self._folders():
            pairs = _pairs(folder)
            images = ImageFiles([image for image, _ in pairs], CAMERA)
            depth = PngDepths([path for _, path in pairs], CAMERA, MetresFromUnit(0.001), expected=EXPECTED)
            rows.append(FrameRow(folder.name, images, CAMERA, depth if "depth" in self.truth else None))
        return RowSnippets(rows, frames, step=step * self.every, origin=self.path)

    def drives(self) -> frozenset[Drive]:
        """The scenes."""
        return frozenset(_drive(folder.name) for folder in self._folders())

    def _folders(self) -> list[Path]:
        root = RAW.folder(Path(self.path), "folder")
        allowed = {_drive(scene) for _, scene in _scenes(_labelled(self.labelled))[self.split]}
        for scene in self.scenes:
            RAW.folder(root / scene, "scene")
            if _drive(scene) not in allowed:
                raise TrainingError(f"{root / scene}: is not a scene of split {self.split}: take it out of scenes")
        names = self.scenes or [item.name for item in sorted(root.iterdir()) if item.is_dir()]
        folders = [root / name for name in names if _drive(name) in allowed]
        if not folders:
            raise RAW.missing(root, f"scene of split {self.split}")
        return folders


@dataclass(frozen=True)
class _Matrix:
    """One image of an array in the labelled part, read when it is asked for: the file may be shared by processes."""

    path: Path
    name: str
    number: int
    meaning: Callable[[npt.NDArray, str], Any]

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Any:
        try:
            with h5py.File(self.path) as file:
                values = np.ascontiguousarray(file[self.name][self.number - 1].T)
        except OSError as error:
            raise TrainingError(f"{self.path}: image {self.number} cannot be read ({error}): get it again") from None
        return self.meaning(values, f"{self.path}: {self.name} of image {self.number}")


def _as_it_is(values: npt.NDArray, _: str) -> npt.NDArray:
    return values


def _metres(values: npt.NDArray, origin: str) -> npt.NDArray[np.float32]:
    return check_metres(np.where(values > 0, values, np.nan).astype(np.float32), EXPECTED, origin)


def _mapped(classes: npt.NDArray[np.uint8], values: npt.NDArray, origin: str) -> npt.NDArray[np.uint8]:
    if values.max() >= len(classes):
        raise TrainingError(f"{origin} hold {values.max()}, expected 0 to {len(classes) - 1}: use the published file")
    return classes[values]


def _labelled(folder: str) -> Path:
    return LABELLED.file(Path(folder) / "nyu_depth_v2_labeled.mat", "labelled part")


def _drive(scene: str) -> Drive:
    """A scene that was recorded in parts, ``basement_0001a`` and on, is one, and so the labelled part calls it."""
    return Drive("NYU scenes", re.sub(r"(?<=\d)[a-z]+$", "", scene))


def _scenes(path: Path) -> dict[Split, list[tuple[int, str]]]:
    """Number, from 1, and scene of each image, by split.

    Raises: `TrainingError` if the file is none of the dataset, or does not belong to the splits.
    """
    scenes = _scene_names(path)
    file = SPLITS.file(path.with_name("splits.mat"), "splits")
    found: dict[Split, list[tuple[int, str]]] = {}
    names: tuple[tuple[Split, str], ...] = (("train", "trainNdxs"), ("test", "testNdxs"))
    for split, name in names:
        numbers = read_matrix(file, name).astype(int).ravel().tolist()
        if not numbers or min(numbers) < 1 or max(numbers) > len(scenes):
            raise TrainingError(f"{file}: {name} is not of 1 to {len(scenes)}, the images of {path}: get both again")
        found[split] = [(number, scenes[number - 1]) for number in numbers]
    shared = {_drive(scene) for _, scene in found["train"]} & {_drive(scene) for _, scene in found["test"]}
    if shared:
        raise TrainingError(f"{file}: has scene {min(shared).name} in both splits: get the file again")
    return found


def _scene_names(path: Path) -> list[str]:
    """The scene of each image; checks that the images are there, in the published form."""
    try:
        with h5py.File(path) as file:
            count = file["images"].shape[0]
            for name, shape in (("images", (3, 640, 480)), ("depths", (640, 480)), ("labels", (640, 480))):
                if file[name].shape != (count, *shape):
                    raise TrainingError(
                        f"{path}: {name} is {file[name].shape}, expected {(count, *shape)}: use the published file"
                    )
            return ["".join(map(chr, np.ravel(file[item]))) for item in np.ravel(file["scenes"])]
    except OSError as error:
        raise TrainingError(
            f"{path}: is no MATLAB file of version 7.3, or cut short ({error}): get it again from {LABELLED.url}"
        ) from None
    except KeyError as error:
        raise TrainingError(f"{path}: is not the labelled part ({error}): get it from {LABELLED.url}") from None


def _classes(folder: str) -> npt.NDArray[np.uint8]:
    """Of the 40 classes, the one of each of the file's own, 0 (nothing) first."""
    path = MAPPING.file(Path(folder) / "classMapping40.mat", "table of the 40 classes")
    classes = read_matrix(path, "mapClass").ravel()
    if len(classes) != RAW_CLASSES or classes.min() < 1 or classes.max() > 40:
        raise TrainingError(f"{path}: mapClass is not of {RAW_CLASSES} numbers from 1 to 40: get it again")
    return np.concatenate([[UNLABELLED], classes - 1]).astype(np.uint8)


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Images and their depth, in order of time: by number, or the depth whose stamp is nearest."""
    images: dict[float, Path] = {}
    depths: dict[float, Path] = {}
    numbered: bool | None = None
    for path in sorted(folder.iterdir()):
        number = re.match(r"(rgb|sync_depth)_(\d+)\.(jpg|png|ppm|pgm)$", path.name)
        stamp = re.match(r"([rd])-(\d+\.\d+)-.*\.(jpg|png|ppm|pgm)$", path.name)
        if found := number or stamp:
            numbered = number is not None
            (images if found.group(1) in ("rgb", "r") else depths)[float(found.group(2))] = path
    if not images or not depths:
        what = "depth such as sync_depth_00000.png" if images else "image such as rgb_00000.jpg"
        raise RAW.missing(folder, what)
    times = np.array(sorted(depths))
    pairs = []
    for time, image in sorted(images.items()):
        nearest = float(times[np.argmin(np.abs(times - time))])
        if abs(nearest - time) <= (0.0 if numbered else SYNC):
            pairs.append((image, depths[nearest]))
    if not pairs:
        raise TrainingError(f"{folder}: no depth has the number of an image, or a stamp within {SYNC} s of one")
    return pairs
