"""What programs may import of the package, and what they may give it: a change of it is a change for them."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import depth_perception
from depth_perception.engines.engine import EngineError
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import GeometryError
from depth_perception.model_file import ModelFileError
from depth_perception.recordings.errors import RecordingError

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = {
    "Camera": "width height fx fy cx cy distortion projection",
    "DepthEstimator": "engine camera settings body_from_camera made",
    "DepthEstimator.change": "settings",
    "DepthEstimator.estimate": "image stamp extras",
    "DepthSettings": "minimum_range maximum_range scale_source scale scale_sigma view",
    "OdometrySettings": "motion scale_source scale scale_sigma maximum_gap",
    "PointCloudBuilder": "camera limits",
    "PointCloudBuilder.build": "depth image into",
    "Recording.open": (
        "path image_topic camera_info_topic depth_topic odometry_topic speed_topic rectified_input camera_pose"
        " calibration poses poses_of"
    ),
    "Recording.images": "",
    "Recording.depth": "stamp",
    "Trajectory": "",
    "Trajectory.add": "motion",
    "VisualOdometry": "engine camera body_from_camera settings made",
    "VisualOdometry.update": "image stamp",
    "VisualOdometry.reset": "",
    "model_path": "model",
    "open_engine": "path backend threads precision wait backends",
}


def test_the_names_are_these_and_no_others():
    assert depth_perception.__all__ == sorted(depth_perception.__all__)
    callables = {name.split(".")[0] for name in PARAMETERS}
    assert set(depth_perception.__all__) == callables | {"DepthPerceptionError", "__version__"}
    assert set(depth_perception.__all__) <= set(dir(depth_perception))


@pytest.mark.parametrize("name", PARAMETERS)
def test_what_is_given_to_them(name):
    found, *attribute = name.split(".")
    target = getattr(depth_perception, found)
    for part in attribute:
        target = getattr(target, part)
    names = [item for item in inspect.signature(target).parameters if item != "self"]
    assert names == PARAMETERS[name].split()


def test_all_is_there_with_a_star():
    found: dict[str, object] = {}
    exec("from depth_perception import *", found)
    assert set(depth_perception.__all__) <= set(found)


@pytest.mark.parametrize("error", [EngineError, EstimatorError, GeometryError, ModelFileError, RecordingError])
def test_one_error_is_all_of_them(error):
    assert issubclass(error, depth_perception.DepthPerceptionError)


def test_importing_the_package_loads_nothing_else():
    script = "import sys; import depth_perception; print(sorted({name.split('.')[0] for name in sys.modules}))"
    run = [sys.executable, "-c", script]
    loaded = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "depth_perception" in loaded
    assert not [name for name in ("numpy", "cv2", "onnx", "onnxruntime", "openvino", "rclpy") if f"'{name}'" in loaded]


def test_a_name_that_there_is_not_is_named():
    with pytest.raises(AttributeError, match="module 'depth_perception' has no attribute 'DepthEstimater'"):
        depth_perception.DepthEstimater  # noqa: B018
