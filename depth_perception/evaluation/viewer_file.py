"""What a camera saw and what was made of it, as a file for Rerun's viewer: a look without ROS.

Convention:
    ``world`` is the vehicle's frame at the first image (x forward, y left, z up), metres where depth knows them. The
    timeline ``time`` is that of the images' stamps.
"""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.depth import DepthResult
from depth_perception.estimators.odometry import Motion
from depth_perception.estimators.settings import CloudSettings
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.predictions import STEP, depth_png
from depth_perception.files import OutputError, new_file
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.point_cloud import PointCloudBuilder, range_limits
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, Array, inverse
from depth_perception.recordings.recording import RecordedImage, Recording

VEHICLE = "world/vehicle"
OPTICAL = f"{VEHICLE}/camera"
VIEW = f"{OPTICAL}/view"
IMAGE, DEPTH, TRUTH, POINTS = f"{VIEW}/image", f"{VIEW}/depth", "true_depth", f"{OPTICAL}/points"
WAY, TRUE_WAY = "world/odometry", "world/true_odometry"
THINNED = 4
"""One pixel in so many across and down becomes a point."""
FARTHEST = CloudSettings().maximum_range


@contextmanager
def viewer_file(path: Path, recording: Recording, *, every: int = 1, moved: bool = True) -> Iterator[ViewerFile]:
    """What is added within the block is in the file at its end, which is complete or as it was before.

    Args:
        every: Each so many-th image is shown.
        moved: By odometry; else the vehicle moves as it truly did, where that is known.

    Raises: `EvaluationError` if rerun-sdk is not installed, `OutputError` if the file cannot be written.
    """
    try:
        import rerun
    except ImportError:
        raise EvaluationError("rerun-sdk is not installed, which writes this file: pip install rerun-sdk") from None
    stream = rerun.RecordingStream("depth-perception", recording_id=recording.path.name)
    with new_file(path) as temporary:
        stream.save(temporary, default_blueprint=_blueprint(has_truth=recording.topics.depth is not None))
        file = ViewerFile(rerun, stream, recording, frozenset(recording.stamps[::every]), moved)
        try:
            yield file
            file.finish()
        finally:
            stream.disconnect()
        _require_whole(path, temporary)


def _require_whole(path: Path, written: Path) -> None:
    """Looks for what a file ends with: where it cannot be written any more, Rerun says nothing.

    Raises: `OutputError` if the end is missing of what was `written` to become `path`.
    """
    from rerun.chunk import RrdReader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns as well
        try:
            RrdReader(str(written)).store()
        except RuntimeError:
            raise OutputError(path, OSError(errno.ENOSPC, "the file has no end, as where a disk is full")) from None


