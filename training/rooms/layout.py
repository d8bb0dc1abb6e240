"""Furnishing: what stands where, so that nothing stands in anything else, a door or the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Material, Mesh, pose_at
from training.rooms import labels
from training.rooms.fittings import (
    make_bin,
    make_ceiling_lamp,
    make_clock,
    make_floor_lamp,
    make_mirror,
    make_person,
    make_picture,
    make_plant,
    make_radiator,
    make_rug,
    make_whiteboard,
)
from training.rooms.palette import wall_paint
from training.rooms.seats import make_bed, make_bench, make_chair, make_office_chair, make_sofa, make_stool
from training.rooms.shapes import Rectangle, block, contact_shadow, footprint, height
from training.rooms.shell import LAP, Shell
from training.rooms.storage import (
    make_bookshelf,
    make_boxes,
    make_cabinet,
    make_refrigerator,
    make_television,
    make_wall_shelf,
)
from training.rooms.tables import make_counter, make_desk, make_night_stand, make_table
from training.rooms.textures import Layer
from training.rooms.things import make_bag

Maker = Callable[[np.random.Generator], Mesh]
TRIES = 24
CLEAR = 0.9
"""Metres before a door that stay free."""


class Obstacle(NamedTuple):
    """What nobody walks through: its ground and its top, metres."""

    ground: Rectangle
    top: float


@dataclass
class Furnishing:
    """A room that is being filled."""

    shell: Shell
    rng: np.random.Generator
    meshes: list[Mesh] = field(default_factory=list)
    lamps: list[Mesh] = field(default_factory=list)
    """What shines."""
    obstacles: list[Obstacle] = field(default_factory=list)

    def __post_init__(self) -> None:
        for wall in self.shell.walls:
            for (a, _), (b, _) in wall.doors:
                self.obstacles.append(Obstacle(Rectangle((0.0, a), (CLEAR, b)).moved(wall.pose), 2.0))

    def against_wall(self, mesh: Mesh, gap: float = 0.02) -> npt.NDArray[np.float64] | None:
        """Puts a piece with its back to some wall; its pose, or None where there is no room."""
        local, top = footprint(mesh), height(mesh)
        for _ in range(TRIES):
            wall = self.shell.walls[int(self.rng.integers(4))]
            room = 0.5 * wall.length - 0.03
            low, high = -room - local.low[1], room - local.high[1]
            if high < low:
                continue
            y = self.rng.choice([low, high, self.rng.uniform(low, high)], p=[0.2, 0.2, 0.6])
            before = Rectangle((local.low[1] + y, 0.0), (local.high[1] + y, top))
            pose = wall.pose @ pose_at((gap, y, 0.0))
            if not any(before.meets(other) for other in wall.taken) and self._place(mesh, pose):
                wall.taken.append(before)
                return pose
        return None

    def stand(self, mesh: Mesh, heading: float | None = None) -> npt.NDArray[np.float64] | None:
        """Puts a piece anywhere on the floor."""
        half = np.array(self.shell.size[:2]) / 2 - 0.1
        for _ in range(TRIES):
            turn = self.rng.choice(4) * np.pi / 2 + self.rng.normal(0.0, 0.12) if heading is None else heading
            place = self.rng.uniform(-half, half)
            pose = pose_at((*place, 0.0), float(turn))
            if self._place(mesh, pose):
                return pose
        return None

    def beside(self, mesh: Mesh, pose: npt.NDArray[np.float64]) -> bool:
        """Puts a piece where it belongs, if there is room."""
        return self._place(mesh, pose, margin=0.0)

    def hang(self, mesh: Mesh, z: float) -> None:
        """Hangs something on some wall, its middle `z` metres up."""
        low, high = mesh.positions.min(axis=0), mesh.positions.max(axis=0)
        for _ in range(TRIES // 2):
            wall = self.shell.walls[int(self.rng.integers(4))]
            room = 0.5 * wall.length - 0.1 - float(high[1])
            if room <= 0:
                continue
            y = self.rng.uniform(-room, room)
            place = Rectangle((float(low[1]) + y, float(low[2]) + z), (float(high[1]) + y, float(high[2]) + z))
            if not any(place.grown(0.06).meets(other) for other in wall.taken):
                wall.taken.append(place)
                self.meshes.append(mesh.placed(wall.pose @ pose_at((0.001, y, z))))
                return

    def _place(self, mesh: Mesh, pose: npt.NDArray[np.float64], margin: float = 0.04) -> bool:
        placed = mesh.placed(pose)
        ground = footprint(placed)
        half = 0.5 * np.array(self.shell.size[:2])
        if np.any(np.array(ground.low) < -half) or np.any(np.array(ground.high) > half):
            return False
        if any(ground.grown(margin).meets(other.ground) for other in self.obstacles):
            return False
        self.obstacles.append(Obstacle(ground, height(placed)))
        self.meshes += [placed, contact_shadow(ground)]
        return True


def furnish(rng: np.random.Generator, shell: Shell) -> Furnishing:
    """Fills a room as one of several kinds, then scatters what any room has."""
    room = Furnishing(shell, rng)
    area = shell.size[0] * shell.size[1]
    kind = [_living_room, _bedroom, _office, _kitchen, _dining_room, _store][
        int(rng.choice(6, p=[0.24, 0.2, 0.2, 0.14, 0.14, 0.08]))
    ]
    kind(room, area)
    for wall in shell.walls:
        for (a, sill), (b, _) in wall.windows:
            if sill > 0.7 and rng.random() < 0.4:
                radiator = make_radiator(rng)
                room.beside(radiator, wall.pose @ pose_at((0.0, 0.5 * (a + b), 0.0)))
    anything: tuple[Maker, ...] = (make_cabinet, make_bookshelf, make_bookshelf, make_bench, _wardrobe)
    if rng.random() < 0.3:
        room.against_wall(_column(rng, shell), 0.0)
    for _ in range(int(rng.integers(1, 3 + int(area / 9)))):
        room.against_wall(_one(rng, anything))
    clutter: tuple[Maker, ...] = (make_boxes, make_plant, make_bin, make_stool, make_bag, make_floor_lamp, make_chair,
                                  make_plant)  # fmt: skip
    for _ in range(int(rng.integers(2, 5 + int(area / 7)))):
        room.stand(_one(rng, clutter))
    if rng.random() < 0.12:
        room.stand(make_person(rng), float(rng.uniform(0, 2 * np.pi)))
    hung: tuple[Maker, ...] = (make_picture, make_picture, make_picture, make_clock, make_mirror, make_wall_shelf)
    for _ in range(int(rng.integers(3, 12))):
        room.hang(_one(rng, hung), rng.uniform(1.35, 1.75))
    _light(room)
    return room


def _one(rng: np.random.Generator, makers: tuple[Maker, ...]) -> Mesh:
    return makers[int(rng.integers(len(makers)))](rng)


def _wardrobe(rng: np.random.Generator) -> Mesh:
    return make_cabinet(rng, tall=True)


def _column(rng: np.random.Generator, shell: Shell) -> Mesh:
    """A pillar or a chimney, up to the ceiling."""
    deep, half = rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.7)
    material = Material(labels.WALL, Layer.PLASTER, wall_paint(rng))
    return block((0.0, -half, 0.0), (deep, half, shell.size[2] + LAP), material, repeat=1.6)


def _light(room: Furnishing) -> None:
    """One to four lamps below the ceiling."""
    rng, (x, y, z) = room.rng, room.shell.size
    drop = float(rng.uniform(0.2, max(z - 2.25, 0.21))) if z > 2.5 and rng.random() < 0.45 else 0.0
    lamp = make_ceiling_lamp(rng, drop)
    for cx in (0.0,) if x < 5 else (-0.25 * x, 0.25 * x):
        for cy in (0.0,) if y < 5 else (-0.25 * y, 0.25 * y):
            room.lamps.append(lamp.placed(pose_at((cx, cy, z))))


def _put_chairs(room: Furnishing, pose: npt.NDArray[np.float64], top: Rectangle, share: float) -> None:
    """Chairs around a table, some pushed under it, some drawn away."""
    rng, chair = room.rng, make_chair(room.rng)
    (x0, y0), (x1, y1) = top
    rows = np.arange(y0 + 0.3, y1 - 0.25, 0.62).tolist()
    seats = [(x, y, np.pi if x > 0 else 0.0) for x in (x0, x1) for y in rows]
    seats += [(0.0, y, -np.pi / 2 if y > 0 else np.pi / 2) for y in (y0, y1)]
    for x, y, turn in seats:
        if rng.random() < share:
            away = rng.uniform(0.26, 0.55)
            place = (x - away * np.cos(turn), y - away * np.sin(turn), 0.0)
            seat = pose_at(place, turn + rng.normal(0.0, 0.2))
            room.beside(chair, pose @ seat)


def _table(room: Furnishing, share: float, low: bool = False) -> None:
    mesh, top = make_table(room.rng, low)
    pose = room.stand(mesh)
    if pose is not None and not low:
        _put_chairs(room, pose, top, share)


def _rug(room: Furnishing) -> None:
    """Below everything, and in nobody's way."""
    half = 0.5 * np.array(room.shell.size[:2]) - 1.3
    place = room.rng.uniform(-np.maximum(half, 0.1), np.maximum(half, 0.1))
    rug = make_rug(room.rng)
    ground = footprint(rug)
    if ground.high[0] < half[0] + 1.2 and ground.high[1] < half[1] + 1.2:
        room.meshes.append(rug.placed(pose_at((*place, 0.0))))


