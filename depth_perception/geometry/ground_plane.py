"""The plane of the road from one depth image: how high the camera stands, and how flat the depth says the road is.

A plane ``n . P = h`` seen along rays r with z = 1 is linear in inverse depth: ``1 / z = (n / h) . r``. Fitting that by
least squares, with trimming, bears noise and tilt that normals of neighbouring pixels do not. It begins with the plane
of three pixels that most others are near, because what stands out of the road, the own bonnet before all, is close.

Convention:
    Optical axes: x right, y down, z forward. The normal points from the camera to the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera, GeometryError

DOWN = (0.0, 1.0, 0.0)
"""Direction of gravity for a camera that is mounted level."""

_SAMPLES = 8000
_FEWEST_SAMPLES = 100
_ROUNDS = 5
_DEVIATIONS = 2.5
_TRIED, _COMPARED = 100, 500
"""Planes of three pixels, and pixels that each is compared with."""
_NARROW = 1e-6
"""Determinant of three rays, below which they lie in one plane with the camera: they see no other."""
_EVEN = 0.01
"""No road is flatter than this share of depth: errors below it are never trimmed."""


@dataclass(frozen=True)
class GroundPlane:
    """A plane fitted to depth.

    Attributes:
        normal: Unit vector from the camera to the ground.
        height: Distance of the camera from the plane, in the unit of the depth it was fitted to.
        inliers: Share of the samples that the trimming kept, 0 to 1.
        residual: Median over *all* samples, kept or not, of the distance between the depth and the plane's depth along
            the same ray, as a share of the plane's depth.
        spread: Standard deviation of that share over the kept samples.
    """

    normal: tuple[float, float, float]
    height: float
    inliers: float
    residual: float
    spread: float

    def angle_to(self, direction: npt.ArrayLike) -> float:
        """Angle in radians between the normal and `direction`, such as that of gravity in the camera."""
        direction = np.asarray(direction, np.float64)
        cosine = np.dot(self.normal, direction) / np.linalg.norm(direction)
        return float(np.arccos(np.clip(cosine, -1.0, 1.0)))


def road_region(
    camera: Camera, gravity: npt.ArrayLike = DOWN, *, half_width: float = 1.25, reach: float = 14.0
) -> npt.NDArray[np.bool_]:
    """The pixels where the own lane is if the ground is flat, ``[height, width]`` bool.

    It needs no camera height, because the limits are in camera heights: a vehicle's camera at 1.5 m sees with the
    defaults what lies up to 21 m ahead and 1.9 m to the side.

    Args:
        gravity: Direction of gravity in the camera.
        half_width: To each side, in camera heights.
        reach: Ahead, in camera heights.

    Raises: `GeometryError` if gravity is no direction, or the camera looks straight up or down.
    """
    down = np.asarray(gravity, np.float64)
    right = np.cross(down, (0.0, 0.0, 1.0))
    if down.shape != (3,) or not np.linalg.norm(right) > 1e-3 * np.linalg.norm(down):
        raise GeometryError(f"gravity is {down.tolist()} in the camera, which sees no road ahead: check its mount")
    down, right = down / np.linalg.norm(down), right / np.linalg.norm(right)
    ahead = np.cross(right, down)
    rays = camera.rays().astype(np.float64)
    fall, side, forward = rays @ down, rays @ right, rays @ ahead
    return (fall * reach > forward) & (np.abs(side) < half_width * fall)


def fit_ground_plane(
    depth: npt.NDArray[np.float32], camera: Camera, region: npt.NDArray[np.bool_] | None = None
) -> GroundPlane | None:
    """The plane of the road in a depth image of `camera`, float32 ``[height, width]``; None where there is too little.

    Args:
        region: The pixels to look at; None means `road_region` of a level camera.

    Raises: `GeometryError` if depth or region has another size than the camera.
    """
    if region is None:
        region = road_region(camera)
    for name, array in (("depth", depth), ("region", region)):
        if array.shape != (camera.height, camera.width):
            raise GeometryError(
                f"{name} has shape {array.shape}, expected {(camera.height, camera.width)} of its camera"
            )
    rows, columns = np.nonzero(region & np.isfinite(depth) & (depth > 0))
    stride = max(1, len(rows) // _SAMPLES)
    rows, columns = rows[::stride], columns[::stride]
    if len(rows) < _FEWEST_SAMPLES:
        return None
    rays = np.stack([(columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy, np.ones(len(rows))], axis=-1)
    return fit_plane(rays, depth[rows, columns])


def fit_plane(rays: npt.ArrayLike, depth: npt.ArrayLike) -> GroundPlane | None:
    """A plane through points ``rays * depth``: rays ``[n, 3]`` with z = 1, depth ``[n]``; None if they show no plane.

    Source: least squares in inverse depth with five rounds of trimming by the median absolute deviation, from the least
    median of squares (Rousseeuw, JASA 1984).
    """
    rays, inverse_depth = np.asarray(rays, np.float64), 1.0 / np.asarray(depth, np.float64)
    kept = _about_a_plane(rays, inverse_depth)
    for _ in range(_ROUNDS + 1):
        plane, _, rank, _ = np.linalg.lstsq(rays[kept], inverse_depth[kept], rcond=None)
        height = 1.0 / np.linalg.norm(plane)
        expected = rays @ plane
        if rank < 3 or not np.isfinite(height) or np.mean(expected > 0) < 0.5:
            return None
        # Relative to the plane, the error of a network's depth is about as large near as far.
        error = inverse_depth / np.maximum(expected, 1e-9) - 1.0
        middle = np.median(error[kept])
        deviation = 1.4826 * np.median(np.abs(error[kept] - middle))
        kept = (np.abs(error - middle) <= max(_DEVIATIONS * deviation, _EVEN)) & (expected > 0)
        if np.count_nonzero(kept) < _FEWEST_SAMPLES:
            return None
    share = np.where(expected > 0, np.abs(expected / inverse_depth - 1.0), np.inf)
    normal = plane * height
    return GroundPlane(
        normal=(float(normal[0]), float(normal[1]), float(normal[2])),
        height=float(height),
        inliers=float(np.mean(kept)),
        residual=float(np.median(share)),
        spread=float(np.std(error[kept])),
    )


def _about_a_plane(rays: npt.NDArray[np.float64], inverse_depth: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """The half of the points, ``[n]`` bool, that is nearest to one plane through three of them."""
    rng = np.random.default_rng(0)
    some = slice(None, None, max(1, len(rays) // _COMPARED))
    triples = rng.integers(len(rays), size=(_TRIED, 3))
    corners = rays[triples]
    wide = np.abs(np.linalg.det(corners)) > _NARROW
    planes = np.linalg.solve(corners[wide], inverse_depth[triples][wide][..., None])[..., 0]
    if len(planes) == 0:
        return np.ones(len(rays), np.bool_)
    # Relative to the depth seen: what would make a plane of a few close pixels is no better than any other.
    off = np.median(np.abs(planes @ rays[some].T / inverse_depth[some] - 1.0), axis=1)
    error = np.abs(rays @ planes[np.argmin(off)] / inverse_depth - 1.0)
    return np.asarray(error <= np.median(error), np.bool_)
