"""All that tells where a camera went, as it is set: the pose network, what refines it, what measures lengths."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import Engine
from depth_perception.estimators.blank import check_seen
from depth_perception.estimators.height_check import HeightMismatch
from depth_perception.estimators.measured_lengths import MeasuredLengths
from depth_perception.estimators.odometry import NANOSECONDS, Motion, VisualOdometry
from depth_perception.estimators.refined_odometry import MotionSource, RefinedOdometry
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.model_file import SCALE_SIGMA
from depth_perception.once import Once

_HARDEST_BRAKING = 15.0
"""Metres a second, each second."""


class CameraOdometry:
    """Odometry of one camera; arguments as of `VisualOdometry`.

    Attributes:
        repeats: How many images were left out because they were the one before, to the bit, while the camera moved.

    Raises: `EstimatorError` for a model of another task, and if lengths are to be measured by a road that the camera
        does not look at from above.
    """

    def __init__(
        self,
        engine: Engine,
        camera: Camera,
        body_from_camera: npt.ArrayLike,
        settings: OdometrySettings = OdometrySettings(),
        *,
        made: Once | None = None,
    ) -> None:
        self.repeats = 0
        self._seen: tuple[int, npt.NDArray[np.uint8]] | None = None
        self._last: Motion | None = None
        self._network = VisualOdometry(engine, camera, body_from_camera, settings, made=made)
        self._refined = None
        if settings.motion == "refined":
            self._refined = RefinedOdometry(self._network, camera, body_from_camera, settings)
        self._lengths = self._measured_lengths(body_from_camera, settings)
        self._went_by_depth = False

    @property
    def scale(self) -> ScaleEstimate:
        """What makes metres of lengths, before they are measured; the network's can be set."""
        return self._network.scale if self._refined is None else self._refined.scale

    @scale.setter
    def scale(self, scale: ScaleEstimate) -> None:
        self._network.scale = scale

    @property
    def depth_scale(self) -> ScaleEstimate | None:
        """Metres in one unit of the depth model, as they were measured; None before that, and while lengths are not
        those of depth.
        """
        if self._refined is None or not self._refined.goes_by_depth or self._lengths is None:
            return None
        return None if self._lengths.scale is None else replace(self._lengths.scale, source="odometry")

    @property
    def mismatch(self) -> HeightMismatch | None:
        """Why what the road has just said of lengths is not believed, where nobody asked for it."""
        return None if self._lengths is None else self._lengths.mismatch

    @property
    def source(self) -> MotionSource:
        """What the last motion came from."""
        return "network" if self._refined is None else self._refined.source

    @property
    def restarts(self) -> int:
        """How often it started anew because of a gap or because time went back."""
        return (self._refined or self._network).restarts

    def add_depth(self, stamp: int, depth: npt.NDArray[np.float32], camera: Camera, scale: ScaleEstimate) -> None:
        """Takes the depth of a recent image, as `RefinedOdometry.add_depth`; a pose network alone has no use for it."""
        if self._refined is None:
            return
        if scale.source == "odometry":  # it is taken out again: what follows itself ends nowhere
            depth, scale = depth / np.float32(scale.value), ScaleEstimate(1.0, SCALE_SIGMA, "depth")
        self._refined.add_depth(stamp, depth, camera, scale)

    def add_speed(self, stamp: int, speed: float) -> None:
        """Takes a measured speed, m/s, at a time in nanoseconds, if lengths are measured by it.

        Raises: `EstimatorError` for one that no vehicle has.
        """
        if self._lengths is not None:
            self._lengths.add_speed(stamp, speed)

    def update(self, image: npt.NDArray[np.uint8], stamp: int) -> Motion | None:
        """The motion since the last image, as `VisualOdometry.update`.

        Raises: as that, and `EstimatorError` for an image that shows nothing; it is as if it had not come.
        """
        check_seen(image)
        still_since = self._seen[0] if self._seen is not None and np.array_equal(image, self._seen[1]) else None
        if still_since is not None and self._is_too_fast_to_stop(stamp):
            self.repeats += 1
            return None
        self._seen = stamp, image.copy()  # the caller's may be written to
        self._last = self._measured(image, stamp, still_since)
        return self._last

    def _measured_lengths(self, body_from_camera: npt.ArrayLike, settings: OdometrySettings) -> MeasuredLengths | None:
        """What measures them; where nobody asked for that, the road does, if the camera is above it."""
        if settings.measures:
            road_camera = self._refined.camera if self._refined and "ground_plane" in settings.measures else None
            return MeasuredLengths(body_from_camera, settings.measures, road_camera)
        if not settings.may_measure or self._refined is None:
            return None
        with suppress(EstimatorError, GeometryError):
            return MeasuredLengths(body_from_camera, ("ground_plane",), self._refined.camera, careful=True)
        return None

    def _is_too_fast_to_stop(self, stamp: int) -> bool:
        """Then an image that is the same is an old one that a driver sends again: none ever is, to the bit, but for a
        drawn world at rest, and no vehicle comes to rest at once.
        """
        if self._last is None or stamp <= self._last.stamp:
            return False
        slower = float(np.linalg.norm(self._last.linear_velocity)) / ((stamp - self._last.stamp) * NANOSECONDS)
        return slower > _HARDEST_BRAKING

    def _measured(self, image: npt.NDArray[np.uint8], stamp: int, still_since: int | None) -> Motion | None:
        motion = (self._refined or self._network).update(image, stamp)
        if motion is not None and motion.start == still_since:  # whatever a network says of the same image twice
            motion = replace(motion, transform=np.eye(4))
        if self._lengths is None:
            return motion
        if self._refined is not None:
            changed = self._refined.goes_by_depth != self._went_by_depth
            self._went_by_depth = self._refined.goes_by_depth
            if changed:
                self._lengths.forget()
            self._lengths.see(None if changed else motion, self._refined.seen, self._refined.free)
        return None if motion is None else self._lengths.correct(motion)
