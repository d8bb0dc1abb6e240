"""Frames and drives of the datasets that papers report on, as their protocols take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.data.kitti_2015 import Kitti2015Data
from training.data.kitti_odometry import TEST, KittiOdometryData
from training.data.kitti_raw import DepthKind, KittiRawData
from training.data.make3d import Make3DData
from training.data.snippet import SnippetSource
from training.errors import TrainingError
from training.evaluation.frame import Frame
from training.evaluation.odometry import Drive, Poses
from training.evaluation.protocol import KITTI_2015, KITTI_EIGEN, KITTI_IMPROVED, MAKE3D, DepthProtocol

MAKE3D_ROWS = slice(17, 38)
"""Of the scanner's 55: what is left of them by the crop of the image."""


def dataset_frames(
    protocol: DepthProtocol, data: str, split: str | None, improved: str | None, labels: Path | None
) -> Iterator[Frame]:
    """The frames of a protocol's test set, read one at a time; what is missing is found before the first.

    Args:
        protocol: of `training.evaluation.protocol.DEPTH_PROTOCOLS`, with LiDAR's depth along whichever axis.
        data: folder of the dataset.
        split: list of frames, which the KITTI raw protocols need.
        improved: folder of KITTI's annotated depth maps, which `KITTI_IMPROVED` needs.
        labels: folder of ``NAME.png`` with the Cityscapes train ids of each frame, from a segmentation network.

    Raises: `TrainingError` that says what is missing, where it was looked for and where to get it.
    """
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
            None if labels is None else read_labels(labels / f"{snippet.name}.png", snippet.depth.shape),
        )


def make3d_crop(frame: Frame) -> Frame:
    """The middle of a Make3D image, twice as wide as high, and of its laser grid; its camera is not known."""
    height, width = frame.image.shape[:2]
    top = (height - width // 2) // 2
    return Frame(frame.name, frame.image[top : top + width // 2], frame.truth[MAKE3D_ROWS])


def read_labels(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Cityscapes train ids of an image.

    Raises: `TrainingError` if there is no such image, or it is of another shape.
    """
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if labels is None:
        raise TrainingError(f"{path}: there is no such image of labels, or it cannot be read")
    if labels.shape != shape or labels.dtype != np.uint8:
        raise TrainingError(f"{path}: is {labels.dtype} {labels.shape}, expected uint8 {shape}, Cityscapes train ids")
    return np.asarray(labels, np.uint8)


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