class ViewerFile:
    """For `viewer_file` alone.

    Attributes:
        images: How many were added.
    """

    def __init__(self, rerun: Any, stream: Any, recording: Recording, shown: frozenset[int], moved: bool) -> None:
        self.images = 0
        self._rerun, self._stream, self._recording = rerun, stream, recording
        self._shown, self._moved = shown, moved
        self._camera: Camera | None = None
        self._way: list[Array] = []
        self._stamps: list[int] = []
        mount = recording.body_from_camera
        stream.log("world", rerun.ViewCoordinates.FLU, static=True)
        stream.log(OPTICAL, self._transform(BODY_FROM_OPTICAL if mount is None else mount), static=True)
        self._truth = _poses_since(recording)

    def add(self, image: RecordedImage, result: DepthResult, motion: Motion | None, trajectory: Trajectory) -> None:
        """One more image, its depth, and where the vehicle was."""
        if image.stamp not in self._shown:
            return
        rerun, stream = self._rerun, self._stream
        stream.set_time("time", timestamp=np.datetime64(image.stamp, "ns"))
        if result.camera != self._camera:
            self._camera = result.camera
            size = [result.camera.width, result.camera.height]
            pinhole = rerun.Pinhole(image_from_camera=result.camera.matrix, resolution=size, image_plane_distance=2.0)
            stream.log(VIEW, pinhole)
        pose = trajectory.pose if self._moved else self._truth.get(image.stamp)
        if pose is not None:
            stream.log(VEHICLE, self._transform(pose))
            self._way.append(pose)
        picture = cv2.imencode(".jpg", cv2.cvtColor(result.image, cv2.COLOR_RGB2BGR))[1].tobytes()
        stream.log(IMAGE, rerun.EncodedImage(contents=picture, media_type="image/jpeg"))
        stream.log(DEPTH, self._depth_image(result.depth))
        points, colors = _cloud(result)
        stream.log(POINTS, rerun.Points3D(points, colors=colors, radii=0.03))
        with suppress(DepthPerceptionError):  # who judges depth says so
            if (truth := self._recording.depth(image.stamp)) is not None:
                stream.log(TRUTH, self._depth_image(truth.depth))
        self._stamps.append(image.stamp)
        self.images += 1

    def finish(self) -> None:
        """The ways, which hold for all times."""
        known = [self._truth[stamp] for stamp in self._stamps if stamp in self._truth]
        for entity, poses, color in ((WAY, self._way, (60, 160, 255)), (TRUE_WAY, known, (90, 220, 90))):
            if len(poses) > 1:
                places = np.array([pose[:3, 3] for pose in poses])
                strip = self._rerun.LineStrips3D([places], colors=[color], radii=0.05)
                self._stream.log(entity, strip, static=True)

    def _transform(self, pose: Array) -> Any:
        return self._rerun.Transform3D(translation=pose[:3, 3], mat3x3=pose[:3, :3])

    def _depth_image(self, depth: npt.NDArray[np.float32]) -> Any:
        what = {"media_type": "image/png", "meter": 1.0 / STEP, "colormap": "turbo", "depth_range": [0.0, 40.0 / STEP]}
        return self._rerun.EncodedDepthImage(depth_png(depth), **what)


def _cloud(result: DepthResult) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Points ``[n, 3]`` in the optical frame, and their colours."""
    builder = PointCloudBuilder(result.camera, range_limits(result.camera, 0.0, FARTHEST))
    points = builder.build(result.depth, result.image)[::THINNED, ::THINNED, :3].reshape(-1, 3)
    colors = result.image[::THINNED, ::THINNED].reshape(-1, 3)
    there = np.isfinite(points).all(axis=1)
    return points[there], colors[there]


def _poses_since(recording: Recording) -> dict[int, Array]:
    """The true poses at the images' stamps, in the body's frame at the first one that has any."""
    if recording.odometry is None:
        return {}
    poses, known = recording.odometry.at(np.array(recording.stamps, np.int64))
    at = {stamp: pose for stamp, pose, is_known in zip(recording.stamps, poses, known, strict=True) if is_known}
    if not at:
        return {}
    from_first = inverse(at[min(at)])
    return {stamp: from_first @ pose for stamp, pose in at.items()}


def _blueprint(*, has_truth: bool) -> Any:
    """How the viewer is laid out at first. Depth is shown in space by the points, which have the picture's colours."""
    from rerun import blueprint

    world = blueprint.Spatial3DView(
        origin="world",
        contents=["+ $origin/**", f"- {DEPTH}"],
        name="cloud",
        eye_controls=blueprint.EyeControls3D(position=(-12.0, 0.0, 7.0), look_target=(12.0, 0.0, 0.0)),
    )
    views = [
        blueprint.Spatial2DView(origin=VIEW, contents=[IMAGE], name="picture"),
        blueprint.Spatial2DView(origin=VIEW, contents=[DEPTH], name="depth"),
    ]
    if has_truth:
        views.append(blueprint.Spatial2DView(origin=TRUTH, name="true depth"))
    layout = blueprint.Horizontal(world, blueprint.Vertical(*views), column_shares=[3, 2])
    return blueprint.Blueprint(layout, blueprint.TimePanel(timeline="time"), collapse_panels=True)
