"""Motions as long as measurements say: the height of the camera above the road, and a measured speed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from depth_perception.estimators.corners import Grey
from depth_perception.estimators.height_check import HeightCheck, HeightMismatch
from depth_perception.estimators.measured_speed import SpeedComparison
from depth_perception.estimators.odometry import NANOSECONDS, Motion
from depth_perception.estimators.road_height import RoadHeightMeter
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.scale_fusion import ScaleFusion
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import Array, change_frame, inverse

Free = Callable[[], npt.NDArray[np.bool_]]
"""Asked only where a look begins: each answer is as large as the image."""

_LONGEST_STEP = 2.0
"""Heights of the camera that it may go from an image of the road, lest it sees another road: then the next one begins,
measured or not."""
_LONGEST_TIME = 1.0
_LEAST_STEP = 1e-3
"""Metres: at rest the road looks as it did."""
_PATIENCE = 10.0
"""Seconds without having recognised the road,"""
_PAUSE, _PAUSES = 0.8, 4.0
"""after which, or once the scale is known, who is to be sparing pauses: seconds, and times that the look took. The
first is so short that what a look has confirmed still is when the next one begins."""
_AGAINST = -0.5
"""Share of its step that a camera may go against its view: what is near comes into it then, and was not seen before."""


class MeasuredLengths:
    """Measures how many metres a unit of odometry's lengths is.

    Args:
        body_from_camera: `T_body_camera` ``[4, 4]``; for ground_plane in a body whose origin is on the ground.
        sources: ``ground_plane``, ``speed``, or both.
        road_camera: The pinhole of the images that show the road; None without ground_plane.
        careful: Nobody asked for it: the road is looked at sparingly, and believed as `HeightCheck` says.

    Attributes:
        scale: What was measured until the last motion, metres in a unit of odometry's lengths; None if nothing was, or
            it is not believed.
        mismatch: Why what was just measured is not believed.

    Raises: `EstimatorError` for a camera that is not above the ground.
    """

    def __init__(
        self,
        body_from_camera: npt.ArrayLike,
        sources: Collection[str],
        road_camera: Camera | None = None,
        *,
        careful: bool = False,
    ) -> None:
        self._body_from_camera = np.asarray(body_from_camera, np.float64)
        self._speed = SpeedComparison() if "speed" in sources else None
        self._road = None if road_camera is None else _RoadScale(road_camera, self._body_from_camera, careful)
        self._check = HeightCheck(float(self._body_from_camera[2, 3])) if careful else None
        self._fusion = ScaleFusion()
        self._seen: list[ScaleEstimate] = []
        self.scale: ScaleEstimate | None = None
        self.mismatch: HeightMismatch | None = None

    def add_speed(self, stamp: int, speed: float) -> None:
        """A measured speed in m/s at a time in nanoseconds.

        Raises: `EstimatorError` for one that no vehicle has.
        """
        if self._speed is not None:
            self._speed.add_speed(stamp, speed)

    def forget(self) -> None:
        """Lengths are in another unit from the next motion on: what was measured of the one before says nothing."""
        self._speed = None if self._speed is None else SpeedComparison()
        self._fusion = ScaleFusion()
        self._seen = []
        if self._road is not None:
            self._road.forget()

    def see(self, motion: Motion | None, image: Grey, free: Free) -> None:
        """Takes the image at the end of a motion, and what tells where it does not show the own vehicle."""
        if self._road is not None and (found := self._road.measure(motion, image, free, self._fusion)):
            self._seen.append(found)

    def correct(self, motion: Motion) -> Motion:
        """The motion, as long as everything that was measured until its end says; as it is until something was, and if
        it is not believed."""
        measured, self._seen = self._seen, []
        if self._speed is not None:
            self._speed.add_motion(motion)
            if (ratio := self._speed.ratio()) is not None:
                measured.append(ScaleEstimate(ratio, 0.0, "speed"))
        self._fusion.drift(motion.seconds)
        for one in measured:
            self._fusion.add(one, motion.stamp)
        self.scale, self.mismatch = self._fusion.estimate(motion.stamp), None
        if self._check is not None and self.scale is not None:
            self.scale = self._check.believed(self.scale, motion.scale)
            self.mismatch = self._check.mismatch if measured else None
        return motion if self.scale is None else _stretched(motion, self.scale, self._body_from_camera)


class _RoadScale:
    """Scale from the known height of the camera above the road, and the road in the images."""

    def __init__(self, camera: Camera, body_from_camera: Array, sparing: bool) -> None:
        self._height = float(body_from_camera[2, 3])
        if not (np.isfinite(self._height) and self._height > 0):
            raise EstimatorError(
                f"camera height is {self._height:g} m above the base frame, expected a positive number: scale_source"
                " ground_plane needs a base frame on the ground"
            )
        self._body_from_camera = body_from_camera
        self._meter = RoadHeightMeter(camera, -body_from_camera[2, :3])
        self._sparing = sparing
        self._recognised: int | None = None
        self._pause: tuple[int, int] | None = None
        self._pose: Array = np.eye(4)
        self._begun: int | None = None

    def measure(self, motion: Motion | None, image: Grey, free: Free, known: ScaleFusion) -> ScaleEstimate | None:
        if self._pause is not None and (motion is None or self._pause[0] <= motion.stamp < self._pause[1]):
            return None
        if self._pause is not None or motion is None:
            self._begin(image, free)
            return None
        if self._begun is None:
            self._begun = motion.start
        camera = change_frame(motion.transform, inverse(self._body_from_camera))
        camera[:3, 3] /= motion.scale.value
        self._pose = inverse(camera) @ self._pose
        unit = known.value if known.is_known else motion.scale.value
        way, step = (float(np.linalg.norm(pose[:3, 3])) * unit for pose in (self._pose, camera))
        if step < _LEAST_STEP:
            return None
        if self._sparing and camera[2, 3] * unit < _AGAINST * step:
            self._begin(image, free)
            return None
        seconds = (motion.stamp - self._begun) * NANOSECONDS
        road = self._meter.measure(image, self._pose, self._height / unit, known.spread(motion.stamp), way / seconds)
        if road is not None or self._recognised is None:
            self._recognised = motion.stamp
        if road is not None or way + step > _LONGEST_STEP * self._height or seconds > _LONGEST_TIME:
            fruitless = (motion.stamp - self._recognised) * NANOSECONDS > _PATIENCE
            if self._sparing and (fruitless if road is None else known.is_known):
                self._pause = motion.stamp, motion.stamp + round(max(_PAUSE, _PAUSES * seconds) / NANOSECONDS)
            else:
                self._begin(image, free)
        return None if road is None else ScaleEstimate(self._height / road.height, road.sigma, "ground_plane")

    def forget(self) -> None:
        """It is as if it had never recognised the road."""
        self._pause = self._recognised = None

    def _begin(self, image: Grey, free: Free) -> None:
        self._meter.begin(image, free())
        self._pose, self._begun, self._pause = np.eye(4), None, None


def _stretched(motion: Motion, scale: ScaleEstimate, body_from_camera: Array) -> Motion:
    """The motion with another scale in place of its own."""
    factor = scale.value / motion.scale.value
    camera = change_frame(motion.transform, inverse(body_from_camera))
    camera[:3, 3] *= factor
    stretch = np.diag(np.repeat([factor, 1.0], 3))
    transform = change_frame(camera, body_from_camera)
    return replace(motion, transform=transform, noise=stretch @ motion.noise @ stretch, scale=scale)
