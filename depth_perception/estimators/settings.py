"""What a user may set of the estimators: in nodes, in commands and in code alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depth_perception.engines.settings import EngineSettings
from depth_perception.settings import Setting, SettingError, Settings, setting

if TYPE_CHECKING:
    from depth_perception.model_file import ModelDescription

LOWEST, HIGHEST = -1000.0, 1000.0
"""Metres above the ground that nothing is beyond."""
SMALLEST_VOXEL = 1e-3
"""Metres: of smaller ones there are too many to be counted."""

RECTIFIED_INPUT = Setting(
    "rectified_input",
    "auto",
    "Whether the images are rectified already, so that camera_info's P describes them, not its K and D; auto goes by"
    " the name of their topic, image_rect",
    choices=("auto", "always", "never"),
)
BASE_FRAME = Setting(
    "base_frame", "base_link", "Frame of the vehicle: x forward, y left, z up, its origin on the ground"
)
CAMERA_POSE = Setting(
    "camera_pose",
    None,
    "Pose of the camera's body (x forward, y left, z up) in base_frame: x, y, z in metres, roll, pitch, yaw in radians;"
    " as TF says unless set",
    length=6,
)

_MEASURED = {"ground_plane": ("ground_plane",), "speed": ("speed",), "fused": ("ground_plane", "speed")}
"""Sources of odometry's scale that are to measure it, and by what."""


def _scale(live: bool) -> Any:
    return setting(
        1.0, "Metres in one unit of the model, for scale_source constant", minimum=1e-4, maximum=1e4, live=live
    )


def _scale_sigma(live: bool) -> Any:
    return setting(0.05, "Relative standard deviation of scale", minimum=0.0, maximum=1.0, live=live)


def _require_order(what: str, minimum: float, maximum: float) -> None:
    """Raises: `SettingError` unless the minimum of what is limited is below its maximum."""
    if not minimum < maximum:
        raise SettingError(
            f"minimum_{what} is {minimum} and maximum_{what} {maximum}, expected the minimum below the maximum"
        )


@dataclass(frozen=True)
class DepthSettings(Settings):
    """Of a `DepthEstimator`."""

    minimum_range: float = setting(0.0, "Metres; depth below it is -inf", minimum=0.0, maximum=1000.0, live=True)
    maximum_range: float = setting(200.0, "Metres; depth beyond it is +inf", minimum=0.1, maximum=10000.0, live=True)
    scale_source: str = setting(
        "model",
        "What makes metres of the model's depth: model (it knows), constant (scale), ground_plane (the height of the"
        " camera above base_frame, measured against the road in the image), odometry (what odometry_node measures by"
        " its own scale_source, auto, speed, ground_plane or fused; until it does, the model)",
        choices=("model", "constant", "ground_plane", "odometry"),
    )
    scale: float = _scale(live=True)
    scale_sigma: float = _scale_sigma(live=True)
    view: str = setting(
        "auto",
        "What the network is given of the camera, where its model leaves that free: auto (all of it, as far as the"
        " model's budget of pixels goes), WxH such as 928x512, or crop (the size that the model describes itself by)",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_order("range", self.minimum_range, self.maximum_range)
        if self.view not in ("auto", "crop") and re.fullmatch("[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", self.view) is None:
            raise SettingError(f"view is '{self.view}', expected auto, crop, or a size such as 928x512")


@dataclass(frozen=True)
class OdometrySettings(Settings):
    """Of a `RefinedOdometry`, or of the `VisualOdometry` that it refines."""

    motion: str = setting(
        "refined",
        "Where motion comes from: refined (corners of the images, with the depth of depth_node; the pose model where"
        " they say nothing), posenet (the pose model alone)",
        choices=("refined", "posenet"),
    )
    scale_source: str = setting(
        "auto",
        "What makes metres of motion: auto (depth images in metres, if motion is refined and they come, else the"
        " model; made exact by the height of the camera above base_frame where that does not contradict them), model"
        " (it knows), constant (scale, times the model's motion), depth (its images alone, and its scale, for a pose"
        " model that was trained together with the depth model), ground_plane (the height of the camera above"
        " base_frame, measured against the road in the images), speed (a measured one), fused (both of these)",
        choices=("auto", "model", "constant", "depth", *_MEASURED),
    )
    scale: float = _scale(live=False)
    scale_sigma: float = _scale_sigma(live=False)
    maximum_gap: float = setting(
        1.0,
        "Seconds between two images after which the motion between them is not estimated",
        minimum=0.01,
        maximum=60.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.motion != "refined" and "ground_plane" in self.measures:
            raise SettingError(
                f"scale_source is {self.scale_source} and motion {self.motion}, expected motion refined: a pose network"
                " alone is too inexact to measure the road with"
            )

    @property
    def measures(self) -> tuple[str, ...]:
        """What lengths are to be measured by."""
        return _MEASURED.get(self.scale_source, ())

    @property
    def may_measure(self) -> bool:
        """Whether lengths may be measured, asked for or, by auto, where that is possible."""
        return bool(self.measures) or (self.scale_source == "auto" and self.motion == "refined")


@dataclass(frozen=True)
class CloudSettings(Settings):
    """Of the cloud made of a depth image."""

    minimum_range: float = setting(
        0.0, "Metres from the camera; closer points are left out", minimum=0.0, maximum=1e4, live=True
    )
    maximum_range: float = setting(
        80.0, "Metres from the camera; farther points are left out", minimum=0.1, maximum=1e4, live=True
    )
    minimum_height: float = setting(
        LOWEST, "Metres above base_frame; lower points are left out", minimum=LOWEST, maximum=HIGHEST
    )
    maximum_height: float = setting(
        HIGHEST, "Metres above base_frame; higher points are left out", minimum=LOWEST, maximum=HIGHEST
    )
    voxel_size: float = setting(
        0.0,
        "Metres; one point, the mean, is left in every cube of this size (and the cloud is not organised); 0 is off",
        minimum=0.0,
        maximum=100.0,
        live=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_order("range", self.minimum_range, self.maximum_range)
        _require_order("height", self.minimum_height, self.maximum_height)
        if 0.0 < self.voxel_size < SMALLEST_VOXEL:
            raise SettingError(f"voxel_size is {self.voxel_size:g} m, expected 0 (off), or at least {SMALLEST_VOXEL:g}")

    @property
    def limits_height(self) -> bool:
        return (self.minimum_height, self.maximum_height) != (LOWEST, HIGHEST)


@dataclass(frozen=True)
class RobotSettings:
    """All that a robot is launched with: which models run how, and what is made of their answers."""

    depth_model: Path
    pose_model: Path
    engine: EngineSettings = EngineSettings()
    depth: DepthSettings = DepthSettings()
    odometry: OdometrySettings = OdometrySettings()

    def describe(self) -> tuple[ModelDescription, ModelDescription]:
        """What its models say of themselves.

        Raises: `ModelFileError` if one is missing, corrupt or for another task.
        """
        from depth_perception.model_file import read_description

        return read_description(self.depth_model, "depth"), read_description(self.pose_model, "pose")