def _living_room(room: Furnishing, area: float) -> None:
    rng = room.rng
    if rng.random() < 0.6:
        _rug(room)
    for _ in range(1 + int(area > 18) + int(rng.random() < 0.4)):
        room.against_wall(make_sofa(rng), rng.uniform(0.02, 0.15))
    if rng.random() < 0.75:
        room.against_wall(make_television(rng))
    _table(room, 0.0, low=True)
    if area > 16:
        room.stand(make_sofa(rng))
    for _ in range(int(rng.integers(1, 4))):
        room.against_wall(_one(rng, (make_bookshelf, make_cabinet)))
    if area > 24:
        _table(room, 0.7)


def _bedroom(room: Furnishing, area: float) -> None:
    rng = room.rng
    if rng.random() < 0.5:
        _rug(room)
    for _ in range(1 + int(area > 22)):
        bed = make_bed(rng)
        pose = room.against_wall(bed)
        if pose is not None:
            side = footprint(bed).high[1]
            for y in (-side - 0.32, side + 0.32):
                if rng.random() < 0.7:
                    room.beside(make_night_stand(rng), pose @ pose_at((0.0, y, 0.0)))
    room.against_wall(make_cabinet(rng, tall=True))
    for _ in range(int(rng.integers(1, 3))):
        room.against_wall(make_cabinet(rng))
    if rng.random() < 0.5:
        _desk(room)


