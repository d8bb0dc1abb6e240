"""Images to motion."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import Engine
from depth_perception.estimators.scale import ScaleEstimate, known_scale
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.view import EstimatorError, NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.canonical import motion_from_canonical, motion_from_centred
from depth_perception.geometry.pose import Array, change_frame, vector_from_rotation
from depth_perception.model_file import ModelDescription, MotionNoise
from depth_perception.once import Once

NANOSECONDS = 1e-9
UNKNOWN_VARIANCE = 1e6
"""Square metres where the scale is unknown: filters such as robot_localization take it for "do not use"."""

_JITTER_GAIN = 0.2


@dataclass(frozen=True)
class Motion:
    """How the body moved between two images.

    Convention:
        Body axes (REP-103). Covariance in the order x, y, z, rotation about x, y, z, in the body axes at `start`.

    Attributes:
        transform: `T_start_stamp`, ``[4, 4]``: the pose of the body at `stamp` in the body at `start`.
        start, stamp: Nanoseconds.
        noise: ``[6, 6]``, square metres and square radians: covariance of the error that each motion has of its own.
        scale: What the translation of the camera was multiplied with; its error is common to all motions.
    """

    transform: Array
    start: int
    stamp: int
    noise: Array
    scale: ScaleEstimate

    @property
    def covariance(self) -> Array:
        """``[6, 6]`` of `transform`, noise and scale together; positive definite."""
        covariance = self.noise.copy()
        covariance[:3, :3] += scale_covariance(self.scale_error(self.transform[:3, 3]))
        return covariance

    def scale_error(self, step: Array) -> Array:
        """What one sigma of the scale moves the end of a `step`, ``[3]``, metres; infinite if the scale is unknown."""
        return self.scale.sigma * step if self.scale.known else np.full(3, np.inf)

    @property
    def seconds(self) -> float:
        """The time step."""
        return (self.stamp - self.start) * NANOSECONDS

    @property
    def linear_velocity(self) -> Array:
        """Mean over the step, ``[3]``, m/s, in body axes at `stamp` (a twist in the child frame)."""
        return self.transform[:3, :3].T @ self.transform[:3, 3] / self.seconds

    @property
    def angular_velocity(self) -> Array:
        """Mean over the step, ``[3]``, rad/s, in body axes (the same at both ends)."""
        return vector_from_rotation(self.transform[:3, :3]) / self.seconds

    @property
    def velocity_covariance(self) -> Array:
        """``[6, 6]`` of linear and angular velocity in body axes at `stamp`."""
        turn = np.kron(np.eye(2), self.transform[:3, :3].T)
        return turn @ self.covariance @ turn.T / self.seconds**2


def camera_motions(answers: Array, model: ModelDescription, camera: Camera) -> Array:
    """What a pose model answers of the images of a view's `camera`, ``[..., 4, 4]``, as motions of that camera."""
    motions = motion_from_canonical(answers, camera.fx, model.focal_length)
    if not model.centred:
        return motions
    middle = np.array([model.width - 1, model.height - 1]) / 2
    return motion_from_centred(motions, (np.array([camera.cx, camera.cy]) - middle) / camera.fx)


def scale_covariance(error: Array) -> Array:
    """The covariance ``[3, 3]`` of a position whose one-sigma `Motion.scale_error` is `error`."""
    if not np.all(np.isfinite(error)):
        return UNKNOWN_VARIANCE * np.eye(3)
    return np.outer(error, error).astype(np.float64)


class LateImages:
    """Tells images that come late, out of order, from time that has gone back by little."""

    _MOST = 2
    """In a row. If more come, the image before them was ahead of its time."""

    def __init__(self) -> None:
        self._row = 0

    def is_one(self, older: bool) -> bool:
        """Whether an image is to be left out, which is or is not a little older than the newest."""
        self._row = self._row + 1 if older else 0
        return 0 < self._row <= self._MOST


