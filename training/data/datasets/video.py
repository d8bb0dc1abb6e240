"""Snippets of a real driving video: images alone, seen exactly as the robot will see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.recordings.pictures import early_end
from training.data.calibration_file import sound
from training.data.recorded import RecordedData
from training.data.snippet import SnippetSource
from training.errors import TrainingError


@dataclass(frozen=True)
class VideoData(RecordedData):
    """A video file and its calibration.

    Attributes:
        path: of a file OpenCV can decode.
        camera: of its frames, with distortion.
        first, last: frames to use, the last not included.
        stride, motion, width, height, share, cache, name, licence: see `training.data.recorded.RecordedData`.
    """

    KIND: ClassVar[str] = "videos"

    camera: Camera

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`. The video is decoded once, to a cache of network views."""
        if not Path(self.path).is_file():
            raise TrainingError(f"{self.path}: there is no such video")
        sound(self.camera, self.path)
        what = [self.first, self.last, Path(self.path).stat().st_size]
        return self.snippets([self.decoded(self._images(), self.camera, self.first, what)], frames, step)

    def _images(self) -> Iterator[npt.NDArray[np.uint8]]:
        capture = cv2.VideoCapture(self.path)
        try:
            if not capture.isOpened():
                raise TrainingError(f"{self.path}: OpenCV cannot decode it: convert it, for instance to H.264 in mp4")
            number = 0
            while self.last is None or number < self.last:
                good, image = capture.read()
                if not good:
                    if reason := early_end(capture, number):
                        part = f", or use what is there with last: {number}" if number else ""
                        raise TrainingError(f"{self.path}: {reason}{part}")
                    break
                if number >= self.first:
                    if image.shape[:2] != (self.camera.height, self.camera.width):
                        raise TrainingError(
                            f"{self.path}: its frames are {image.shape[1]}x{image.shape[0]}, its camera is"
                            f" {self.camera.width}x{self.camera.height}: calibrate at the video's resolution"
                        )
                    yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
                number += 1
        finally:
            capture.release()
        if (count := max(0, number - self.first)) < 3:
            raise TrainingError(
                f"{self.path}: has {count} frames from {self.first} to {self.last}, expected at least 3"
            )
