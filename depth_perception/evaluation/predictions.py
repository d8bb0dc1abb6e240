"""Depth of images as files: pictures to look at, values for other programs, clouds."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import Engine
from depth_perception.estimators.depth import DepthEstimator, DepthResult
from depth_perception.estimators.settings import DepthSettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.evaluation.pictures import Rgb, depth_picture
from depth_perception.files import write_atomically
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.ply import ply
from depth_perception.geometry.point_cloud import PointCloudBuilder
from depth_perception.geometry.pose import Array
from depth_perception.pixel_formats import Rgb as Image

STEP = 1.0 / 256.0
"""Metres that 1 stands for in a 16-bit PNG, as KITTI has it."""
FARTHEST = 65535 * STEP
"""Metres that it holds."""

Values = Literal["png", "npz"]


class Predictions:
    """Makes the files of one run, in one folder.

    Of an image NAME there will be ``NAME.jpg``, the image above its depth; ``NAME.png``, 16-bit depth in steps of
    `STEP` (0: unknown, beyond range, or beyond `FARTHEST`), or ``NAME.npz`` with depth (float32, NaN unknown, inf
    beyond range) and the matrix of its camera, K; and ``NAME.ply``. ``camera.json`` says which camera depth is of, and
    its unit.

    Args:
        cloud: Whether to make clouds too.
        body_from_camera: As `DepthEstimator` has it.
    """

    def __init__(
        self,
        folder: str | Path,
        engine: Engine,
        settings: DepthSettings = DepthSettings(),
        *,
        values: Values = "png",
        cloud: bool = False,
        body_from_camera: Array | None = None,
    ) -> None:
        self._folder, self._engine, self._settings = Path(folder), engine, settings
        self._values, self._cloud, self._body_from_camera = values, cloud, body_from_camera
        self._estimator: DepthEstimator | None = None
        self._camera: Camera | None = None

    def add(self, name: str, stamp: int | None, image: Image, camera: Camera) -> DepthResult:
        """The files of one more image.

        Raises: `EstimatorError` if it is not of its camera or no pixel has depth, `OutputError` if they cannot be
        written.
        """
        height, width = image.shape[:2]
        if (width, height) != (camera.width, camera.height):
            raise EstimatorError(
                f"{name}: is {width}x{height}, its calibration says {camera.width}x{camera.height}: calibrate at the"
                " images' resolution"
            )
        if self._estimator is None or camera != self._camera:
            self._camera = camera
            self._estimator = DepthEstimator(
                self._engine, camera, self._settings, body_from_camera=self._body_from_camera
            )
        result = self._estimator.estimate(image, stamp)
        if not result.valid.any():
            raise EstimatorError(
                f"{name}: not one pixel has a depth between {self._settings.minimum_range:g} and"
                f" {self._settings.maximum_range:g} m: check the camera's calibration and these limits"
            )
        files = {
            "jpg": _picture(result),
            self._values: depth_png(result.depth) if self._values == "png" else _npz(result),
        }
        if self._cloud:
            files["ply"] = ply(PointCloudBuilder(result.camera).build(result.depth, result.image))
        for suffix, content in files.items():
            write_atomically(self._folder / f"{name}.{suffix}", content)
        about = {"camera": asdict(result.camera), "unit": "metres" if result.metric else "unknown", "png_step": STEP}
        write_atomically(self._folder / "camera.json", (json.dumps(about, indent=2) + "\n").encode())
        return result


def _picture(result: DepthResult) -> bytes:
    return _encoded(".jpg", np.concatenate([result.image, depth_picture(result.depth)]))


def depth_png(depth: npt.NDArray[np.float32]) -> bytes:
    """16-bit PNG of metres ``[height, width]`` in steps of `STEP`; 0 where depth is no finite number, or beyond
    `FARTHEST`.
    """
    steps = np.where(np.isfinite(depth) & (depth <= FARTHEST), np.maximum(depth / STEP, 1), 0)
    return _encoded(".png", np.rint(steps).astype(np.uint16))


def _npz(result: DepthResult) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, depth=result.depth, K=result.camera.matrix)
    return buffer.getvalue()


def _encoded(suffix: str, pixels: Rgb | np.ndarray) -> bytes:
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(suffix, pixels)[1].tobytes()
