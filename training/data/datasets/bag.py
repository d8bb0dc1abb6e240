"""Snippets of any rosbag2: what a robot has recorded, with the truth that it has, seen as the robot will see it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.pixel_formats import PixelFormatError
from depth_perception.recordings.recording import Recording
from training.checked_arrays import GrowingArray, open_checked
from training.data.recorded import FORMAT, RecordedData, Seen, of_lengths, without_gaps
from training.data.rows import FrameRow
from training.data.snippet import SnippetSource, Truth
from training.errors import TrainingError
from training.stored import filled, hashed


@dataclass(frozen=True)
class BagData(RecordedData):
    """A recording of one camera; see `depth_perception.recordings.recording` for the topics that are taken by default.

    Attributes:
        path: rosbag2 folder, or one bare ``.mcap`` or ``.db3`` file.
        image_topic, camera_info_topic, depth_topic, odometry_topic: null chooses.
        rectified_input: whether the images are rectified already, so that camera_info's P describes them; auto goes by
            the name of their topic, ``image_rect``.
        truth: what of the truth snippets carry; it must be in the recording.
        first, last: images to use, the last not included.
        followed: counts in place of true poses; driven distances say how long its steps are, where they are learnt
            from.
        stride, motion, width, height, share, cache, name, licence: see `training.data.recorded.RecordedData`.
    """

    image_topic: str | None = None
    camera_info_topic: str | None = None
    depth_topic: str | None = None
    odometry_topic: str | None = None
    rectified_input: Literal["auto", "always", "never"] = "auto"
    truth: tuple[Truth, ...] = ()

    def seen(self) -> Iterator[Seen]:
        """See `training.data.recorded.RecordedData`."""
        with self._recording() as recording:
            for item in islice(recording.images(), self.first, self.last):
                try:
                    yield Seen(item.stamp, item.camera, item.decode())
                except PixelFormatError:
                    continue

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`. The recording is decoded once, to a cache of network views."""
        with self._recording() as recording:
            self._check_truth(recording)
            odometry, mount = recording.odometry, recording.body_from_camera
            cameras = recording.cameras
            what: list[Any] = [FORMAT, self.width, self.height, asdict(recording.topics), recording.stamps[0]]
            what += [len(recording.stamps), [camera.as_json() for camera in cameras], "depth" in self.truth]
            what += [] if (self.first, self.last) == (0, None) else [self.first, self.last]
            views = {camera: NetworkView(camera, self.width, self.height) for camera in cameras}
            folder = Path(self.cache) / hashed(Path(self.path).name, what)
            filled(folder, lambda empty: self._fill(recording, views, empty))
            for remark in recording.remarks:
                warnings.warn(f"{self.path}: {remark}", stacklevel=2)
        images: npt.NDArray[np.uint8] = open_checked(folder / "images.npy")
        stamps: npt.NDArray[np.int64] = np.load(folder / "stamps.npy")
        numbers: npt.NDArray[np.int64] = np.load(folder / "cameras.npy")
        depth = open_checked(folder / "depth.npy") if "depth" in self.truth else None
        followed, is_followed = self._followed_at(stamps)
        driven, is_driven = followed, np.zeros_like(is_followed)
        if {"poses", "distances"} & set(self.truth) and odometry is not None and mount is not None:
            bodies, is_driven = odometry.at(stamps)
            driven = bodies @ mount
        rows = []
        for part in without_gaps(stamps, is_followed, is_driven, numbers):
            camera = views[cameras[numbers[part.start]]].camera
            row = FrameRow(Path(self.path).name, images[part], camera, first=self.first + part.start)
            if depth is not None:
                row = replace(row, depth=depth[part])
            if is_driven[part.start] and "distances" in self.truth:
                row = replace(row, distances=np.linalg.norm(np.diff(driven[part, :3, 3], axis=0), axis=1))
            if is_driven[part.start] and "poses" in self.truth:
                row = replace(row, poses=driven[part])
            if is_followed[part.start]:
                poses = followed[part]
                row = replace(row, poses=poses if row.distances is None else of_lengths(poses, row.distances))
            rows.append(row)
        return self.snippets(rows, frames, step)

    def _recording(self) -> Recording:
        return Recording.open(
            self.path,
            image_topic=self.image_topic,
            camera_info_topic=self.camera_info_topic,
            depth_topic=self.depth_topic,
            odometry_topic=self.odometry_topic,
            rectified_input=self.rectified_input,
        )

    def _check_truth(self, recording: Recording) -> None:
        if "depth" in self.truth and recording.topics.depth is None:
            raise TrainingError(f"{self.path}: has no true depth: take depth out of truth, or name its depth_topic")
        if {"poses", "distances"} & set(self.truth):
            if recording.odometry is None:
                raise TrainingError(
                    f"{self.path}: has no true odometry: take poses and distances out of truth, or name its"
                    " odometry_topic"
                )
            if recording.body_from_camera is None:
                raise TrainingError(
                    f"{self.path}: its static transforms do not connect {recording.body_frame} and"
                    f" {recording.camera_frame}: record /tf_static, or take poses and distances out of truth"
                )

    def _fill(self, recording: Recording, views: Mapping[Camera, NetworkView], folder: Path) -> None:
        shape = (self.height, self.width)
        places = {camera: number for number, camera in enumerate(views)}
        depth_views: dict[Camera, NetworkView] = {}
        stamps: list[int] = []
        cameras: list[int] = []
        damaged: list[str] = []
        with (
            GrowingArray(folder / "images.npy", (*shape, 3), np.uint8) as images,
            GrowingArray(folder / "depth.npy", shape, np.float16) as depths,
        ):
            for image in islice(recording.images(), self.first, self.last):
                try:
                    images.append(views[image.camera].image(image.decode()))
                except PixelFormatError as error:
                    damaged.append(f"image at {image.stamp} ns: {error}")
                    continue
                stamps.append(image.stamp)
                cameras.append(places[image.camera])
                if "depth" not in self.truth:
                    continue
                depth: npt.NDArray[np.float16] = np.full(shape, np.nan, np.float16)
                try:
                    truth = recording.depth(image.stamp)
                except DepthPerceptionError as error:
                    damaged.append(f"depth at {image.stamp} ns: {error}")
                    truth = None
                if truth is not None:
                    if truth.camera not in depth_views:
                        depth_views[truth.camera] = NetworkView(truth.camera, self.width, self.height)
                    depth = depth_views[truth.camera].depth(truth.depth).astype(np.float16)
                depths.append(depth)
        np.save(folder / "stamps.npy", np.array(stamps, np.int64))
        np.save(folder / "cameras.npy", np.array(cameras, np.int64))
        if damaged:
            warnings.warn(f"{self.path}: {len(damaged)} were left out, the first: {damaged[0]}", stacklevel=2)
