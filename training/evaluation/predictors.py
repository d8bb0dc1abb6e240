"""From a frame to depth in the shape of its truth."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import Engine
from depth_perception.estimators.depth import DepthEstimator
from depth_perception.estimators.settings import DepthSettings
from depth_perception.estimators.view import NetworkView
from depth_perception.evaluation.frame import Depth, Frame, Predictor
from depth_perception.evaluation.protocol import Resize, View
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.canonical import depth_factor
from training.errors import TrainingError

UNLIMITED = DepthSettings(maximum_range=1e4)
"""Metres; how far counts, protocols say."""


def predictor(engine: Engine, view: View, resize: Resize) -> Predictor:
    """What an engine's depth model predicts, the way a protocol looks at it."""
    return RobotDepth(engine) if view == "robot" else WholeImageDepth(engine, resize)


class WholeImageDepth:
    """The whole image squeezed to the network's size, whatever its aspect, as the papers do."""

    def __init__(self, engine: Engine, resize: Resize) -> None:
        self._engine = engine
        self._resize: Resize = resize

    def __call__(self, frame: Frame) -> Depth:
        model = self._engine.model
        depth = self._engine.run(squeezed(self._engine, frame.image), ("depth",))["depth"][0]
        if frame.camera is not None:
            focal_length = frame.camera.fx * model.width / frame.image.shape[1]
            depth = depth * np.float32(depth_factor(focal_length, model.focal_length))
        rows, columns = frame.truth.shape
        return resized(depth, columns, rows, self._resize)


def squeezed(engine: Engine, image: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.uint8]]:
    """What an engine's depth model takes of a whole image; one that takes the frame before gets the same one twice."""
    model = engine.model
    height, width = image.shape[:2]
    shrinks = width > model.width or height > model.height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(image, (model.width, model.height), interpolation=how), np.uint8)
    return {"images": np.stack([small, small])} if model.frames else {"image": small[None]}


class RobotDepth:
    """Through the robot's own estimator, brought back into the pixels of the camera; NaN where the network's view does
    not reach.

    Disparity is what is interpolated: it knows sky, which is zero there.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._camera: Camera | None = None

    def __call__(self, frame: Frame) -> Depth:
        camera = frame.camera
        if camera is None or camera.is_distorted or frame.truth.shape != (camera.height, camera.width):
            raise TrainingError(f"{frame.name}: the robot's view needs the camera of a rectified image and its truth")
        if camera != self._camera:
            self._estimator = DepthEstimator(self._engine, camera, UNLIMITED)
            self._camera, self._pixels = camera, _view_pixels(self._estimator.view)
        depth = self._estimator.estimate(np.ascontiguousarray(frame.image)).depth
        if self._pixels is None:
            return depth
        columns, rows, outside = self._pixels
        disparity = cv2.remap(1.0 / depth, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        disparity[outside] = np.nan
        with np.errstate(divide="ignore"):
            return np.asarray(1.0 / disparity, np.float32)


def resized(depth: Depth, width: int, height: int, resize: Resize) -> Depth:
    """Depth of another size that shows the same."""
    how = cv2.INTER_NEAREST if resize == "nearest" else cv2.INTER_LINEAR
    values = 1.0 / depth if resize == "disparity" else depth
    result = np.asarray(cv2.resize(values, (width, height), interpolation=how), np.float32)
    return 1.0 / result if resize == "disparity" else result


def _view_pixels(
    view: NetworkView,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_]] | None:
    """Where in the view every pixel of the camera lies, columns and rows ``[H, W]``, and which lie outside of it; None
    if the two are the same."""
    camera, ours = view.source, view.camera
    columns = (np.arange(camera.width) - camera.cx) / camera.fx * ours.fx + ours.cx
    rows = (np.arange(camera.height) - camera.cy) / camera.fy * ours.fy + ours.cy
    if (camera.width, camera.height) == (ours.width, ours.height):
        differences = np.abs(columns - np.arange(camera.width)).max(), np.abs(rows - np.arange(camera.height)).max()
        if max(differences) < 1e-3:
            return None
    u, v = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    outside = np.abs(u - (ours.width - 1) / 2) > ours.width / 2 + 1e-3
    outside |= np.abs(v - (ours.height - 1) / 2) > ours.height / 2 + 1e-3
    return u, v, outside
