"""A world seen from above: how high the ground is, and where something stands on it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Mesh
from training.street import labels

CELL = 0.5
"""Edge of a square of ground, metres."""
STEP = 0.34
"""Metres between the points that stand for a surface: in each square that it reaches into lies one of them."""
LARGEST = 45.0
"""Triangles with a longer edge, of plains and hills, are no place to stand on."""
GROUND = (labels.ROAD, labels.SIDEWALK, labels.TERRAIN)
LOW, HIGH = 0.3, 2.7
"""What lies so far above the ground is in the way."""
WALLED = (labels.BUILDING,)
"""What stands on the whole of the ground below it."""


class Floor:
    """The ground of a world and what is in the way there.

    Args:
        mesh: what does not move.
        line: ``[n, 2]`` or ``[n, 3]`` points of the road: what is farther from them than `reach` is left out.
        reach: metres.
    """

    def __init__(self, mesh: Mesh, line: npt.NDArray[np.float64], reach: float) -> None:
        self._low = line[:, :2].min(axis=0) - reach
        self._shape = tuple(np.ceil((line[:, :2].max(axis=0) + reach - self._low) / CELL).astype(int))
        corners = mesh.positions[mesh.triangles].astype(np.float64)
        kinds = mesh.materials[mesh.triangles[:, 0], 1]
        longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
        inside = (longest < LARGEST) & np.all(np.abs(self._share(corners.mean(axis=1)) - 0.5) < 0.5, axis=1)
        decal = kinds == labels.NONE
        level = np.abs(_normals(corners)[:, 2]) > 0.7
        ground = inside & np.isin(kinds, GROUND) & level
        self._corners = corners[ground]
        self._kinds = kinds[ground]
        self._index(self._corners)
        solid = inside & ~ground & ~decal & ~np.isin(kinds, GROUND)
        self._blocked = self._find_blocked(corners[solid], np.isin(kinds[solid], WALLED))

    def height(self, place: npt.ArrayLike) -> float | None:
        """z of the ground at a place ``[2]``, the upper one where there are two; None where there is none."""
        x, y = np.asarray(place, np.float64)[:2]
        row, column = np.floor((np.array([x, y]) - self._low) / CELL).astype(int)
        if not (0 <= row < self._shape[0] and 0 <= column < self._shape[1]):
            return None
        cell = row * self._shape[1] + column
        first, last = self._first[cell], self._first[cell + 1]
        a, b, c = self._corners[self._triangles[first:last]].transpose(1, 0, 2)
        area = _cross(b - a, c - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            v = _cross(np.array([x, y, 0.0]) - a, c - a) / area
            w = _cross(b - a, np.array([x, y, 0.0]) - a) / area
        hit = (v >= -1e-6) & (w >= -1e-6) & (v + w <= 1.0 + 1e-6)
        if not hit.any():
            return None
        z = a[:, 2] + v * (b - a)[:, 2] + w * (c - a)[:, 2]
        return float(z[hit].max())

    def free(self, pose: npt.NDArray[np.float64], length: float, width: float) -> bool:
        """Whether there is ground, and nothing in the way, all over a rectangle about a pose ``[4, 4]``."""
        x = np.linspace(-length / 2, length / 2, max(int(np.ceil(length / CELL)) + 1, 2))
        y = np.linspace(-width / 2, width / 2, max(int(np.ceil(width / CELL)) + 1, 2))
        grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
        places = grid @ pose[:2, :2].T + pose[:2, 3]
        cells = np.floor((places - self._low) / CELL).astype(int)
        if np.any(cells < 0) or np.any(cells >= self._shape):
            return False
        return not bool(self._blocked[cells[:, 0], cells[:, 1]].any())

    def _share(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray((points[:, :2] - self._low) / (CELL * np.array(self._shape)))

    def _index(self, corners: npt.NDArray[np.float64]) -> None:
        """Finds which triangles reach into each square: `_triangles`, from `_first` of it to that of the next."""
        points, triangles = _points(corners)
        cells = np.floor((points[:, :2] - self._low) / CELL).astype(np.int64)
        inside = np.all((cells >= 0) & (cells < self._shape), axis=1)
        keys = np.unique((cells[inside, 0] * self._shape[1] + cells[inside, 1]) * len(corners) + triangles[inside])
        self._triangles = keys % max(len(corners), 1)
        count = int(np.prod(self._shape))
        self._first = np.searchsorted(keys // max(len(corners), 1), np.arange(count + 1))
        self._heights = np.full(self._shape, np.nan)
        flat = cells[inside, 0] * self._shape[1] + cells[inside, 1]
        heights = np.full(count, -np.inf)
        np.maximum.at(heights, flat, points[inside, 2])
        self._heights = np.where(np.isinf(heights), np.nan, heights).reshape(self._shape)

    def _find_blocked(self, corners: npt.NDArray[np.float64], walled: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        blocked = np.isnan(self._heights)
        cells = np.floor((corners[..., :2].mean(axis=1) - self._low) / CELL).astype(np.int64)
        ground = self._heights[cells[:, 0], cells[:, 1]]
        low, high = corners[..., 2].min(axis=1) - ground, corners[..., 2].max(axis=1) - ground
        in_the_way = walled | ((low < HIGH) & (high > LOW))
        points, _ = _points(corners[in_the_way] * [1.0, 1.0, 0.0])
        cells = np.floor((points[:, :2] - self._low) / CELL).astype(np.int64)
        inside = np.all((cells >= 0) & (cells < self._shape), axis=1)
        blocked[cells[inside, 0], cells[inside, 1]] = True
        return np.asarray(blocked)


def _points(corners: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Points all over triangles ``[n, 3, 3]``, no farther apart than `STEP` along two edges, and whose they are.

    Of a triangle without area, such as a wall seen from above, points of its longest edge.
    """
    edges = np.roll(corners, -1, axis=1) - corners
    lengths = np.linalg.norm(edges, axis=2)
    first = np.argmax(lengths, axis=1)
    rows = np.arange(len(corners))
    a, along = corners[rows, first], edges[rows, first]
    across = -edges[rows, (first + 2) % 3]
    thin = np.linalg.norm(np.cross(along, across), axis=1) < 0.05 * lengths[rows, first]
    columns = np.ceil(np.linalg.norm(along, axis=1) / STEP).astype(np.int64) + 1
    lines = np.where(thin, 1, np.ceil(np.linalg.norm(across, axis=1) / STEP).astype(np.int64) + 1)
    counts = columns * lines
    triangles = np.repeat(rows, counts)
    number = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    u = (number % columns[triangles]) / (columns[triangles] - 1)
    v = (number // columns[triangles]) / np.maximum(lines[triangles] - 1, 1)
    kept = u + v <= 1.0 + 1e-9
    u, v, triangles = u[kept, None], v[kept, None], triangles[kept]
    return a[triangles] + u * along[triangles] + v * across[triangles], triangles


def _normals(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))


def _cross(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
