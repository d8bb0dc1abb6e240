"""Triangle meshes with a material per vertex, and the few shapes everything in the procedural worlds is made of.

Convention:
    Right-handed, z up, metres. A prop stands on z = 0 around the origin and faces +x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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


def _mesh(
    positions: npt.NDArray, normals: npt.NDArray, uv: npt.NDArray, triangles: npt.NDArray, material: Material
) -> Mesh:
    count = len(positions)
    return Mesh(
        np.asarray(positions, np.float32),
        np.asarray(normals, np.float32),
        np.asarray(uv, np.float32),
        np.tile(np.array([*material.colour, material.gloss], np.float32), (count, 1)),
        np.tile(np.array([material.layer, material.label], np.uint8), (count, 1)),
        np.asarray(triangles, np.int32),
    )


def quad(corners: Points, material: Material, uv: Points = ((0, 0), (1, 0), (1, 1), (0, 1))) -> Mesh:
    """A flat quadrilateral; its normal is (second - first) x (last - first)."""
    points = np.asarray(corners, np.float64)
    normal = np.cross(points[1] - points[0], points[3] - points[0])
    normal /= max(float(np.linalg.norm(normal)), 1e-9)
    return _mesh(points, np.tile(normal, (4, 1)), np.asarray(uv), np.array([[0, 1, 2], [0, 2, 3]]), material)


def grid(points: npt.ArrayLike, uv: npt.ArrayLike, material: Material, tints: npt.ArrayLike | None = None) -> Mesh:
    """A smooth surface through ``[rows, columns, 3]`` points; normals point along (along columns) x (along rows).

    Args:
        uv: texture coordinates ``[rows, columns, 2]``.
        tints: factors of the material's colour, broadcastable to ``[rows, columns, 3]``.
    """
    surface = np.asarray(points, np.float64)
    rows, columns = surface.shape[:2]
    normals = np.cross(np.gradient(surface, axis=1), np.gradient(surface, axis=0))
    sizes = np.linalg.norm(normals, axis=2, keepdims=True)
    normals = np.where(sizes > 1e-9, normals / np.maximum(sizes, 1e-9), [0.0, 0.0, 1.0])
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])
    mesh = _mesh(
        surface.reshape(-1, 3), normals.reshape(-1, 3), np.asarray(uv, np.float64).reshape(-1, 2), triangles, material
    )
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
    faces = [
        ([x0, y0], [x1, y0]),
        ([x1, y0], [x1, y1]),
        ([x1, y1], [x0, y1]),
        ([x0, y1], [x0, y0]),
    ]
    meshes = []
    for start, end in faces:
        length = float(np.hypot(end[0] - start[0], end[1] - start[1])) / repeat
        height = (z1 - z0) / repeat
        corners = [[*start, z0], [*end, z0], [*end, z1], [*start, z1]]
        meshes.append(quad(corners, material, [[0, 0], [length, 0], [length, height], [0, height]]))
    corners = [[x0, y0, z1], [x1, y0, z1], [x1, y1, z1], [x0, y1, z1]]
    u, v = (x1 - x0) / repeat, (y1 - y0) / repeat
    meshes.append(quad(corners, top or material, [[0, 0], [u, 0], [u, v], [0, v]]))
    return join(meshes)


def tube(start: Vector, end: Vector, radii: tuple[float, float], material: Material, sides: int = 8) -> Mesh:
    """The side of a (truncated) cone from `start` to `end`, open at both ends."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    axis = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
    helper = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    u = np.cross(axis, helper)
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    angles = np.linspace(0.0, 2.0 * np.pi, sides + 1)
    ring = np.cos(angles)[:, None] * u + np.sin(angles)[:, None] * v
    points = np.stack([a + radii[0] * ring, b + radii[1] * ring])
    uv = np.stack(np.broadcast_arrays(np.linspace(0, 1, sides + 1)[None], np.array([[0.0], [2.0]])), -1)
    mesh = grid(points, uv, material)
    return replace(mesh, normals=np.concatenate([ring, ring]).astype(np.float32))


def disc(centre: Vector, normal: Vector, radius: float, material: Material, sides: int = 12) -> Mesh:
    """A flat disc; the texture's unit square is drawn around it, its top towards +z (or -x of a level disc)."""
    direction = np.asarray(normal, np.float64) / np.linalg.norm(normal)
    up = np.array([0.0, 0.0, 1.0]) if abs(direction[2]) < 0.9 else np.array([-1.0, 0.0, 0.0])
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    up = np.cross(direction, right)
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
    mesh = grid(unit * radii + np.asarray(centre), uv, material)
    normals = (unit / radii).reshape(-1, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return replace(mesh, normals=normals.astype(np.float32))
