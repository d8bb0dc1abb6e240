"""Metric depth, odometry and coloured point clouds from one camera, on ROS 2.

What programs use of it is here: ``from depth_perception import open_engine, DepthEstimator``. Each name is loaded when
it is first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from depth_perception.version import __version__

if TYPE_CHECKING:
    from depth_perception.engines.choose import open_engine
    from depth_perception.errors import DepthPerceptionError
    from depth_perception.estimators.depth import DepthEstimator
    from depth_perception.estimators.odometry import VisualOdometry
    from depth_perception.estimators.settings import DepthSettings, OdometrySettings
    from depth_perception.estimators.trajectory import Trajectory
    from depth_perception.geometry.camera import Camera
    from depth_perception.geometry.point_cloud import PointCloudBuilder
    from depth_perception.recordings.recording import Recording
    from depth_perception.resources import model_path

_HOMES = {
    "Camera": "geometry.camera",
    "DepthEstimator": "estimators.depth",
    "DepthPerceptionError": "errors",
    "DepthSettings": "estimators.settings",
    "OdometrySettings": "estimators.settings",
    "PointCloudBuilder": "geometry.point_cloud",
    "Recording": "recordings.recording",
    "Trajectory": "estimators.trajectory",
    "VisualOdometry": "estimators.odometry",
    "model_path": "resources",
    "open_engine": "engines.choose",
}

__all__ = [
    "Camera",
    "DepthEstimator",
    "DepthPerceptionError",
    "DepthSettings",
    "OdometrySettings",
    "PointCloudBuilder",
    "Recording",
    "Trajectory",
    "VisualOdometry",
    "__version__",
    "model_path",
    "open_engine",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
