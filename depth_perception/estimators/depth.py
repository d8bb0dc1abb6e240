"""Image to depth."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depth_perception.engines.camera_graph import CAMERA, VIEW
from depth_perception.engines.engine import Engine
from depth_perception.engines.free_view import best_view
from depth_perception.estimators.blank import check_seen
from depth_perception.estimators.scale import (
    GroundPlaneScale,
    ScaleEstimate,
    check_scale_source,
    known_scale,
    model_scale,
)
from depth_perception.estimators.settings import DepthSettings
from depth_perception.estimators.view import EstimatorError, NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.canonical import depth_factor
from depth_perception.model_file import ModelDescription
from depth_perception.model_outputs import OUTPUTS, extras_of
from depth_perception.once import Once

SATURATION = 0.95
"""A network that answers this share of its maximum depth, or more, says "far away", not a distance."""
MAXIMUM_GAP = 1_000_000_000
"""Nanoseconds between two images after which the first says nothing about the second."""
SMALLEST_VIEW = 8
"""Times fewer pixels its view may have than a model learned at. The model that comes along has an AbsRel in metres
of 0.11 with all of them, 0.18 with a quarter, 0.5 with a tenth: all is smaller then than what it knows."""


@dataclass(frozen=True)
class DepthResult:
    """Depth of one image.

    Attributes:
        depth: float32 ``[height, width]``, along the optical axis; metres if `metric`. NaN is invalid, +inf beyond
            the range (sky), -inf closer than the minimum range (REP-117); never 0.
        image: uint8 RGB ``[height, width, 3]``, the rectified view that the depth belongs to.
        camera: The pinhole of depth and image.
        scale: What the network's depth was multiplied with.
        metric: False if nobody knows how long a unit is: then it must not be passed on as metres.
        extras: What else was asked for, ``[height, width, ...]`` by its name, as `depth_perception.model_outputs` says;
            invalid where the camera saw nothing.
    """

    depth: npt.NDArray[np.float32]
    image: npt.NDArray[np.uint8]
    camera: Camera
    scale: ScaleEstimate
    metric: bool
    extras: Mapping[str, npt.NDArray]

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """``[height, width]``, where depth is a finite number."""
        return np.isfinite(self.depth)


class DepthEstimator:
    """Runs a depth model on images of one camera.

    Args:
        body_from_camera: `T_body_camera` ``[4, 4]`` of the optical frame, in a body whose origin is on the ground; for
            scale_source ground_plane alone.
        made: As `NetworkView` has it.

    Attributes:
        measured: `CameraOdometry.depth_scale`, for scale_source odometry; to be set whenever there is a newer one.

    Raises: `EstimatorError` for a model of another task, for ground_plane without a pose above the ground, and for
        odometry with a model that does not know metres.
    """

    def __init__(
        self,
        engine: Engine,
        camera: Camera,
        settings: DepthSettings = DepthSettings(),
        *,
        body_from_camera: npt.ArrayLike | None = None,
        made: Once | None = None,
    ) -> None:
        model = engine.model
        if model.task != "depth":
            raise EstimatorError(f"'{model.name}' is a {model.task} model, expected a depth model")
        check_scale_source(settings, model)
        engine = engine.at(*_view_size(settings.view, model, camera))
        model = engine.model
        self.view = NetworkView(camera, model.width, model.height, made)
        self._unseen = None if self.view.valid.all() else ~self.view.valid
        self._gives_camera = engine.rather_takes_camera
        if self._gives_camera:
            engine = engine.at(model.width, model.height, self.view.sampling)
        self._settings = settings
        self._engine = engine
        self._factor = depth_factor(self.view.camera.fx, model.focal_length)
        self._saturated = np.inf if model.maximum_depth is None else model.maximum_depth * SATURATION
        self._ground = None
        if settings.scale_source == "ground_plane":
            if body_from_camera is None:
                raise EstimatorError("scale_source ground_plane needs to know where the camera is: set camera_pose")
            pose = np.asarray(body_from_camera, np.float64)
            self._ground = GroundPlaneScale(float(pose[2, 3]), -pose[2, :3], model_scale(model))
        self.measured: ScaleEstimate | None = None
        self._takes_two = bool(model.frames)
        self._previous: tuple[int, npt.NDArray[np.uint8]] | None = None
        self._extras = {output.name for output in extras_of(model)}

    def change(self, settings: DepthSettings) -> None:
        """Goes on with other limits or another constant scale; what it has measured of the scale stays.

        Raises: `EstimatorError` for another scale_source.
        """
        if settings.scale_source != self._settings.scale_source:
            raise EstimatorError(
                f"scale_source is {self._settings.scale_source}, {settings.scale_source} asked for: make a new"
                " estimator"
            )
        self._settings = settings

    def estimate(
        self, image: npt.NDArray[np.uint8], stamp: int | None = None, *, extras: Collection[str] = ()
    ) -> DepthResult:
        """Depth of an image of the camera, uint8 RGB ``[camera height, camera width, 3]``.

        Args:
            stamp: Nanoseconds. A model of two frames looks at the image before as well, if that is at most
                `MAXIMUM_GAP` older; without a stamp an image is judged by itself.
            extras: What else to compute of what the model has (`ModelDescription.extras`).

        Raises: `EstimatorError` if it is not such an image, shows nothing, or the model lacks an extra; `EngineError`
        if the backend fails.
        """
        self.view.check(image)
        check_seen(image)
        if lacking := set(extras) - self._extras:
            has = ", ".join(sorted(self._extras)) or "nothing"
            raise EstimatorError(
                f"{', '.join(sorted(lacking))} asked for, '{self._engine.model.name}' has {has} beside depth"
            )
        alone = False
        if self._gives_camera:
            outputs = self._engine.run({CAMERA: image[None]}, {"depth", VIEW, *extras})
            view = outputs[VIEW][0].copy()
        else:
            view = self.view.image(image)
            inputs = {"image": view[None]}
            if self._takes_two:
                before = self._view_before(view, stamp)
                alone = before is None
                inputs = {"images": np.stack([view if before is None else before, view])}
            outputs = self._engine.run(inputs, {"depth", *extras})
        depth = self._depth(outputs["depth"][0])
        scale = self._scale(depth)
        self._limit(depth, scale.value)
        others = {name: self._extra(name, outputs[name][0], alone) for name in extras}
        return DepthResult(depth, view, self.view.camera, scale, scale.known, others)

    def _depth(self, output: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What the model says of this camera, NaN where it says nothing, +inf where it says "far away"."""
        depth = output * np.float32(self._factor)
        depth[output >= self._saturated] = np.inf
        depth[~(output > 0)] = np.nan
        if self._unseen is not None:
            depth[self._unseen] = np.nan
        return depth

    def _limit(self, depth: npt.NDArray[np.float32], scale: float) -> None:
        """Scales depth, and marks what is out of range. What changes nothing costs nothing: each look at a whole image
        takes a tenth of a millisecond and more."""
        if scale != 1.0:
            depth *= np.float32(scale)
        if self._saturated * self._factor * scale > self._settings.maximum_range:
            depth[depth > self._settings.maximum_range] = np.inf
        if self._settings.minimum_range > 0.0:
            depth[depth < self._settings.minimum_range] = -np.inf

    def _scale(self, depth: npt.NDArray[np.float32]) -> ScaleEstimate:
        if self._ground is not None:
            return self._ground.update(depth, self.view.camera)
        if self._settings.scale_source == "odometry" and self.measured is not None:
            return self.measured
        return known_scale(self._settings, self._engine.model)

    def _extra(self, name: str, values: npt.NDArray, alone: bool) -> npt.NDArray:
        """What the model answered beside depth, ``[height, width, ...]``, where it means something."""
        output = OUTPUTS[name]
        known = np.zeros_like(self.view.valid) if alone and output.of_pair else self.view.valid
        known = known.reshape(known.shape + (1,) * (values.ndim - known.ndim))
        return np.where(known, values, values.dtype.type(output.invalid))

    def _view_before(self, view: npt.NDArray[np.uint8], stamp: int | None) -> npt.NDArray[np.uint8] | None:
        """The view of the image just before this one, which it keeps for the next; None if there is none."""
        previous, self._previous = self._previous, None if stamp is None else (stamp, view)
        if previous is None or stamp is None or not 0 < stamp - previous[0] <= MAXIMUM_GAP:
            return None
        return previous[1]


def _view_size(wanted: str, model: ModelDescription, camera: Camera) -> tuple[int, int]:
    """Width and height of what the network is given: see `DepthSettings.view`."""
    if wanted == "crop":
        return model.width, model.height
    if wanted == "auto":
        return best_view(model, camera.aspect)
    width, height = map(int, wanted.split("x"))
    if width * height * SMALLEST_VIEW < model.width * model.height:
        raise EstimatorError(
            f"the view {wanted} has less than an eighth of the pixels of {model.width}x{model.height}, at which the"
            " model learned, and its metres would be far off: ask for a larger one, or auto"
        )
    return width, height
