"""The room itself: floor, ceiling and walls with windows, doors and what belongs to them.

Convention:
    The middle of the floor is the origin, z up. A wall's own frame has x into the room, y along the wall, z up, and its
    origin at the foot of the wall's middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Material, Mesh, grid, join, pose_at, quad
from training.rooms import labels
from training.rooms.palette import cloth, metal, paint, timber, wall_paint
from training.rooms.shapes import SPACING, Rectangle, block, panel
from training.rooms.textures import Layer

Pose = npt.NDArray[np.float64]

LAP = 0.05
"""By how much surfaces that meet reach behind one another, metres: rays find no cracks between them."""
THICK = 0.09
"""From the inner face of walls and ceiling to the outer one, metres: the sun shines through no corner."""
DEEP = 0.16
"""How far window panes lie back in the wall, metres."""


@dataclass
class Wall:
    """One wall and what is on it already.

    Attributes:
        pose: ``T_room_wall`` ``[4, 4]``.
        windows, doors: along and up, in the wall's frame.
        taken: all that is on it or stands before it.
    """

    pose: Pose
    length: float
    windows: list[Rectangle] = field(default_factory=list)
    doors: list[Rectangle] = field(default_factory=list)
    taken: list[Rectangle] = field(default_factory=list)


@dataclass(frozen=True)
class Shell:
    """An empty room.

    Attributes:
        size: along x, y and z, metres.
        mesh: all but what shines.
        panes: of the windows: bright, and no obstacle to the sun.
    """

    size: tuple[float, float, float]
    walls: list[Wall]
    mesh: Mesh
    panes: list[Mesh]


def walls_around(size: Sequence[float]) -> list[Wall]:
    """The four walls of a room, bare."""
    normals = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    return [
        Wall(
            pose_at((-0.5 * size[0] * x, -0.5 * size[1] * y, 0.0), float(np.arctan2(y, x))),
            size[1] if x else size[0],
        )
        for x, y in normals
    ]


def build_shell(rng: np.random.Generator, size: tuple[float, float, float]) -> Shell:
    """A room with a door or two and, mostly, windows in one or two walls."""
    walls = walls_around(size)
    order = rng.permutation(4)
    meshes, panes = [], []
    colour = wall_paint(rng)
    layer = int(rng.choice([*[Layer.PLASTER] * 3, Layer.WALLPAPER, Layer.CONCRETE, Layer.PANELS]))
    wood = timber(rng, labels.DOOR)
    for index in order[: int(rng.choice([1, 2], p=[0.7, 0.3]))]:
        meshes += _add_door(rng, walls[index], size[2], wood)
    sill, head = rng.uniform(0.4, 1.05), min(size[2] - 0.25, rng.uniform(2.0, 2.4))
    hangings = rng.choice(["none", "curtain", "blinds"], p=[0.35, 0.4, 0.25])
    drape, frame = cloth(rng, labels.CURTAIN), timber(rng, labels.WINDOW)
    for index in order[1 : 1 + int(rng.choice([0, 1, 2], p=[0.12, 0.55, 0.33]))]:
        for mesh, pane in _add_windows(rng, walls[index], sill, head, frame):
            meshes.append(mesh)
            panes.append(pane)
        for window in walls[index].windows:
            if hangings != "none":
                hang = _curtains(rng, window, drape) if hangings == "curtain" else _blind(rng, window)
                meshes.append(hang.placed(walls[index].pose))
    accent = int(rng.integers(4)) if rng.random() < 0.2 else None
    accent_colour = paint(rng, 0.3, 0.9)
    skirting = Material(labels.WALL, Layer.PLASTER, wall_paint(rng), 0.1) if rng.random() < 0.75 else None
    for number, wall in enumerate(walls):
        material = Material(labels.WALL, layer, accent_colour if number == accent else colour)
        extents = Rectangle((-0.5 * wall.length, 0.0), (0.5 * wall.length, size[2])).grown(LAP)
        holes = [*wall.windows, *wall.doors]
        outside = panel(extents, material, [hole.grown(0.01) for hole in holes])
        parts = [panel(extents, material, holes, repeat=1.6), outside.placed(pose_at((-THICK, 0.0, 0.0)))]
        if skirting:
            parts += _skirting(wall, skirting)
        meshes.append(join(parts).placed(wall.pose))
    ceiling = _ceiling(rng, size)
    meshes += [_floor(rng, size), ceiling, ceiling.placed(pose_at((0.0, 0.0, THICK)))]
    return Shell(size, walls, join(meshes), panes)


def _floor(rng: np.random.Generator, size: Sequence[float]) -> Mesh:
    layer = int(rng.choice([Layer.PARQUET, Layer.PARQUET, Layer.TILES, Layer.CARPET, Layer.CARPET, Layer.CONCRETE]))
    material = Material(labels.FLOOR, layer)
    if layer == Layer.PARQUET:
        wood = timber(rng, labels.FLOOR)
        material = Material(labels.FLOOR, layer, wood.colour, float(rng.uniform(0.0, 0.25)))
    elif layer == Layer.TILES:
        material = Material(labels.FLOOR, layer, paint(rng, 0.5, 1.0), float(rng.uniform(0.05, 0.3)))
    else:
        material = material.tinted(paint(rng, 0.3, 0.8))
    return level_panel(size, 0.0, material, repeat=float(rng.uniform(1.2, 2.2)))


def _ceiling(rng: np.random.Generator, size: Sequence[float]) -> Mesh:
    layer = Layer.PLASTER if rng.random() < 0.8 else Layer.PANELS
    return level_panel(size, size[2], Material(labels.CEILING, layer, (0.97, 0.97, 0.95)), 1.6, facing_up=False)


def level_panel(size: Sequence[float], z: float, material: Material, repeat: float, facing_up: bool = True) -> Mesh:
    """A floor or a ceiling."""
    x, y = (np.linspace(-0.5 * s - LAP, 0.5 * s + LAP, int(np.ceil(s / SPACING)) + 1) for s in size[:2])
    along, across = np.meshgrid(x, y)
    points = np.stack([along, across, np.full_like(along, z)], -1)
    uv = points[..., :2] / repeat
    if not facing_up:
        points, uv = points.transpose(1, 0, 2), uv.transpose(1, 0, 2)
    return grid(points, uv, material)


def _skirting(wall: Wall, material: Material) -> list[Mesh]:
    edges = sorted([-0.5 * wall.length, *(y for door in wall.doors for y in (door.low[0] - 0.09, door.high[0] + 0.09)),
                    0.5 * wall.length])  # fmt: skip
    return [block((0, a, 0), (0.015, b, 0.08), material) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]


def _add_door(rng: np.random.Generator, wall: Wall, ceiling: float, wood: Material) -> list[Mesh]:
    half, top = 0.5 * rng.uniform(0.8, 1.0), min(rng.uniform(1.98, 2.12), ceiling - 0.1)
    middle = rng.uniform(-1, 1) * (0.5 * wall.length - half - 0.2)
    opening = Rectangle((middle - half, 0.0), (middle + half, top))
    wall.doors.append(opening)
    wall.taken.append(opening.grown(0.1))
    (a, _), (b, _) = opening
    parts = [
        block((-0.12, a - 0.08, 0), (0.02, a, top + 0.08), wood),
        block((-0.12, b, 0), (0.02, b + 0.08, top + 0.08), wood),
        block((-0.12, a, top), (0.02, b, top + 0.08), wood),
    ]
    is_open = rng.random() < 0.4
    leaf = _leaf(rng, 2 * half, top, wood)
    angle = np.deg2rad(rng.uniform(40, 105)) if is_open else 0.0
    parts.append(leaf.placed(pose_at((-0.06 + 0.06 * is_open, a, 0), -angle)))
    if is_open:
        parts.append(_passage(rng, opening))
    return [join(parts).placed(wall.pose)]


def _leaf(rng: np.random.Generator, width: float, tall: float, wood: Material) -> Mesh:
    """A door, hinged at the origin, along y when it is shut."""
    grip = metal(rng, labels.DOOR)
    parts = [block((0, 0, 0.005), (0.04, width, tall), wood)]
    for z0, z1 in ((0.15, 0.85), (1.05, 1.85)) if rng.random() < 0.6 else ():
        for x in (0.04, -0.012):
            parts.append(block((x, 0.12, z0), (x + 0.012, width - 0.12, z1), wood))
    for x in (0.04, -0.06):
        parts.append(block((x, width - 0.09, 1.0), (x + 0.06, width - 0.06, 1.03), grip))
        parts.append(block((x + 0.02, width - 0.18, 1.0), (x + 0.04, width - 0.06, 1.025), grip))
    return join(parts)


def _passage(rng: np.random.Generator, opening: Rectangle) -> Mesh:
    """What an open door shows: a corridor or a closet, and nothing of the world beyond."""
    (a, _), (b, top) = opening
    deep, left, right, high = rng.uniform(0.8, 3.0), a - rng.uniform(0.1, 1.5), b + rng.uniform(0.1, 1.5), top + 0.35
    plaster = Material(labels.WALL, Layer.PLASTER, wall_paint(rng))
    boards = Material(labels.FLOOR, Layer.PARQUET, paint(rng, 0.4, 0.8))
    behind = Rectangle((left, 0.0), (right, high)).grown(LAP)
    before = Rectangle((-right, 0.0), (-left, high)).grown(LAP)
    x0, x1, z0, z1 = -deep - LAP, -0.1 + LAP, -LAP, high + LAP
    y0, y1 = left - LAP, right + LAP
    low = -0.002  # below the room's own floor where they meet
    return join([
        panel(behind, plaster).placed(pose_at((-deep, 0, 0))),
        panel(before, plaster, [Rectangle((-b, -1.0), (-a, top))]).placed(pose_at((-0.1, 0, 0), np.pi)),
        quad([[x0, left, z0], [x1, left, z0], [x1, left, z1], [x0, left, z1]], plaster),
        quad([[x1, right, z0], [x0, right, z0], [x0, right, z1], [x1, right, z1]], plaster),
        quad([[x0, y0, low], [0, y0, low], [0, y1, low], [x0, y1, low]], boards, [[0, 0], [2, 0], [2, 2], [0, 2]]),
        quad([[x0, y0, high], [x0, y1, high], [x1, y1, high], [x1, y0, high]],
             Material(labels.CEILING, Layer.PLASTER)),
    ])  # fmt: skip


def _add_windows(
    rng: np.random.Generator, wall: Wall, sill: float, head: float, frame: Material
) -> list[tuple[Mesh, Mesh]]:
    """Cuts windows of one kind into a wall where there is room; gives frame and pane of each."""
    count = int(rng.integers(1, max(int(wall.length / 1.6), 1) + 1))
    share = wall.length / count
    half = 0.5 * min(rng.uniform(0.8, 2.2), share - 0.35)
    sashes = int(rng.integers(1, 4)) if half > 0.45 else 1
    made = []
    for number in range(count):
        middle = -0.5 * wall.length + (number + 0.5) * share
        opening = Rectangle((middle - half, sill), (middle + half, head))
        if any(opening.grown(0.15).meets(door) for door in wall.doors):
            continue
        wall.windows.append(opening)
        wall.taken.append(opening.grown(0.06))
        mesh, pane = _window(rng, opening, frame, sashes)
        made.append((mesh.placed(wall.pose), pane.placed(wall.pose)))
    return made


def _window(rng: np.random.Generator, opening: Rectangle, frame: Material, sashes: int) -> tuple[Mesh, Mesh]:
    (a, low), (b, high) = opening
    reveal = Material(labels.WALL, Layer.PLASTER, (0.95, 0.95, 0.93))
    x = -DEEP
    bar, edge = 0.035, 0.05
    y0, y1, z0, z1 = a - 0.003, b + 0.003, low - 0.02, high + 0.003  # the wall laps over them
    parts = [
        quad([[x, y0, z0], [0, y0, z0], [0, y0, z1], [x, y0, z1]], reveal),
        quad([[0, y1, z0], [x, y1, z0], [x, y1, z1], [0, y1, z1]], reveal),
        quad([[x, y0, z1], [0, y0, z1], [0, y1, z1], [x, y1, z1]], reveal),
        block((x, a - 0.03, low - 0.03), (0.05, b + 0.03, low), frame),
        *(block((x, y, low), (x + bar, y + edge, high), frame) for y in (a, b - edge)),
        *(block((x, a, z), (x + bar, b, z + edge), frame) for z in (low, high - edge)),
    ]
    for y in np.linspace(a, b, sashes + 1)[1:-1]:
        parts.append(block((x, y - 0.04, low), (x + bar, y + 0.04, high), frame))
    if rng.random() < 0.3:
        z = low + 0.7 * (high - low)
        parts.append(block((x, a, z), (x + bar, b, z + 0.05), frame))
    x += 0.01
    u, v = rng.uniform(0, 0.5, 2)
    u1, v1 = u + (b - a) / 3.0, v * 0.3 + 0.7
    pane = quad([[x, a - LAP, low - LAP], [x, b + LAP, low - LAP], [x, b + LAP, high + LAP], [x, a - LAP, high + LAP]],
                Material(labels.WINDOW, Layer.VIEW), [[u, v * 0.3], [u1, v * 0.3], [u1, v1], [u, v1]])  # fmt: skip
    return join(parts), pane


def _curtains(rng: np.random.Generator, window: Rectangle, material: Material) -> Mesh:
    """Two pleated curtains on a rod, drawn more or less."""
    (a, low), (b, high) = window
    bottom = rng.choice([0.03, max(low - 0.15, 0.03)])
    top, share = high + 0.12, rng.uniform(0.12, 0.45)
    rod = metal(rng, labels.CURTAIN)
    parts = [block((0.07, a - 0.25, top - 0.02), (0.09, b + 0.25, top), rod)]
    for start, end in ((a - 0.2, a + share * (b - a)), (b - share * (b - a), b + 0.2)):
        columns = max(int((end - start) / 0.025), 4)
        y = np.linspace(start, end, columns)
        pleats = 0.08 + 0.028 * np.sin(2 * np.pi * y / rng.uniform(0.09, 0.16) + rng.uniform(0, 6))
        points = np.stack([np.stack([pleats, y, np.full(columns, z)], -1) for z in (bottom, top)])
        uv = np.stack(np.broadcast_arrays((y - start) / 0.7, np.array([[bottom], [top]]) / 0.7), -1)
        parts.append(grid(points, uv, material))
    return join(parts)


def _blind(rng: np.random.Generator, window: Rectangle) -> Mesh:
    """A blind that covers a part of the window."""
    (a, low), (b, high) = window
    bottom = high - rng.uniform(0.2, 0.9) * (high - low)
    material = Material(labels.BLINDS, Layer.BLINDS, paint(rng, 0.75, 1.0))
    rows = (high - bottom) / 0.6
    x = -0.05
    corners = [[x, a + 0.02, bottom], [x, b - 0.02, bottom], [x, b - 0.02, high], [x, a + 0.02, high]]
    return quad(corners, material, [[0, 0], [1, 0], [1, rows], [0, rows]])
