"""How much of a lens's bending the images have: edges that are straight in the world tell.

Source: the plumb-line method, Brown, "Close-range camera calibration" (1971): a camera without distortion images
straight lines as straight lines. Here the distortion is known, and what is asked is only how much of it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.pixel_formats import Rgb

_WIDTH = 1280
"""Images are looked at in at most this width."""
_SHORTEST = 0.04
"""Share of the image's width that an edge must be long."""
_WANDERS = 0.8
"""Pixels, root mean square, that an edge may be off the smoothest bow through it."""
_LARGEST = 0.04
"""Share of its length that an edge may bow; what bows more is no straight thing under a lens."""
_LEAST_BOW = 0.25
"""Pixels that the lens must bend an edge by for it to tell anything."""
_FEWEST = 25
_ALWAYS = 0.4
"""Share of the images in which an edge at one place is the vehicle's own."""
_DRAWS = 200
_EXACT = 0.05
"""Pixels."""


@dataclass(frozen=True)
class Bending:
    """The share of the bend, by which a lens would image straight edges, that edges have: 1 in its raw images, 0 in
    rectified ones.

    Attributes:
        lowest, highest: Within which it lies, nine times of ten.
    """

    share: float
    lowest: float
    highest: float


def bending(images: Sequence[Rgb], lens: Camera) -> Bending | None:
    """How far images are bent as by `lens`; None where too few edges tell.

    Args:
        images: ``[height, width, 3]`` of the size of the camera `lens`, of different places.
    """
    scale = min(1.0, _WIDTH / lens.width)
    camera = lens.resized(round(lens.width * scale), round(lens.height * scale))
    edges = [_edges(image, camera) for image in images]
    own = sum((cv2.dilate(item, np.ones((5, 5))) > 0).astype(np.float32) for item in edges) > _ALWAYS * len(edges)
    found = [bows for item in edges for bows in _bows(np.where(own, 0, item).astype(np.uint8), camera)]
    if len(found) < _FEWEST:
        return None
    seen, expected = np.array(found).T
    ratios, weights = seen / expected, np.abs(expected)
    drawn = np.random.default_rng(0).integers(0, len(ratios), (_DRAWS, len(ratios)))
    shares = [_weighted_median(ratios[some], weights[some]) for some in drawn]
    lowest, highest = np.quantile(shares, (0.05, 0.95))
    return Bending(_weighted_median(ratios, weights), float(lowest), float(highest))


def _weighted_median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    """Bears curbs and branches, which are bent to either side."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), 0.5 * weights.sum())])


def _edges(image: Rgb, camera: Camera) -> npt.NDArray[np.uint8]:
    """``[height, width]``, 255 on edges; where edges meet they are cut, so that each piece is one curve."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if grey.shape != (camera.height, camera.width):
        grey = cv2.resize(grey, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    edges = cv2.Canny(cv2.GaussianBlur(grey, (0, 0), 1.0), 30, 80)
    neighbours = cv2.filter2D((edges > 0).astype(np.float32), -1, np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT)
    edges[neighbours > 3] = 0
    return np.asarray(edges, np.uint8)


def _bows(edges: npt.NDArray[np.uint8], camera: Camera) -> Iterator[tuple[float, float]]:
    """Of each edge that tells: how far its middle is off its chord, and how far the lens would put it; pixels."""
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    shortest = _SHORTEST * camera.width
    for label in (np.flatnonzero(np.maximum(boxes[1:, 2], boxes[1:, 3]) >= shortest) + 1).tolist():
        left, top, width, height = boxes[label, :4]
        rows, columns = np.nonzero(labels[top : top + height, left : left + width] == label)
        seen = _bow(np.column_stack([columns + left, rows + top]).astype(np.float64))
        if seen is None:
            continue
        first, last, bow = seen
        expected = _bow_of(camera, first, last)
        if expected is not None and abs(expected) >= _LEAST_BOW:
            yield bow, expected


def _bow(points: npt.NDArray[np.float64]) -> tuple[npt.NDArray, npt.NDArray, float] | None:
    """The ends of the smoothest bow through pixels ``[n, 2]``, and how far its middle is off its chord; None if they
    are no such thing.
    """
    if len(points) < 3:  # of a narrow image, of which an edge of one pixel is a good share
        return None
    middle = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
    along, across = ((points - middle) @ axes.T).T
    length = float(np.ptp(along))
    if length < 1 or len(points) > 1.6 * length:
        return None
    curve = np.polynomial.Polynomial.fit(along, across, 2)
    if np.sqrt(np.mean((across - curve(along)) ** 2)) > _WANDERS:
        return None
    ends = np.array([along.min(), along.max()])
    chord = curve(ends)
    bow = float(curve(ends.mean()) - chord.mean())
    if abs(bow) > _LARGEST * length:
        return None
    first, last = (middle + place * axes[0] + off * axes[1] for place, off in zip(ends, chord, strict=True))
    return (first, last, bow) if _left(axes[0]) @ axes[1] > 0 else (first, last, -bow)


def _bow_of(camera: Camera, first: npt.NDArray, last: npt.NDArray) -> float | None:
    """How far off its chord the lens images the middle of what is straight and has these ends."""
    ends = _undistorted(camera, np.stack([first, last]))
    back = np.stack([_distorted(camera, end) for end in ends])
    if not np.abs(back - (first, last)).max() < _EXACT:  # beyond where the distortion can be inverted, or NaN
        return None
    middle = _distorted(camera, ends.mean(axis=0))
    direction = (last - first) / np.linalg.norm(last - first)
    return float(_left(direction) @ (middle - (first + last) / 2))


def _left(direction: npt.NDArray) -> npt.NDArray:
    return np.array([-direction[1], direction[0]])


def _undistorted(camera: Camera, pixels: npt.NDArray) -> npt.NDArray:
    """Pixels ``[n, 2]`` to the plane at z = 1."""
    coefficients = np.array(camera.distortion or (0.0,) * 4)
    undistort = cv2.fisheye.undistortPoints if camera.projection == "equidistant" else cv2.undistortPoints
    return np.asarray(undistort(pixels[:, None].astype(np.float64), camera.matrix, coefficients))[:, 0]


def _distorted(camera: Camera, point: npt.NDArray) -> npt.NDArray:
    """A point ``[2]`` of the plane at z = 1 to its pixel."""
    coefficients = np.array(camera.distortion or (0.0,) * 4)
    if camera.projection == "equidistant":
        return np.asarray(cv2.fisheye.distortPoints(point[None, None], camera.matrix, coefficients))[0, 0]
    ray = np.append(point, 1.0)[None]
    return np.asarray(cv2.projectPoints(ray, np.zeros(3), np.zeros(3), camera.matrix, coefficients)[0])[0, 0]