def _desk(room: Furnishing, free: bool = False) -> None:
    desk = make_desk(room.rng)
    pose = room.stand(desk) if free else room.against_wall(desk)
    if pose is not None:
        away = footprint(desk).high[0] + room.rng.uniform(0.33, 0.6)
        chair = make_office_chair(room.rng) if room.rng.random() < 0.75 else make_chair(room.rng)
        room.beside(chair, pose @ pose_at((away, room.rng.uniform(-0.2, 0.2), 0.0), np.pi + room.rng.normal(0, 0.4)))


def _office(room: Furnishing, area: float) -> None:
    rng = room.rng
    for _ in range(1 + int(area / 9)):
        _desk(room, free=bool(rng.random() < 0.35))
    if rng.random() < 0.6:
        room.hang(make_whiteboard(rng), 1.45)
    if area > 20:
        _table(room, 0.7)
    for _ in range(int(rng.integers(1, 4))):
        room.against_wall(_one(rng, (make_bookshelf, make_cabinet, _wardrobe)))


def _kitchen(room: Furnishing, area: float) -> None:
    rng = room.rng
    shortest = min(room.shell.size[:2])
    for _ in range(1 + int(rng.random() < 0.5)):
        room.against_wall(make_counter(rng, float(rng.uniform(1.4, max(shortest - 0.6, 1.5)))), 0.0)
    room.against_wall(make_refrigerator(rng))
    _table(room, 0.75)
    if area > 14:
        room.against_wall(make_cabinet(rng))


def _dining_room(room: Furnishing, area: float) -> None:
    rng = room.rng
    if rng.random() < 0.4:
        _rug(room)
    for _ in range(1 + int(area / 16)):
        _table(room, 0.85)
    for _ in range(int(rng.integers(1, 4))):
        room.against_wall(_one(rng, (make_cabinet, make_bookshelf, make_bench)))


def _store(room: Furnishing, area: float) -> None:
    rng = room.rng
    for _ in range(2 + int(area / 10)):
        room.against_wall(_one(rng, (make_bookshelf, make_cabinet, _wardrobe)))
    for _ in range(3 + int(area / 6)):
        room.stand(make_boxes(rng))
