"""Snippets of a real driving video: images alone, seen exactly as the robot will see them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from training.data.snippet import Snippet
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


class VideoSnippets:
    """A snippet for each frame that has moving neighbours. The video is decoded once, to a cache of network views."""

    def __init__(self, data: VideoData, frames: int = 3) -> None:
        folder = decoded(data)
        self._images: npt.NDArray[np.uint8] = np.load(folder / "images.npy", mmap_mode="r")
        self._camera = NetworkView(data.camera, data.width, data.height).camera
        self._frames, self._stride = frames, data.stride
        moving = _moving(self._images, data.stride, data.motion)
        span = data.stride * (frames - 1)
        self._firsts = [
            first
            for first in range(len(self._images) - span)
            if all(moving[first + i * data.stride] for i in range(frames - 1))
        ]
        if not self._firsts:
            raise TrainingError(
                f"{data.path}: none of its frames {data.first} to {data.last} has {frames} moving neighbours"
            )

    def __len__(self) -> int:
        return len(self._firsts)

    def __getitem__(self, index: int) -> Snippet:
        first = self._firsts[index]
        return Snippet([self._images[first + i * self._stride] for i in range(self._frames)], self._camera)


def decoded(data: VideoData) -> Path:
    """The folder with the video's network views, ``images.npy``, complete.

    Raises: `TrainingError` if the video is missing, cannot be decoded, is too short, or is not of the camera's size.
    """
    path = Path(data.path)
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such video")
    status = path.stat()
    what = (FORMAT, asdict(data.camera), data.first, data.last, data.width, data.height, status.st_size, path.name)
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    folder = Path(data.cache) / f"{path.stem}-{key}"
    if folder.is_dir():
        return folder
    view = NetworkView(data.camera, data.width, data.height)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        count = _write(_frames(data), view, temporary / "images.npy")
        if count < 3:
            raise TrainingError(f"{path}: has {count} frames from {data.first} to {data.last}, expected at least 3")
        temporary.chmod(0o755)
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if not folder.is_dir():  # another process may have been faster
            raise
    return folder


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


def _write(frames: Iterator[npt.NDArray[np.uint8]], view: NetworkView, path: Path) -> int:
    """Appends view after view to one ``.npy`` whose header is written last, when their number is known."""
    count = 0
    shape = (view.camera.height, view.camera.width, 3)
    with path.open("wb+") as file:

        def write_header() -> None:
            file.seek(0)
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
            np.lib.format.write_array_header_1_0(file, header)

        count = 10**9  # the header has room to spare for any number that follows
        write_header()
        start = file.tell()
        count = 0
        for frame in frames:
            file.write(view.image(frame).tobytes())
            count += 1
        write_header()
        if file.tell() != start:
            raise TrainingError(f"{path}: the header of {count} frames has another length than reserved")
    return count


def _moving(images: npt.NDArray[np.uint8], stride: int, threshold: float) -> list[bool]:
    """Whether each frame differs from the one `stride` later; compared at a quarter of the size, in signed numbers."""
    small = [cv2.cvtColor(np.ascontiguousarray(image[::4, ::4]), cv2.COLOR_RGB2GRAY) for image in images]
    return [
        float(cv2.absdiff(first, second).mean()) > threshold
        for first, second in zip(small[:-stride], small[stride:], strict=True)
    ]
