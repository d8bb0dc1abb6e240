"""Snippets of a real driving video: images alone, seen exactly as the robot will see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from depth_perception.geometry.camera import Camera
from depth_perception.recordings.pictures import early_end, open_video, stamps_of
from training.data.calibration_file import sound
from training.data.recorded import RecordedData, Seen, without_gaps
from training.data.rows import FrameRow
from training.data.snippet import SnippetSource
from training.errors import TrainingError


@dataclass(frozen=True)
class VideoData(RecordedData):
    """A video file and its calibration.

    Attributes:
        path: of a file OpenCV can decode.
        camera: of its frames, with distortion.
        first, last: frames to use, the last not included.
        stride, motion, width, height, share, cache, name, licence, followed: see `training.data.recorded.RecordedData`.
    """

    KIND: ClassVar[str] = "videos"

    camera: Camera

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`. The video is decoded once, to a cache of network views."""
        if not Path(self.path).is_file():
            raise TrainingError(f"{self.path}: there is no such video")
        sound(self.camera, self.path)
        what = [self.first, self.last, Path(self.path).stat().st_size]
        row = self.decoded((item.image for item in self.seen()), self.camera, self.first, what)
        return self.snippets(list(self._with_motion(row)), frames, step)

    def _with_motion(self, row: FrameRow) -> Iterator[FrameRow]:
        """Where it was followed and where not, one after the other."""
        capture = open_video(self.path)
        stamp = stamps_of(capture)
        capture.release()
        images = np.asarray(row.images)  # still on the disk
        stamps = np.array([stamp(self.first + number) for number in range(len(images))], np.int64)
        poses, known = self._followed_at(stamps)
        for part in without_gaps(stamps, known):
            piece = replace(row, images=images[part], first=self.first + part.start)
            yield replace(piece, poses=poses[part]) if known[part.start] else piece

    def seen(self) -> Iterator[Seen]:
        """See `training.data.recorded.RecordedData`."""
        capture = open_video(self.path)
        stamp = stamps_of(capture)
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
                    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
                    yield Seen(stamp(number), self.camera, rgb)
                number += 1
        finally:
            capture.release()
        if (count := max(0, number - self.first)) < 3:
            raise TrainingError(
                f"{self.path}: has {count} frames from {self.first} to {self.last}, expected at least 3"
            )
