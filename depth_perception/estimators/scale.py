"""How long one unit of a network's depth is in metres, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depth_perception.estimators.settings import DepthSettings, OdometrySettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.ground_plane import DOWN, fit_ground_plane, road_region
from depth_perception.model_file import SCALE_SIGMA, ModelDescription

SMALLEST, LARGEST = 1e-4, 1e4
"""Metres in one unit of a model; what is beyond is a mistake, and would stay in a trajectory for good."""


@dataclass(frozen=True)
class ScaleEstimate:
    """A factor from a network's unit of length to metres.

    Attributes:
        value: Metres per unit.
        sigma: Standard deviation of ln(value), which is the relative error while it is small; infinite if unknown.
        source: ``model``, ``constant``, ``ground_plane``, ``speed``, ``depth`` (taken over from the depth estimator),
            ``odometry`` (taken over by it), ``unknown``; of several that were fused, their names joined by ``+``.
    """

    value: float
    sigma: float
    source: str

    def __post_init__(self) -> None:
        if not (SMALLEST <= self.value <= LARGEST and self.sigma >= 0):
            raise EstimatorError(
                f"scale is {self.value:g} with sigma {self.sigma:g}, expected {SMALLEST:g} to {LARGEST:g}, and a sigma"
                " of at least 0"
            )

    @property
    def vector(self) -> tuple[float, float, float]:
        """As ``depth/scale`` says it: value, sigma, and 1 if odometry measured it, else 0."""
        return self.value, self.sigma, float(self.source == "odometry")

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.sigma))


UNKNOWN_SCALE = ScaleEstimate(1.0, float("inf"), "unknown")


def model_scale(model: ModelDescription) -> ScaleEstimate:
    """What a model says of its own scale: one, give or take its sigma, if it is metric."""
    return ScaleEstimate(1.0, model.scale_sigma or SCALE_SIGMA, "model") if model.metric else UNKNOWN_SCALE


def known_scale(settings: DepthSettings | OdometrySettings, model: ModelDescription) -> ScaleEstimate:
    """The scale that needs no measurement: the settings' own if it is their source, else what the model says."""
    if settings.scale_source == "constant":
        return ScaleEstimate(settings.scale, settings.scale_sigma, "constant")
    return model_scale(model)


def check_scale_source(settings: DepthSettings, model: ModelDescription) -> None:
    """
    Raises: `EstimatorError` for odometry with a model that does not know metres.
    """
    if settings.scale_source == "odometry" and not model.metric:
        raise EstimatorError(
            f"scale_source odometry corrects the metres of a model, and '{model.name}' knows none: odometry would have"
            " no depth to measure by; set ground_plane or constant"
        )


class GroundPlaneScale:
    """Scale from the known height of the camera above the road, fused over frames.

    Args:
        camera_height: Metres above the ground.
        gravity: Direction of gravity in the camera's optical axes; it selects pixels and checks the fit, the scale
            itself does not depend on its exactness.
        initial: What to say until a road was seen.

    Raises: `EstimatorError` for a camera that is not above the ground.
    """

    _LARGEST_TILT = np.radians(10.0)
    _FEWEST_INLIERS = 0.5

    def __init__(
        self, camera_height: float, gravity: npt.ArrayLike = DOWN, initial: ScaleEstimate = UNKNOWN_SCALE
    ) -> None:
        if not (np.isfinite(camera_height) and camera_height > 0):
            raise EstimatorError(
                f"camera height is {camera_height:g} m above the base frame, expected a positive number: scale_source"
                " ground_plane needs a base frame on the ground"
            )
        self._camera_height = camera_height
        self._gravity = np.asarray(gravity, np.float64)
        self._filter = ScaleFilter(initial)
        self._region: tuple[Camera, npt.NDArray[np.bool_]] | None = None

    def update(self, depth: npt.NDArray[np.float32], camera: Camera) -> ScaleEstimate:
        """The scale after a depth image ``[height, width]`` in the network's unit, of `camera`."""
        measured = self.measure(depth, camera)
        return self._filter.estimate if measured is None else self._filter.update(measured)

    def measure(self, depth: npt.NDArray[np.float32], camera: Camera) -> ScaleEstimate | None:
        """The scale of this depth image alone; None if it shows no road that can be trusted."""
        if self._region is None or self._region[0] != camera:
            self._region = (camera, road_region(camera, self._gravity))
        plane = fit_ground_plane(depth, camera, self._region[1])
        if plane is None or plane.inliers < self._FEWEST_INLIERS or plane.angle_to(self._gravity) > self._LARGEST_TILT:
            return None
        # The error of a network's depth is alike over the whole road, so more pixels do not make it smaller.
        return ScaleEstimate(self._camera_height / plane.height, max(plane.spread, 0.01), "ground_plane")


class ScaleFilter:
    """Fuses scale estimates over time: in log-scale, by inverse variance, forgetting slowly.

    Between two measurements the estimate's own sigma grows by `drift`, so that its weight settles as that of an
    exponential mean. A measurement with a sigma above `largest_sigma` changes nothing.
    """

    def __init__(self, initial: ScaleEstimate, *, drift: float = 0.01, largest_sigma: float = 0.3) -> None:
        self.estimate = initial
        self._drift = drift
        self._largest_sigma = largest_sigma

    def update(self, measured: ScaleEstimate) -> ScaleEstimate:
        """The estimate after `measured`."""
        if measured.sigma > self._largest_sigma:
            return self.estimate
        if not self.estimate.known:
            self.estimate = measured
            return self.estimate
        own = self.estimate.sigma**2 + self._drift**2
        other = max(measured.sigma, 1e-6) ** 2
        gain = own / (own + other)
        step = gain * np.log(measured.value / self.estimate.value)
        value = float(self.estimate.value * np.exp(step))
        self.estimate = ScaleEstimate(value, float(np.sqrt((1 - gain) * own)), measured.source)
        return self.estimate
