"""Depth as colours, and a point cloud as a photograph: arrays to uint8 RGB ``[height, width, 3]``."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.point_cloud import FloatImage

Rgb = npt.NDArray[np.uint8]

NEAR, FAR = 2.0, 80.0
"""Metres; ends of the colours of depth, which are logarithmic between."""
LARGEST_ERROR = 0.5
"""End of the colours of relative error."""
_DARKEST = 0.2
"""Of the colours of depth: black means unknown, and nothing else."""
_SKY = (36, 40, 52)
_NONE = (0, 0, 0)
_HORIZON = np.array([52, 58, 70])
_GROUND = np.array([16, 18, 24])


def depth_picture(depth: FloatImage, unit: float = 1.0) -> Rgb:
    """Near is bright, far is dark, beyond range is grey-blue, unknown is black.

    Args:
        unit: Metres in one unit of the depth.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1.0 - np.log(depth * unit / NEAR) / np.log(FAR / NEAR)
    picture = _coloured(_DARKEST + (1 - _DARKEST) * np.clip(share, 0, 1), cv2.COLORMAP_MAGMA)
    picture[np.isnan(depth)] = _NONE
    picture[np.isposinf(depth)] = _SKY
    return picture


def error_picture(truth: FloatImage, depth: FloatImage, scale: float, maximum_depth: float) -> Rgb:
    """|truth - scale * depth| / truth where truth is below `maximum_depth`: dark blue is none, red is much."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(np.minimum(depth * scale, maximum_depth) - truth) / truth
        known = np.isfinite(truth) & (truth > 0) & (truth < maximum_depth) & np.isfinite(error)
    picture = _coloured(np.where(known, error / LARGEST_ERROR, 0), cv2.COLORMAP_TURBO)
    picture[~known] = _NONE
    return picture


def cloud_picture(
    points: npt.NDArray[np.float32],
    *,
    spacing: float,
    width: int = 1600,
    height: int = 760,
    back: float = 7.0,
    up: float = 4.5,
    look_ahead: float = 16.0,
    farthest: float = 60.0,
) -> Rgb:
    """The cloud as seen by an onlooker behind and above the camera that made it.

    Args:
        points: ``[n, 4]`` as in `geometry.point_cloud`: optical axes, metres, colour packed in the last.
        spacing: Angle between neighbouring points as the first camera saw them, radians: how large to paint them.
        back, up: Where the onlooker is, metres.
        look_ahead: Metres; the onlooker looks at the road of this distance.
        farthest: Metres; what is beyond is left out, and what is near it fades.
    """
    there = np.isfinite(points[:, 2]) & (points[:, 2] < farthest)
    x, y, z = points[there, :3].astype(np.float64).T
    packed = np.ascontiguousarray(points[there, 3]).view(np.uint32)
    colours = np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1).astype(np.float64)

    tilt = np.arctan2(up + 1.5, back + look_ahead)
    ahead = np.sin(tilt) * (y + up) + np.cos(tilt) * (z + back)
    below = np.cos(tilt) * (y + up) - np.sin(tilt) * (z + back)
    focal_length = 0.95 * width
    column = focal_length * x / ahead + width / 2
    row = focal_length * below / ahead + 0.5 * height
    # twice the spacing: the road is stretched for an onlooker who sees it from higher up
    size = np.clip(np.ceil(2.0 * focal_length * spacing * z / ahead), 1, 9).astype(int)
    haze = (0.5 * np.clip(ahead / (farthest + back), 0, 1) ** 1.5)[:, None]
    colours = (1 - haze) * colours + haze * _HORIZON

    picture = np.linspace(_HORIZON, _GROUND, height).astype(np.uint8)[:, None].repeat(width, axis=1)
    nearest = np.full((height, width), np.inf)
    for side in range(1, size.max(initial=0) + 1):
        chosen = np.flatnonzero(size == side)
        # far to near, because of two assignments to one pixel the later one stays
        chosen = chosen[np.argsort(-ahead[chosen])]
        for down in range(side):
            for right in range(side):
                rows = np.floor(row[chosen]).astype(int) + down - side // 2
                columns = np.floor(column[chosen]).astype(int) + right - side // 2
                inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
                rows, columns, points_inside = rows[inside], columns[inside], chosen[inside]
                visible = ahead[points_inside] < nearest[rows, columns]
                rows, columns, points_inside = rows[visible], columns[visible], points_inside[visible]
                nearest[rows, columns] = ahead[points_inside]
                picture[rows, columns] = colours[points_inside]
    return picture


def _coloured(share: npt.NDArray, colours: int) -> Rgb:
    levels = np.nan_to_num(np.clip(share, 0, 1) * 255, nan=0.0).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.applyColorMap(levels, colours), cv2.COLOR_BGR2RGB), np.uint8)
