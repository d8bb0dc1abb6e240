"""The camera: a perspective or an equidistant (fisheye) lens, with distortion."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError


class GeometryError(DepthPerceptionError):
    """A camera, pose or point set that cannot be what it claims to be."""


Projection = Literal["perspective", "equidistant"]
"""How the angle t of a ray to the optical axis becomes its distance from the principal point: f tan t, or f t."""

COEFFICIENTS: dict[Projection, tuple[int, ...]] = {"perspective": (0, 4, 5, 8, 12, 14), "equidistant": (0, 4)}
"""How many coefficients a camera's distortion may have."""

_ALIKE, _ALIKE_COEFFICIENTS = 0.01, 1e-5
"""Pixels, and what a coefficient of a lens may change by, without a difference that anybody could see."""


@dataclass(frozen=True)
class Camera:
    """Intrinsics of one image. The principal point lies anywhere: a window of an image need not hold it.

    Convention:
        Optical frame (REP-103): x right, y down, z forward. Pixel coordinates are (column, row), the *centre* of the
        first pixel is (0, 0), as in OpenCV and ROS. All lengths in pixels.

    Attributes:
        distortion: OpenCV's coefficients: of a perspective lens (k1, k2, p1, p2[, k3[, k4, k5, k6[, s1, s2, s3, s4[,
            tx, ty]]]]), of an equidistant one (k1, k2, k3, k4); empty if there is none.
        projection: that of the lens; a rectified image is perspective.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()
    projection: Projection = "perspective"

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise GeometryError(f"camera size is {self.width}x{self.height}, expected positive numbers")
        values = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        if not np.all(np.isfinite(values)):
            raise GeometryError(f"camera intrinsics hold a value that is not finite: {values}")
        if self.fx <= 0 or self.fy <= 0:
            raise GeometryError(
                f"focal length is ({self.fx}, {self.fy}), expected positive numbers: calibrate the camera"
            )
        counts = COEFFICIENTS.get(self.projection)
        if counts is None:
            raise GeometryError(f"projection is '{self.projection}', expected one of {', '.join(COEFFICIENTS)}")
        if len(self.distortion) not in counts:
            expected = ", ".join(map(str, counts[:-1])) + f" or {counts[-1]}"
            raise GeometryError(
                f"{len(self.distortion)} distortion coefficients given, a lens of {self.projection} projection has"
                f" {expected}"
            )

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """The intrinsic matrix K, ``[3, 3]``."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def aspect(self) -> float:
        """Width by height of what it sees, whatever the shape of its pixels."""
        return self.width / self.fx / (self.height / self.fy)

    @property
    def is_distorted(self) -> bool:
        """Whether its images have to be rectified: straight lines are not straight in them."""
        return self.projection != "perspective" or any(self.distortion)

    def is_like(self, other: Camera) -> bool:
        """Whether they differ by the last digits alone, so that no pixel is elsewhere."""
        if len(self.distortion) != len(other.distortion):
            return False
        mine, theirs = ((item.fx, item.fy, item.cx, item.cy) for item in (self, other))
        return (
            (self.width, self.height, self.projection) == (other.width, other.height, other.projection)
            and np.allclose(mine, theirs, rtol=0.0, atol=_ALIKE)
            and np.allclose(self.distortion, other.distortion, rtol=0.0, atol=_ALIKE_COEFFICIENTS)
        )

    def rectified(self) -> Camera:
        """The pinhole of the same focal length and principal point."""
        return replace(self, distortion=(), projection="perspective")

    def as_json(self) -> dict[str, Any]:
        """All that tells it from other cameras; without its projection where that is perspective, as cameras were
        stored before there was another one.
        """
        values = asdict(self)
        if self.projection == "perspective":
            del values["projection"]
        return values

    def cropped(self, left: int, top: int, width: int, height: int) -> Camera:
        """The camera of a window of the image."""
        return replace(self, width=width, height=height, cx=self.cx - left, cy=self.cy - top)

    def resized(self, width: int, height: int) -> Camera:
        """The camera of the image resized to ``width x height``; pixel centres keep their place in the image plane."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self,
            width=width,
            height=height,
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=(self.cx + 0.5) * sx - 0.5,
            cy=(self.cy + 0.5) * sy - 0.5,
        )

    def rays(self) -> npt.NDArray[np.float32]:
        """Direction of every pixel with z = 1, ``[height, width, 3]``; a pixel's point is its ray times its depth.

        Raises: `GeometryError` for a distorted camera: rectify first.
        """
        if self.is_distorted:
            raise GeometryError("rays of a distorted camera asked for: rectify the image first")
        rays = np.empty((self.height, self.width, 3), np.float32)
        rays[..., 0] = (np.arange(self.width) - self.cx) / self.fx
        rays[..., 1] = ((np.arange(self.height) - self.cy) / self.fy)[:, None]
        rays[..., 2] = 1.0
        return rays
