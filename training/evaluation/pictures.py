"""What several networks say of one frame, to look at: depth strips, error maps, and crops of the strongest edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from depth_perception.evaluation.frame import Depth, Frame
from depth_perception.evaluation.pictures import Rgb, depth_picture, error_picture
from training.errors import TrainingError
from training.evaluation.tables import short_names

PATCH = 80
"""Pixels; side of a crop around an edge."""
PATCHES = 6
ENLARGED = 3
FAR = 80.0
"""Metres; edges beyond are none."""


class Pictures:
    """Writes three pictures of every so-many-th frame it is handed (see `training.evaluation.depth.Draw`):
    ``depth_NAME.png``, ``error_NAME.png`` and ``edges_NAME.png``.

    Args:
        folder: for the pictures.
        step: of the frames.
        maximum: metres; truth beyond it has no error.
    """

    def __init__(self, folder: Path, step: int, maximum: float) -> None:
        self._folder, self._step, self._maximum = folder, step, maximum

    def __call__(self, number: int, frame: Frame, depth: Mapping[str, Depth], scales: Mapping[str, float]) -> None:
        if number % self._step:
            return
        captions = short_names(list(depth))
        depth = {short: depth[name] * np.float32(scales[name]) for short, name in zip(captions, depth, strict=True)}
        strips = {
            "depth": depth_strip(frame, depth),
            "error": error_strip(frame, depth, self._maximum),
            "edges": edge_crops(frame, depth),
        }
        for kind, picture in strips.items():
            write_picture(self._folder / f"{kind}_{frame.name.replace('/', '_')}.png", picture)


def depth_strip(frame: Frame, depth: Mapping[str, Depth]) -> Rgb:
    """Image, truth and each prediction below each other: near is bright."""
    rows = [captioned(_image(frame), "image"), captioned(depth_picture(_thickened(frame.truth)), "truth")]
    return np.concatenate(rows + [captioned(depth_picture(item), name) for name, item in depth.items()])


def error_strip(frame: Frame, depth: Mapping[str, Depth], maximum: float) -> Rgb:
    """The image, and each prediction's relative error below it: blue is none, red is half the truth or more."""
    truth = _thickened(frame.truth)
    rows = [captioned(_image(frame), "image")]
    for name, item in depth.items():
        rows.append(captioned(error_picture(truth, item, 1.0, maximum), name))
    return np.concatenate(rows)


def edge_crops(frame: Frame, depth: Mapping[str, Depth]) -> Rgb:
    """Columns of crops around the strongest edges: the image, the truth where it is dense, and each prediction."""
    dense = not np.isnan(frame.truth).any()
    corners = strongest_edges([frame.truth] if dense else list(depth.values()))
    rows: dict[str, Rgb] = {"image": _image(frame)}
    if dense:
        rows["truth"] = depth_picture(frame.truth)
    rows |= {name: depth_picture(item) for name, item in depth.items()}
    strips = []
    for name, picture in rows.items():
        crops = [_crop(picture, corner) for corner in corners]
        strips.append(captioned(np.concatenate([np.pad(crop, ((4, 0), (0, 4), (0, 0))) for crop in crops], 1), name))
    return np.concatenate(strips)


def strongest_edges(depth: Sequence[Depth]) -> list[tuple[int, int]]:
    """Row and column of the first pixel of up to `PATCHES` windows of `PATCH` pixels with the strongest steps of log
    depth, strongest first; no two overlap by more than half."""
    strength = np.zeros(depth[0].shape, np.float32)
    for item in depth:
        logarithm = np.log(np.clip(np.nan_to_num(item, nan=FAR, posinf=FAR), 1.0, FAR))
        across, down = cv2.Sobel(logarithm, cv2.CV_32F, 1, 0), cv2.Sobel(logarithm, cv2.CV_32F, 0, 1)
        strength += np.square(across) + np.square(down)  # a step at once counts more than one that is spread
    height, width = strength.shape
    side = min(PATCH, height, width)
    sums = cv2.integral(strength)
    inside = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    found: list[tuple[int, int]] = []
    while len(found) < PATCHES and np.isfinite(inside.max()):
        row, column = (int(i) for i in np.unravel_index(int(np.argmax(inside)), inside.shape))
        found.append((row, column))
        apart = side // 2
        inside[max(0, row - apart) : row + apart + 1, max(0, column - apart) : column + apart + 1] = -np.inf
    return found


def captioned(picture: Rgb, text: str) -> Rgb:
    """The picture with a line of text on it."""
    result = np.array(picture, order="C")
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    cv2.rectangle(result, (0, 0), (width + 8, height + 8), (0, 0, 0), cv2.FILLED)
    cv2.putText(result, text, (4, height + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(result, np.uint8)


def _crop(picture: Rgb, corner: tuple[int, int]) -> Rgb:
    row, column = corner
    patch = picture[row : row + PATCH, column : column + PATCH]
    return np.asarray(np.kron(patch, np.ones((ENLARGED, ENLARGED, 1), np.uint8)), np.uint8)


def _image(frame: Frame) -> Rgb:
    rows, columns = frame.truth.shape
    if frame.image.shape[:2] == (rows, columns):
        return frame.image
    return np.asarray(cv2.resize(frame.image, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def _thickened(truth: Depth) -> Depth:
    """Sparse truth with each point spread over its 3x3 surroundings, the nearest first: single pixels are not seen."""
    known = np.isfinite(truth)
    if known.mean() > 0.5:
        return truth
    nearest = cv2.erode(np.where(known, truth, np.inf).astype(np.float32), np.ones((3, 3), np.uint8))
    return np.where(np.isinf(nearest), np.nan, nearest).astype(np.float32)


def write_picture(path: Path, picture: Rgb) -> None:
    """Raises: `TrainingError` if it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), picture[..., ::-1]):
        raise TrainingError(f"{path}: cannot be written")
