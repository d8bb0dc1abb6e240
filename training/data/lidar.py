"""True depth from LiDAR: scans of a Velodyne as pixels of a camera beside it.

Convention:
    LiDAR axes: x forward, y left, z up. Depth lies on whole pixels, the centre of the first is (0, 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError


@dataclass(frozen=True)
class LidarDepths:
    """Depth maps of scans, read and projected when they are asked for.

    Attributes:
        paths: Velodyne's ``.bin`` files; None for a frame without a scan.
        image_from_lidar: ``[3, 4]``, takes LiDAR points to homogeneous pixels; its third row gives metres.
        width, height: of the image.
        forward: whether depth is LiDAR's x instead of the distance along the optical axis.
    """

    paths: Sequence[Path | None]
    image_from_lidar: npt.NDArray[np.float64]
    width: int
    height: int
    forward: bool = False

    def __getitem__(self, index: int) -> npt.NDArray[np.float32] | None:
        path = self.paths[index]
        if path is None:
            return None
        return lidar_depth(read_scan(path), self.image_from_lidar, self.width, self.height, self.forward)


def read_scan(path: Path) -> npt.NDArray[np.float32]:
    """Points ``[n, 3]`` of a scan, metres; its reflectances are left out.

    Raises: `TrainingError` if it is missing or cut short.
    """
    try:
        values = np.fromfile(path, np.float32)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror}): get it again") from None
    if path.stat().st_size % 16 or not values.size:
        raise TrainingError(f"{path}: has {path.stat().st_size} bytes, expected 16 for each point: it is cut short")
    return values.reshape(-1, 4)[:, :3]


def lidar_depth(
    points: npt.NDArray[np.floating],
    image_from_lidar: npt.NDArray[np.float64],
    width: int,
    height: int,
    forward: bool = False,
) -> npt.NDArray[np.float32]:
    """The sparse depth map ``[height, width]`` of points ``[n, 3]``, metres, NaN where there is none.

    As the published figures on KITTI's Eigen split have it: points with x >= 0, at the pixel ``round(u) - 1,
    round(v) - 1``, the nearest of those that share one. `forward` gives LiDAR's x as those figures do; the distance
    along the optical axis is what a camera's depth is. Differs from them: points between LiDAR and camera, which lie
    behind the camera and project upside down, are left out.
    """
    points = points[points[:, 0] >= 0].astype(np.float64)
    projected = points @ image_from_lidar[:, :3].T + image_from_lidar[:, 3]
    seen = projected[:, 2] > 0
    points, projected = points[seen], projected[seen]
    columns, rows = (np.rint(projected[:, :2] / projected[:, 2:]) - 1).T
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    values = points[inside, 0] if forward else projected[inside, 2]
    depth = np.full((height, width), np.inf)
    np.minimum.at(depth, (rows[inside].astype(np.intp), columns[inside].astype(np.intp)), values)
    depth[np.isinf(depth)] = np.nan
    return depth.astype(np.float32)
