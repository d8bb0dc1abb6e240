"""Frames seen by a camera that was turned a little more: sharp bends are rare on the road, and none is learnt from few;
and a camera is mounted level nowhere.

A camera that only turns sees the same rays elsewhere, whatever their depth: the picture of the turned camera is exact.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import rotation_from_vector
from training.data.snippet import UNLABELLED, Snippet

SHARES = np.array([0.25, 1.0, 0.25])
"""Of the largest turn about x (pitch), y (yaw) and z (roll): vehicles turn about the vertical."""


def turned(snippet: Snippet, largest: float, rng: np.random.Generator) -> Snippet:
    """The snippet with every frame but the middle one turned by a rotation of its own; true poses turn with it.

    Args:
        largest: angle about the vertical, radians. Small ones are likelier, as on the road.
    """
    middle = len(snippet.images) // 2
    images = list(snippet.images)
    poses = None if snippet.poses is None else snippet.poses.copy()
    matrix = snippet.camera.matrix
    for number, image in enumerate(snippet.images):
        if number == middle:
            continue
        rotation = rotation_from_vector(rng.uniform(-1.0, 1.0, 3) ** 3 * SHARES * largest)
        images[number] = _seen_turned(image, matrix @ rotation @ np.linalg.inv(matrix))
        if poses is not None:
            poses[number, :3, :3] = poses[number, :3, :3] @ rotation
    return replace(snippet, images=images, poses=poses)


def rolled(snippet: Snippet, largest: float, rng: np.random.Generator) -> Snippet:
    """The snippet with all frames turned about the optical axis by one angle; depth, labels and true poses with them.

    Depth is that of the nearest pixel, and stays what it is: it is measured along the axis. Nothing is known of what
    the turned camera sees beside the image.

    Args:
        largest: angle, radians.
    """
    rotation = rotation_from_vector(np.array([0.0, 0.0, rng.uniform(-largest, largest)]))
    matrix = snippet.camera.matrix
    source_from_target = matrix @ rotation @ np.linalg.inv(matrix)
    poses = None
    if snippet.poses is not None:
        poses = snippet.poses.copy()
        poses[:, :3, :3] = poses[:, :3, :3] @ rotation
    return replace(
        snippet,
        images=[_seen_turned(image, source_from_target) for image in snippet.images],
        depth=None
        if snippet.depth is None
        else _nearest_turned(snippet.depth.astype(np.float32), source_from_target, np.nan),
        labels=None if snippet.labels is None else _nearest_turned(snippet.labels, source_from_target, UNLABELLED),
        poses=poses,
    )


def _nearest_turned(
    values: npt.NDArray[Any], source_from_target: npt.NDArray[np.float64], beside: float
) -> npt.NDArray[Any]:
    """float32 depth or uint8 labels ``[H, W]`` at the nearest pixels; `beside` the image."""
    size = (values.shape[1], values.shape[0])
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    view = cv2.warpPerspective(
        np.ascontiguousarray(values), source_from_target, size, None, flags, cv2.BORDER_CONSTANT, beside
    )
    return np.asarray(view)


def _seen_turned(image: npt.NDArray[np.uint8], source_from_target: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    size = (image.shape[1], image.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    view = cv2.warpPerspective(np.ascontiguousarray(image), source_from_target, size, None, flags, cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8)
