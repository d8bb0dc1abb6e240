"""Snippets of a real driving video: images alone, seen exactly as the robot will see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from training.data.moving import moving
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import Drive, SnippetSource
from training.data.view_cache import GrowingArray, stored
from training.errors import TrainingError

FORMAT = 1
"""Of the cache; counts up when what is written changes."""


@dataclass(frozen=True)
class VideoData:
    """A video file and its calibration.

    Attributes:
        path: of a file OpenCV can decode.
        camera: of its frames, with distortion.
        first, last: frames to use, the last not included.
        stride: frames between neighbours in a snippet.
        motion: mean grey levels by which neighbours must differ; a standing camera teaches nothing.
        share: of an epoch's samples, relative to other sources.
        name, licence: how models that learned from it name it.
    """

    path: str
    camera: Camera
    first: int = 0
    last: int | None = None
    stride: int = 1
    motion: float = 1.0
    width: int = 1248
    height: int = 384
    share: float = 1.0
    cache: str = "cache/video"
    name: str = ""
    licence: str = "unknown"

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.snippet.SourceSettings`."""
        return VideoSnippets(self, frames, step)

    def drives(self) -> frozenset[Drive]:
        """The file."""
        return frozenset({Drive("videos", str(Path(self.path).resolve()))})


class VideoSnippets(RowSnippets):
    """A snippet for each frame that has moving neighbours. The video is decoded once, to a cache of network views."""

    def __init__(self, data: VideoData, frames: int = 3, step: int = 1) -> None:
        images: npt.NDArray[np.uint8] = np.load(decoded(data) / "images.npy", mmap_mode="r")
        camera = NetworkView(data.camera, data.width, data.height).camera
        row = FrameRow(Path(data.path).name, images, camera, first=data.first)
        moves = [moving(images, data.stride, data.motion)]
        super().__init__([row], frames, data.stride, step, None, moves, f"{data.path}, from frame {data.first}")


def decoded(data: VideoData) -> Path:
    """The folder with the video's network views, ``images.npy``, complete.

    Raises: `TrainingError` if the video is missing, cannot be decoded, is too short, or is not of the camera's size.
    """
    path = Path(data.path)
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such video")
    status = path.stat()
    what = (FORMAT, asdict(data.camera), data.first, data.last, data.width, data.height, status.st_size, path.name)
    view = NetworkView(data.camera, data.width, data.height)

    def fill(folder: Path) -> None:
        count = write_views(_frames(data), view, folder / "images.npy")
        if count < 3:
            raise TrainingError(f"{path}: has {count} frames from {data.first} to {data.last}, expected at least 3")

    return stored(data.cache, path.stem, what, fill)


def write_views(frames: Iterator[npt.NDArray[np.uint8]], view: NetworkView, path: Path) -> int:
    """The network's view of every frame in one ``.npy``; their number."""
    with GrowingArray(path, (view.camera.height, view.camera.width, 3), np.uint8) as images:
        for frame in frames:
            images.append(view.image(frame))
    return images.count


def _frames(data: VideoData) -> Iterator[npt.NDArray[np.uint8]]:
    capture = cv2.VideoCapture(data.path)
    try:
        if not capture.isOpened():
            raise TrainingError(f"{data.path}: OpenCV cannot decode it: convert it, for instance to H.264 in mp4")
        number = 0
        while data.last is None or number < data.last:
            good, image = capture.read()
            if not good:
                return
            if number >= data.first:
                if image.shape[:2] != (data.camera.height, data.camera.width):
                    raise TrainingError(
                        f"{data.path}: its frames are {image.shape[1]}x{image.shape[0]}, its camera is"
                        f" {data.camera.width}x{data.camera.height}: calibrate at the video's resolution"
                    )
                yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
            number += 1
    finally:
        capture.release()
