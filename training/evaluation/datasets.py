"""Frames and drives of the datasets that papers report on, as their protocols take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from training.data.datasets.kitti_2015 import Kitti2015Data
from training.data.datasets.kitti_odometry import TEST, KittiOdometryData
from training.data.datasets.kitti_raw import DepthKind, KittiRawData
from training.data.datasets.make3d import Make3DData
from training.data.datasets.nyu import NyuData
from training.data.label_files import read_labels
from training.data.label_sets import CITYSCAPES
from training.data.snippet import SnippetSource
from training.errors import TrainingError
from training.evaluation.frame import Frame
from training.evaluation.odometry import Drive, Poses
from training.evaluation.protocol import (
    KITTI_2015,
    KITTI_EIGEN,
    KITTI_IMPROVED,
    MAKE3D,
    NYU_BTS,
    NYU_HARSANYI,
    NYU_SC_DEPTH,
    DepthProtocol,
)

MAKE3D_ROWS = slice(17, 38)
"""Of the scanner's 55: what is left of them by the crop of the image."""
HARSANYI_CROP = (slice(7, 473), slice(29, 611))
NYU_PROTOCOLS = (NYU_HARSANYI.name, NYU_BTS.name, NYU_SC_DEPTH.name)


def dataset_frames(
    protocol: DepthProtocol, data: str, split: str | None, improved: str | None, labels: Path | None
) -> Iterator[Frame]:
    """The frames of a protocol's test set, read one at a time; what is missing is found before the first.

    Args:
        protocol: of `training.evaluation.protocol.DEPTH_PROTOCOLS`, with LiDAR's depth along whichever axis.
        data: folder of the dataset.
        split: list of frames, which the KITTI raw protocols need.
        improved: folder of KITTI's annotated depth maps, which `KITTI_IMPROVED` needs.
        labels: folder of ``NAME.png`` with the Cityscapes train ids of each frame, from a segmentation network. NYU has
            labels of its own, which are taken where ``classMapping40.mat`` lies beside them.

    Raises: `TrainingError` that says what is missing, where it was looked for and where to get it.
    """
    if protocol.name in NYU_PROTOCOLS:
        if labels is not None:
            raise TrainingError(f"--labels are Cityscapes' classes: {protocol.name} takes those of the dataset")
        return nyu_frames(protocol, data)
    raw = KittiRawData(data, split=split, truth=("depth",))
    if protocol.name in (KITTI_EIGEN.name, KITTI_IMPROVED.name) and split is None:
        raise TrainingError(f"{protocol.name} is judged on a list of frames: give --split, Eigen's test_files.txt")
    if protocol.name == KITTI_EIGEN.name:
        depth: DepthKind = "lidar_forward" if protocol.depth_axis == "lidar" else "optical_axis"
        source: SnippetSource = replace(raw, depth=depth).open(1)
    elif protocol.name == KITTI_IMPROVED.name:
        source = replace(raw, depth="improved", improved=improved).open(1)
    elif protocol.name == KITTI_2015.name:
        source = Kitti2015Data(data).open(1)
    elif protocol.name == MAKE3D.name:
        return (make3d_crop(frame) for frame in snippet_frames(Make3DData(data).open(1), None))
    else:
        raise TrainingError(f"protocol '{protocol.name}' has no dataset")
    return snippet_frames(source, labels)


def snippet_frames(source: SnippetSource, labels: Path | None) -> Iterator[Frame]:
    """The middle frame of each snippet."""
    for index in range(len(source)):
        snippet = source[index]
        if snippet.depth is None:
            raise TrainingError(f"{snippet.name}: has no true depth")
        yield Frame(
            snippet.name,
            snippet.images[len(snippet.images) // 2],
            np.asarray(snippet.depth, np.float32),
            snippet.camera,
            snippet.labels if labels is None else _labels(labels / f"{snippet.name}.png", snippet.depth.shape),
        )


def nyu_frames(protocol: DepthProtocol, data: str) -> Iterator[Frame]:
    """The 654 test images, as one of `NYU_PROTOCOLS` takes them."""
    truth: tuple[Literal["depth", "labels"], ...] = ("depth",)
    if (Path(data) / "classMapping40.mat").is_file():
        truth = ("depth", "labels")
    for frame in snippet_frames(NyuData(data, "test", truth).open(1), None):
        frame = replace(frame, label_set="nyu40")
        yield harsanyi_crop(frame) if protocol.name == NYU_HARSANYI.name else frame


def harsanyi_crop(frame: Frame) -> Frame:
    """What of an image of NYU their network sees, and the truth of it: 320x256 of 352x264, and 582x466 of 640x480."""
    assert frame.camera is not None  # NYU's is known
    image = np.asarray(cv2.resize(frame.image, (352, 264), interpolation=cv2.INTER_NEAREST), np.uint8)
    labels = None if frame.labels is None else frame.labels[HARSANYI_CROP]
    camera = frame.camera.resized(352, 264).cropped(16, 4, 320, 256)
    return Frame(frame.name, image[4:260, 16:336], frame.truth[HARSANYI_CROP], camera, labels, frame.label_set)


def make3d_crop(frame: Frame) -> Frame:
    """The middle of a Make3D image, twice as wide as high, and of its laser grid; its camera is not known."""
    height, width = frame.image.shape[:2]
    top = (height - width // 2) // 2
    return Frame(frame.name, frame.image[top : top + width // 2], frame.truth[MAKE3D_ROWS])


def _labels(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such image of labels")
    return CITYSCAPES.check(read_labels(path, shape), path)


def odometry_drives(data: str, sequences: Sequence[str] = TEST) -> dict[str, Drive]:
    """Sequences of the KITTI odometry benchmark; their images are read when they are asked for."""
    drives = {}
    for sequence in sequences:
        source = KittiOdometryData(data, sequences=(sequence,), truth=("poses",)).open(1)
        drives[f"sequence {sequence}"] = Drive(source[0].camera, _Frames(source))
    return drives


@dataclass(frozen=True)
class _Frames:
    source: SnippetSource

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.uint8], Poses]]:
        for index in range(len(self.source)):
            snippet = self.source[index]
            assert snippet.poses is not None  # asked for above
            yield snippet.images[0], snippet.poses[0]
