"""Triangle meshes with a material per vertex, and the few shapes everything in the procedural worlds is made of.

Convention:
    Right-handed, z up, metres. A prop stands on z = 0 around the origin and faces +x.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Vector: TypeAlias = Sequence[float] | npt.NDArray[Any]
Points: TypeAlias = Sequence[Vector] | npt.NDArray[Any]


@dataclass(frozen=True)
class Material:
    """What a surface is: its class, its texture layer, the colour that tints it and how much of the sky it mirrors."""

    label: int
    layer: int = 0
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gloss: float = 0.0

    def tinted(self, colour: Vector) -> Material:
        return replace(self, colour=(float(colour[0]), float(colour[1]), float(colour[2])))


@dataclass(frozen=True)
class Mesh:
    """Triangles with everything the renderer needs per vertex.

    Attributes:
        positions: ``[n, 3]`` metres.
        normals: ``[n, 3]`` unit length.
        uv: ``[n, 2]`` texture coordinates, 1 is one repeat.
        colours: ``[n, 4]`` tint (sRGB, 0 to 1) and gloss.
        materials: uint8 ``[n, 2]``: texture layer, class label.
        triangles: int32 ``[m, 3]``.
    """

    positions: Floats
    normals: Floats
    uv: Floats
    colours: Floats
    materials: npt.NDArray[np.uint8]
    triangles: npt.NDArray[np.int32]

    def placed(self, pose: npt.NDArray[np.float64], scale: float | Vector = 1.0) -> Mesh:
        """The mesh scaled, then moved by the rigid `pose` ``[4, 4]``."""
        factors = np.broadcast_to(np.asarray(scale, np.float64), 3)
        rotation = pose[:3, :3]
        positions = (self.positions * factors) @ rotation.T + pose[:3, 3]
        normals = (self.normals / factors) @ rotation.T
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        return replace(self, positions=positions.astype(np.float32), normals=normals.astype(np.float32))

    def tinted(self, colour: Vector) -> Mesh:
        """The mesh with every tint multiplied by `colour`."""
        colours = self.colours.copy()
        colours[:, :3] *= np.asarray(colour, np.float32)
        return replace(self, colours=np.clip(colours, 0.0, 1.0))


def join(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of many; of none, an empty mesh."""
    if not meshes:
        return Mesh(
            np.zeros((0, 3), np.float32),
            np.zeros((0, 3), np.float32),
            np.zeros((0, 2), np.float32),
            np.zeros((0, 4), np.float32),
            np.zeros((0, 2), np.uint8),
            np.zeros((0, 3), np.int32),
        )
    offsets = np.cumsum([0] + [len(mesh.positions) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.positions for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.uv for mesh in meshes]),
        np.concatenate([mesh.colours for mesh in meshes]),
        np.concatenate([mesh.materials for mesh in meshes]),
        np.concatenate([mesh.triangles + offset for mesh, offset in zip(meshes, offsets, strict=True)]).astype(
            np.int32
        ),
    )


def pose_at(position: Vector, heading: float = 0.0) -> npt.NDArray[np.float64]:
    """The pose ``[4, 4]`` of something upright at `position` that faces `heading` (radians, counter-clockwise)."""
    pose = np.eye(4)
    cosine, sine = np.cos(heading), np.sin(heading)
    pose[:2, :2] = [[cosine, -sine], [sine, cosine]]
    pose[:3, 3] = position
    return pose


QUAD = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
BOX = np.concatenate([QUAD + 4 * i for i in range(5)])


def _mesh(
    positions: npt.NDArray, normals: npt.NDArray, uv: npt.NDArray, triangles: npt.NDArray, material: Material
) -> Mesh:
    colours, materials = np.empty((len(positions), 4), np.float32), np.empty((len(positions), 2), np.uint8)
    colours[:] = (*material.colour, material.gloss)
    materials[:] = (material.layer, material.label)
    return Mesh(
        np.asarray(positions, np.float32),
        np.asarray(normals, np.float32),
        np.asarray(uv, np.float32),
        colours,
        materials,
        np.asarray(triangles, np.int32),
    )


