"""What models are worth on frames of a camera that were held back, also where there is no truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.blank import BlankImageError
from depth_perception.estimators.depth import DepthEstimator, DepthResult
from depth_perception.estimators.odometry import VisualOdometry
from depth_perception.evaluation.depth_metrics import depth_metrics
from depth_perception.evaluation.pictures import depth_picture
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.ground_plane import fit_ground_plane
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, inverse
from training.data.augmentation import resized
from training.data.snippet import Snippet, SnippetSource

_STEP = 100_000_000
"""Nanoseconds between frames: nothing that is judged depends on them."""
_PICTURES, _WIDTH = 6, 480

FIGURES = {
    "photometric": "grey levels that the image differs by from the one before, seen with depth and motion",
    "abs_rel": "AbsRel of depth, median-scaled",
    "abs_rel_metric": "AbsRel of depth, in metres as it comes",
    "road_residual": "how far the road is off a plane, share of depth",
    "camera_height": "metres that depth puts the camera above the road",
    "distance_ratio": "metres that motion goes over metres that were driven",
}
"""What is measured, where it can be; medians over frames."""


@dataclass(frozen=True)
class Judgement:
    """Of a depth and a pose model.

    Attributes:
        figures: by their names in `FIGURES`; without those that nothing tells.
        frames: that they are of.
        pictures: RGB, an image and its depth one above the other, of some frames.
    """

    figures: Mapping[str, float]
    frames: int
    pictures: Sequence[npt.NDArray[np.uint8]]


def judge(depth_model: Path, pose_model: Path, source: SnippetSource, most: int = 40) -> Judgement:
    """Model files, as robots run them, on at most so many of the snippets of `source`, which have three frames."""
    numbers = sorted({round(float(k)) for k in np.linspace(0, len(source) - 1, min(most, len(source)))})
    shown = {numbers[round(float(k))] for k in np.linspace(0, len(numbers) - 1, min(_PICTURES, len(numbers)))}
    values: dict[str, list[float]] = {name: [] for name in FIGURES}
    pictures, judged = [], 0
    with ExitStack() as opened:
        depth_engine = opened.enter_context(closing(open_engine(depth_model)))
        pose_engine = opened.enter_context(closing(open_engine(pose_model)))
        camera: Camera | None = None
        for number in numbers:
            snippet = source[number]
            if snippet.camera != camera:
                camera = snippet.camera
                depth_of = DepthEstimator(depth_engine, camera)
                odometry = VisualOdometry(pose_engine, camera, BODY_FROM_OPTICAL)
            try:
                result = depth_of.estimate(snippet.images[1])
            except BlankImageError:
                continue
            judged += 1
            odometry.reset()
            odometry.update(snippet.images[0], 0)
            motion = odometry.update(snippet.images[1], _STEP)
            step = None if motion is None else inverse(BODY_FROM_OPTICAL) @ motion.transform @ BODY_FROM_OPTICAL
            for name, value in _figures(snippet, result, step).items():
                values[name].append(value)
            if number in shown:
                pictures.append(_picture(result))
    figures = {name: float(np.median(found)) for name, found in values.items() if found}
    return Judgement(figures, judged, pictures)


def _figures(snippet: Snippet, result: DepthResult, step: npt.NDArray[np.float64] | None) -> dict[str, float]:
    """
    Args:
        step: pose of the camera at the middle frame in that at the first.
    """
    found: dict[str, float] = {}
    height, width = result.depth.shape
    if snippet.depth is not None:
        truth = cv2.resize(np.asarray(snippet.depth, np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
        if np.any(np.isfinite(truth) & (truth > 0)):
            found["abs_rel"] = depth_metrics(truth, result.depth).abs_rel
            found["abs_rel_metric"] = depth_metrics(truth, result.depth, scale=None).abs_rel
    plane = fit_ground_plane(result.depth, result.camera)
    if plane is not None:
        found |= {"road_residual": plane.residual, "camera_height": plane.height}
    if step is not None:
        before, now = (resized(image, width, height) for image in snippet.images[:2])
        found["photometric"] = photometric_error(before, now, result.depth, result.camera, step)
        if snippet.distances is not None and np.isfinite(snippet.distances[0]) and snippet.distances[0] > 0.05:
            found["distance_ratio"] = float(np.linalg.norm(step[:3, 3]) / snippet.distances[0])
    return found


def photometric_error(
    before: npt.NDArray[np.uint8],
    now: npt.NDArray[np.uint8],
    depth: npt.NDArray[np.float32],
    camera: Camera,
    step: npt.NDArray[np.float64],
) -> float:
    """Mean grey levels by which an image differs from the one before, looked at with its depth and motion.

    Args:
        before, now: RGB ``[H, W, 3]``, of the pinhole `camera`.
        depth: of `now`, ``[H, W]``; where it is not finite nothing is compared.
        step: `T_before_now`, ``[4, 4]``, in optical axes.
    """
    points = camera.rays() * np.where(np.isfinite(depth) & (depth > 0), depth, np.nan)[..., None]
    seen = points @ step[:3, :3].T + step[:3, 3]
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = (seen[..., 0] / seen[..., 2] * camera.fx + camera.cx).astype(np.float32)
        rows = (seen[..., 1] / seen[..., 2] * camera.fy + camera.cy).astype(np.float32)
    inside = (columns >= 0) & (columns <= camera.width - 1) & (rows >= 0) & (rows <= camera.height - 1)
    inside &= seen[..., 2] > 0
    columns, rows = (np.where(inside, item, 0).astype(np.float32) for item in (columns, rows))
    grey, other = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in (now, before))
    warped = cv2.remap(other, columns, rows, cv2.INTER_LINEAR)
    return float(np.mean(np.abs(grey - warped)[inside])) if inside.any() else float("nan")


def _picture(result: DepthResult) -> npt.NDArray[np.uint8]:
    height = round(_WIDTH * result.depth.shape[0] / result.depth.shape[1])
    return np.concatenate([resized(item, _WIDTH, height) for item in (result.image, depth_picture(result.depth))])