class VisualOdometry:
    """Runs a pose model on a stream of images of one camera.

    Args:
        body_from_camera: `T_body_camera` ``[4, 4]`` of the optical frame, without default: it is never the identity.
        made: As `NetworkView` has it.

    Attributes:
        scale: Metres per unit of the model's translation; set it when a better estimate is at hand, as with
            scale_source depth.
        restarts: How often it started anew because of a gap or because time went back.

    Raises: `EstimatorError` for a model of another task.
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
        model = engine.model
        if model.task != "pose":
            raise EstimatorError(f"'{model.name}' is a {model.task} model, expected a pose model")
        self.view = NetworkView(camera, model.width, model.height, made)
        self.scale = known_scale(settings, model)
        self.restarts = 0
        self._engine = engine
        self._body_from_camera = np.asarray(body_from_camera, np.float64)
        self._maximum_gap = settings.maximum_gap
        self._expected = model.motion_noise or MotionNoise()
        self._images = np.zeros((len(model.frames), model.height, model.width, 3), np.uint8)
        self._stamps: deque[int] = deque(maxlen=len(model.frames))
        self._late = LateImages()
        self._moved_until: int | None = None
        self._velocity: Array | None = None
        self._jitter = np.zeros(6)

    def reset(self) -> None:
        """Forgets all images: the next one is the first again."""
        self._stamps.clear()
        self._moved_until = None
        self._velocity = None
        self._jitter = np.zeros(6)

    def update(self, image: npt.NDArray[np.uint8], stamp: int) -> Motion | None:
        """The motion since the last image, with an image of the camera and its stamp in nanoseconds.

        None if there is none to tell: for the first images (as many as the model takes, less one), after a gap, after
        time went back, for a stamp that comes twice, and for an image that comes late, which is left out: the motions
        since have told of its time already. A model of three frames or more answers its first motion for
        the whole of its first window, so that motions always join.

        Raises: `EstimatorError` if the image is not of the camera or the model answers no motion, `EngineError` if the
        backend fails.
        """
        view = self.view.image(image)
        if self._stamps:
            pause = (stamp - self._stamps[-1]) * NANOSECONDS
            if pause == 0 or self._late.is_one(-self._maximum_gap < pause < 0):
                return None
            if pause < 0 or pause > self._maximum_gap:
                self.reset()
                self.restarts += 1
        self._images[:-1] = self._images[1:]
        self._images[-1] = view
        self._stamps.append(stamp)
        if len(self._stamps) < len(self._images):
            return None

        steps = self._engine.run({"images": self._images})["motion"].astype(np.float64)
        if not np.all(np.isfinite(steps)):
            self.reset()
            raise EstimatorError(f"'{self._engine.model.name}' answered a motion that is not finite")
        steps = camera_motions(steps, self._engine.model, self.view.camera)
        if self._moved_until is None:
            start, moved = self._stamps[0], reduce(np.matmul, steps)
        else:
            start, moved = self._moved_until, steps[-1]
        self._moved_until = stamp
        moved[:3, 3] *= self.scale.value
        motion = change_frame(moved, self._body_from_camera)
        return Motion(motion, start, stamp, self._noise(motion, (stamp - start) * NANOSECONDS), self.scale)

    def _noise(self, motion: Array, seconds: float) -> Array:
        """What the model is good for, and the jitter it has just shown."""
        translation, rotation = motion[:3, 3], vector_from_rotation(motion[:3, :3])
        velocity = np.concatenate([translation, rotation]) / seconds
        if self._velocity is not None:
            self._jitter += _JITTER_GAIN * ((velocity - self._velocity) ** 2 - self._jitter)
        self._velocity = velocity

        expected = self._expected
        floor = np.repeat([expected.metres, expected.radians], 3)
        rate = np.repeat([expected.metres_a_second, expected.radians_a_second], 3)
        noise = np.diag(floor**2 + (rate * seconds) ** 2 + self._jitter * seconds**2)
        noise[:3, :3] += expected.across**2 * np.dot(translation, translation) * np.eye(3)
        noise[:3, :3] += (expected.along**2 - expected.across**2) * np.outer(translation, translation)
        noise[3:, 3:] += expected.turn**2 * np.dot(rotation, rotation) * np.eye(3)
        return noise