def _cross(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The cross product of vectors ``[..., 3]``: NumPy's own takes longer to find its axes than to multiply."""
    product = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        product[..., i] = a[..., j] * b[..., k] - a[..., k] * b[..., j]
    return product


@lru_cache(maxsize=256)
def _weave(rows: int, columns: int) -> npt.NDArray[np.int32]:
    """The triangles between the points of a grid."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    return np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])


def _woven(points: npt.NDArray, normals: npt.NDArray, uv: npt.NDArray, material: Material) -> Mesh:
    """A surface through ``[rows, columns, 3]`` points."""
    flat = (points.reshape(-1, 3), normals.reshape(-1, 3), uv.reshape(-1, 2))
    return _mesh(*flat, _weave(*points.shape[:2]), material)


def quad(corners: Points, material: Material, uv: Points = ((0, 0), (1, 0), (1, 1), (0, 1))) -> Mesh:
    """A flat quadrilateral; its normal is (second - first) x (last - first)."""
    points = np.asarray(corners, np.float64)
    (ax, ay, az), (bx, by, bz) = (points[1] - points[0]).tolist(), (points[3] - points[0]).tolist()
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    size = max(math.sqrt(x * x + y * y + z * z), 1e-9)
    normals = np.empty((4, 3), np.float32)
    normals[:] = (x / size, y / size, z / size)
    return _mesh(points, normals, np.asarray(uv), QUAD, material)


def grid(points: npt.ArrayLike, uv: npt.ArrayLike, material: Material, tints: npt.ArrayLike | None = None) -> Mesh:
    """A smooth surface through ``[rows, columns, 3]`` points; normals point along (along columns) x (along rows).

    Args:
        uv: texture coordinates ``[rows, columns, 2]``.
        tints: factors of the material's colour, broadcastable to ``[rows, columns, 3]``.
    """
    surface = np.asarray(points, np.float64)
    rows, columns = surface.shape[:2]
    normals = _cross(np.gradient(surface, axis=1), np.gradient(surface, axis=0))
    sizes = np.linalg.norm(normals, axis=2, keepdims=True)
    normals = np.where(sizes > 1e-9, normals / np.maximum(sizes, 1e-9), [0.0, 0.0, 1.0])
    mesh = _woven(surface, normals, np.asarray(uv, np.float64), material)
    if tints is not None:
        factors = np.broadcast_to(np.asarray(tints, np.float32), (rows, columns, 3)).reshape(-1, 3)
        mesh.colours[:, :3] = np.clip(mesh.colours[:, :3] * factors, 0.0, 1.0)
    return mesh


def box(low: Vector, high: Vector, material: Material, top: Material | None = None, repeat: float = 1.0) -> Mesh:
    """An upright box between two corners, without its underside.

    Args:
        top: the material of the upper face, by default that of the sides.
        repeat: metres one repeat of the texture covers.
    """
    (x0, y0, z0), (x1, y1, z1) = low, high
    long, wide, tall = (x1 - x0) / repeat, (y1 - y0) / repeat, (z1 - z0) / repeat
    positions, uv = np.empty((5, 4, 3)), np.zeros((5, 4, 2))
    # the sides at y0, x1, y1 and x0, each from its lower corners up, then the upper face
    positions[..., 0] = ((x0, x1, x1, x0), (x1, x1, x1, x1), (x1, x0, x0, x1), (x0, x0, x0, x0), (x0, x1, x1, x0))
    positions[..., 1] = ((y0, y0, y0, y0), (y0, y1, y1, y0), (y1, y1, y1, y1), (y1, y0, y0, y1), (y0, y0, y1, y1))
    positions[:4, :, 2] = (z0, z0, z1, z1)
    positions[4, :, 2] = z1
    uv[:, 1:3, 0] = np.abs([long, wide, long, wide, long])[:, None]
    uv[:, 2:, 1] = np.array([tall, tall, tall, tall, wide])[:, None]
    uv[4, 1:3, 0] = long
    normals = np.repeat(
        np.sign([[0, -long, 0], [wide, 0, 0], [0, long, 0], [-wide, 0, 0], [0, 0, long * wide]]), 4, axis=0
    )
    normals[:16] *= np.sign(tall)
    mesh = _mesh(positions.reshape(-1, 3), normals, uv.reshape(-1, 2), BOX, material)
    if top is not None:
        mesh.colours[16:] = (*top.colour, top.gloss)
        mesh.materials[16:] = (top.layer, top.label)
    return mesh


def tube(start: Vector, end: Vector, radii: tuple[float, float], material: Material, sides: int = 8) -> Mesh:
    """The side of a (truncated) cone from `start` to `end`, open at both ends."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    axis = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
    helper = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    u = _cross(axis, helper)
    u /= np.linalg.norm(u)
    v = _cross(axis, u)
    angles = np.linspace(0.0, 2.0 * np.pi, sides + 1)
    ring = np.cos(angles)[:, None] * u + np.sin(angles)[:, None] * v
    points, uv = np.empty((2, sides + 1, 3)), np.empty((2, sides + 1, 2))
    points[0], points[1] = a + radii[0] * ring, b + radii[1] * ring
    uv[..., 0] = np.linspace(0, 1, sides + 1)
    uv[0, :, 1], uv[1, :, 1] = 0.0, 2.0
    return _woven(points, np.stack([ring, ring]), uv, material)


def disc(centre: Vector, normal: Vector, radius: float, material: Material, sides: int = 12) -> Mesh:
    """A flat disc; the texture's unit square is drawn around it, its top towards +z (or -x of a level disc)."""
    direction = np.asarray(normal, np.float64) / np.linalg.norm(normal)
    up = np.array([0.0, 0.0, 1.0]) if abs(direction[2]) < 0.9 else np.array([-1.0, 0.0, 0.0])
    right = _cross(up, direction)
    right /= np.linalg.norm(right)
    up = _cross(direction, right)
    angles = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False) + np.pi / sides
    rim = np.stack([np.cos(angles), np.sin(angles)], -1)
    points = np.asarray(centre) + radius * (rim[:, :1] * right + rim[:, 1:] * up)
    fan = np.stack([np.zeros(sides - 2, int), np.arange(1, sides - 1), np.arange(2, sides)], -1)
    return _mesh(points, np.tile(direction, (sides, 1)), rim * [0.5, 0.5] + 0.5, fan, material)


def ellipsoid(centre: Vector, radii: Vector, material: Material, rings: int = 5, sides: int = 8) -> Mesh:
    """A smooth ellipsoid."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, sides + 1), indexing="ij")
    unit = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    uv = np.stack([around / np.pi, polar / np.pi], -1)
    normals = unit / radii
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    return _woven(unit * radii + np.asarray(centre), normals, uv, material)
