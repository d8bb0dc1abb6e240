"""A mesh as the graphics library has it: packed vertices, and triangles in chunks that can be left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Mesh
from training.rendering.shaders import Kind
from training.rendering.textures import Textures

VERTEX = np.dtype(
    [("position", "f4", 3), ("normal", "u1", 4), ("uv", "f4", 2), ("colour", "u1", 4), ("material", "u1", 4)]
)
VERTEX_FORMAT = "3f4 4f1 2f4 4f1 4u1"
VERTEX_NAMES = ("in_position", "in_normal", "in_uv", "in_colour", "in_material")
BACKGROUND = 2**31 - 1
"""The cell of triangles that are larger than a chunk, hills and plains: always drawn, after all else of their kind."""
SMALL = (1.2, 0.6, 0.3, 0.15, 0.0)
"""A chunk's triangles are kept in groups by their longest edge, metres: far away the small ones are left out."""
NOTHING = 1e-6
"""Twice the area of a triangle nobody can see, square metres."""


@dataclass(frozen=True)
class Chunk:
    """Triangles of one kind, large ones first, and the sphere around them.

    Attributes:
        counts: indices to draw for triangles at least as long as each of `SMALL`.
    """

    kind: Kind
    first: int
    counts: tuple[int, ...]
    centre: npt.NDArray[np.float64]
    radius: float


class Drawable:
    """A mesh in graphics memory.

    Args:
        textures: what its materials' layers are.
        chunk: edge of the squares of ground that its triangles are sorted into, metres.

    Attributes:
        chunks: the triangles by kind and square.
        centres: ``[chunks, 3]`` of the spheres around them, metres.
        radii: ``[chunks]``; infinite for what is larger than a square.
        middle: ``[3]`` of the sphere around all, with radius `reach`.
    """

    def __init__(self, context: Any, mesh: Mesh, textures: Textures, chunk: float) -> None:
        vertices = np.zeros(len(mesh.positions), VERTEX)
        vertices["position"] = mesh.positions
        vertices["normal"][:, :3] = np.rint(mesh.normals * 127.0 + 128.0)
        vertices["uv"] = mesh.uv
        vertices["colour"] = np.rint(np.clip(mesh.colours, 0, 1) * 255.0)
        vertices["material"][:, :2] = mesh.materials
        # the poles of an ellipsoid and the tips of gables are triangles of no area
        corners = mesh.positions[mesh.triangles].astype(np.float64)
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        mesh = replace(mesh, triangles=mesh.triangles[area > NOTHING])
        corners = corners[area > NOTHING]
        kind = _kinds(mesh, textures)
        cell = np.floor(corners.mean(axis=1)[:, :2] / chunk).astype(np.int64)
        longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
        cell[longest > chunk] = BACKGROUND
        group = np.argmax(longest[:, None] >= np.array(SMALL), axis=1)
        order = np.lexsort((group, cell[:, 1], cell[:, 0], kind))
        keys = np.stack([kind, cell[:, 0], cell[:, 1]], -1)[order]
        starts = np.flatnonzero(np.r_[True, np.any(keys[1:] != keys[:-1], axis=1)]) if len(keys) else np.zeros(0, int)
        ends = np.r_[starts[1:], len(keys)]
        self.chunks = []
        for start, end in zip(starts, ends, strict=True):
            points = corners[order[start:end]].reshape(-1, 3)
            centre = 0.5 * (points.min(axis=0) + points.max(axis=0))
            radius = float(np.linalg.norm(points - centre, axis=1).max())
            counts = tuple(3 * int(n) for n in np.cumsum(np.bincount(group[order[start:end]], minlength=len(SMALL))))
            radius = np.inf if keys[start, 1] == BACKGROUND else radius
            self.chunks.append(Chunk(Kind(int(keys[start, 0])), 3 * int(start), counts, centre, radius))
        self.centres = np.array([chunk.centre for chunk in self.chunks]).reshape(-1, 3)
        self.radii = np.array([chunk.radius for chunk in self.chunks])
        low, high = mesh.positions.min(axis=0), mesh.positions.max(axis=0)
        self.middle = 0.5 * (low + high).astype(np.float64)
        self.reach = float(np.linalg.norm(high - low)) / 2.0
        self._vertices = context.buffer(vertices.tobytes())
        self._indices = context.buffer(mesh.triangles[order].astype(np.int32).tobytes())
        self._context = context
        self._arrays: dict[int, Any] = {}

    def array(self, program: Any) -> Any:
        """The vertex array of this mesh for a program."""
        if program.glo not in self._arrays:
            used = [name if name in program else None for name in VERTEX_NAMES]
            parts = VERTEX_FORMAT.split()
            sizes = {"3f4": 12, "2f4": 8, "4f1": 4, "4u1": 4}
            layout = " ".join(part if name else f"{sizes[part]}x1" for part, name in zip(parts, used, strict=True))
            self._arrays[program.glo] = self._context.vertex_array(
                program, [(self._vertices, layout, *[name for name in used if name])], self._indices
            )
        return self._arrays[program.glo]


def _kinds(mesh: Mesh, textures: Textures) -> npt.NDArray[np.int64]:
    """The kind of every triangle ``[n]``, by the material of its first corner."""
    first = mesh.triangles[:, 0]
    layers = mesh.materials[first, 0]
    kinds = np.where(mesh.colours[first, 3] > 0.0, int(Kind.GLOSSY), int(Kind.MATTE))
    kinds[layers >= textures.first_cutout] = Kind.CUTOUT
    kinds[layers >= textures.first_decal] = Kind.DECAL
    return kinds
