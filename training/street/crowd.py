"""Who is on the road in one picture: queues, cars close ahead and beside, people; placed anew for each.

Convention:
    A model faces +x and stands on z = 0, its middle over the origin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import inverse
from training.rendering.mesh import Mesh, pose_at
from training.rendering.scene import Prop
from training.street.cars import make_any_car, make_truck
from training.street.clutter import CLUTTER, make_child, make_loaded
from training.street.floor import Floor
from training.street.furniture import make_person
from training.street.spots import Spot
from training.street.textures import Layer
from training.street.vehicles import (
    make_articulated,
    make_bicycle,
    make_box_van,
    make_bus,
    make_caravan,
    make_cyclist,
    make_digger,
    make_motorcycle,
)
from training.street.world import World

Maker: TypeAlias = Callable[[np.random.Generator], Mesh]

REACH = 90.0
"""How far from the camera anything is placed, metres."""
MARGIN = 0.35
"""Metres between any two things, at least."""
MOODS = ((0.8, 2.5), (2.5, 8.0), (8.0, 25.0), (30.0, 60.0))
"""Of a lane: the smallest gap between vehicles, and the mean of what comes to it, metres."""
NEAR = (3.0, 15.0)
"""From the camera to a vehicle that is put close to it, metres."""


@dataclass(frozen=True)
class Density:
    """How many are around a camera.

    Attributes:
        close: whether vehicles are put close to it.
        mood: of its lanes, from 0, a queue, to 1, an empty road: smallest and largest.
        few: how many are on foot and lie about, relative to the usual.
        distance: of these, smallest and largest, metres.
    """

    close: bool = True
    mood: tuple[float, float] = (0.0, 1.0)
    few: float = 1.0
    distance: tuple[float, float] = (1.2, 25.0)


USUAL = Density()
CALM = Density(close=False, mood=(0.5, 1.0), few=0.4, distance=(6.0, 40.0))
QUEUE = Density(mood=(0.0, 0.25), few=0.3)


@dataclass(frozen=True)
class Model:
    """Something to place again and again, and the rectangle that it stands on."""

    mesh: Mesh
    length: float
    width: float

    @classmethod
    def of(cls, mesh: Mesh) -> Model:
        solid = mesh.positions[mesh.materials[:, 0] < Layer.SHADOW]
        length, width = 2.0 * np.abs(solid[:, :2]).max(axis=0)
        return cls(mesh, float(length), float(width))


LARGE = (make_truck, make_bus, make_bus, make_articulated, make_articulated, make_box_van, make_box_van)
RARE = (make_digger, make_caravan)
TWO_WHEELED = (make_cyclist, make_cyclist, make_motorcycle, make_motorcycle, make_bicycle)
PEOPLE = (make_person, make_person, make_person, make_loaded, make_loaded, make_child)


@dataclass(frozen=True)
class Cast:
    """Who and what may appear in a world."""

    cars: tuple[Model, ...]
    large: tuple[Model, ...]
    two_wheeled: tuple[Model, ...]
    people: tuple[Model, ...]
    clutter: tuple[Model, ...]
    share: float
    """Of large vehicles among all."""
    bustle: float
    """How many are on foot, relative to the usual."""

    def vehicle(self, rng: np.random.Generator) -> Model:
        kind = rng.random()
        return self.large_one(rng) if kind < self.share else _any(rng, self.two_wheeled if kind > 0.93 else self.cars)

    def large_one(self, rng: np.random.Generator) -> Model:
        return _any(rng, self.large)

    def on_foot(self, rng: np.random.Generator) -> Model:
        return _any(rng, self.two_wheeled if rng.random() < 0.15 else self.people)

    def thing(self, rng: np.random.Generator) -> Model:
        return _any(rng, self.clutter)


def make_cast(rng: np.random.Generator) -> Cast:
    """A random cast, some of them more polished than others."""
    sheen = float(rng.uniform(0.1, 1.0))

    def models(makers: Sequence[Maker], count: int) -> tuple[Model, ...]:
        chosen = rng.choice(len(makers), count, replace=count > len(makers))
        return tuple(Model.of(_polished(makers[i](rng), sheen)) for i in chosen.tolist())

    return Cast(
        cars=models([make_any_car], 12),
        large=(*models(LARGE, 5), *models(RARE, 1)),
        two_wheeled=models(TWO_WHEELED, 4),
        people=models(PEOPLE, 8),
        clutter=models(CLUTTER, 9),
        share=float(rng.choice([0.08, 0.25, 0.5])),
        bustle=float(np.exp(rng.normal(0.0, 0.6))),
    )


def _polished(mesh: Mesh, factor: float) -> Mesh:
    """A mesh with its gloss multiplied; of decals it is how much they cover."""
    colours = mesh.colours.copy()
    colours[mesh.materials[:, 0] < Layer.SHADOW, 3] *= factor
    return replace(mesh, colours=colours)


def _any(rng: np.random.Generator, models: tuple[Model, ...]) -> Model:
    return models[int(rng.integers(len(models)))]


def place_crowd(
    rng: np.random.Generator,
    world: World,
    floor: Floor,
    cast: Cast,
    spot: Spot,
    opening: float,
    density: Density = USUAL,
) -> list[Prop]:
    """Who is around a camera.

    Args:
        opening: of the camera, horizontally, radians.
        density: how many they are.
    """
    stage = _Stage(floor, spot)
    view = inverse(spot.base)
    if density.close:
        _close_vehicles(rng, stage, world, cast, spot, opening)
    lanes = [(world.lane, 1.0), *world.lanes]
    least_mood, most_mood = density.mood
    mood = least_mood + (most_mood - least_mood) * rng.random()
    for d, pace in lanes:
        if rng.random() < 0.15:
            continue
        least, more = MOODS[min(int(4.0 * np.clip(rng.normal(mood, 0.25), 0.0, 0.999)), 3)]
        s = spot.s - REACH + float(rng.uniform(0.0, 10.0))
        while s < spot.s + REACH:
            model = cast.vehicle(rng)
            s += model.length / 2.0
            aside = d + float(rng.normal(0.0, 0.15))
            if 3.0 < s < world.road.length - 3.0:
                pose = world.road.tilted_pose(s, aside, 0.0, 0.0 if pace > 0 else np.pi)
                if _matters(view, pose[:3, 3], opening):
                    stage.put(model, pose)
            s += model.length / 2.0 + least + float(rng.exponential(more))
    nearest, farthest = np.log(density.distance)
    for models, mean in ((cast.on_foot, 2.5 * density.few * cast.bustle), (cast.thing, 2.0 * density.few)):
        for _ in range(int(rng.poisson(mean * rng.choice([0.2, 1.0, 2.0])))):
            distance = float(np.exp(rng.uniform(nearest, farthest)))
            place = _ahead(spot, distance, opening * float(rng.uniform(-0.5, 0.5)))
            stage.stand(models(rng), place, float(rng.uniform(0.0, 2.0 * np.pi)))
    return stage.props


def _close_vehicles(
    rng: np.random.Generator, stage: _Stage, world: World, cast: Cast, spot: Spot, opening: float
) -> None:
    """Vehicles close to the camera, most of them along the road, some across it as at a junction."""
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.35, 0.35, 0.2, 0.1]))):
        model = cast.large_one(rng) if rng.random() < 0.35 else cast.vehicle(rng)
        bearing = opening * float(np.clip(rng.normal(0.0, 0.25), -0.6, 0.6))
        place = _ahead(spot, float(rng.uniform(*NEAR)) + 0.5 * model.length * abs(np.cos(spot.turn)), bearing)
        kind = rng.random()
        heading = float(world.road.heading(spot.s)) + (np.pi if rng.random() < 0.35 else 0.0)
        if kind > 0.7:
            heading += float(rng.choice([-0.5, 0.5])) * np.pi if kind < 0.9 else float(rng.uniform(0.0, 2.0 * np.pi))
        stage.stand(model, place, heading + float(rng.normal(0.0, 0.05)))


def _ahead(spot: Spot, distance: float, bearing: float) -> npt.NDArray[np.float64]:
    """The place ``[2]`` at a distance from a camera, so far to the left of where it looks."""
    return np.asarray(spot.base[:2, 3] + spot.base[:2, :2] @ [distance * np.cos(bearing), distance * np.sin(bearing)])


def _matters(view: npt.NDArray[np.float64], place: npt.NDArray[np.float64], opening: float) -> bool:
    """Whether what stands at a place may be seen, or its shadow."""
    x, y, _ = view[:3, :3] @ place + view[:3, 3]
    return bool(np.hypot(x, y) < 14.0 or abs(np.arctan2(y, x)) < 0.5 * opening + 0.15)


class _Stage:
    """Places things where nothing else is: neither what does not move, nor the camera and what carries it."""

    def __init__(self, floor: Floor, spot: Spot) -> None:
        self._floor = floor
        self._discs: list[npt.NDArray[np.float64]] = [_discs(spot.base, *spot.carrier)]
        self.props: list[Prop] = []

    def put(self, model: Model, pose: npt.NDArray[np.float64]) -> bool:
        """At a pose, if there is room."""
        discs = _discs(pose, 0.0, model.length, model.width)
        taken = np.concatenate(self._discs)
        apart = np.linalg.norm(discs[:, None, :2] - taken[None, :, :2], axis=2) - discs[:, None, 2] - taken[None, :, 2]
        if apart.min() < MARGIN or not self._floor.free(pose, model.length, model.width):
            return False
        self._discs.append(discs)
        self.props.append(Prop(model.mesh, pose))
        return True

    def stand(self, model: Model, place: npt.NDArray[np.float64], heading: float) -> bool:
        """Upright on the ground at a place ``[2]``, if there is room."""
        height = self._floor.height(place)
        return height is not None and self.put(model, pose_at([*place, height], heading))


def _discs(pose: npt.NDArray[np.float64], ahead: float, length: float, width: float) -> npt.NDArray[np.float64]:
    """Discs ``[n, 3]`` of x, y and radius that cover a rectangle whose middle lies `ahead` metres ahead of a pose."""
    radius = 0.5 * width
    along = max(0.5 * length - radius, 0.0)
    places = ahead + np.linspace(-along, along, max(int(np.ceil(2.0 * along / max(radius, 0.1))) + 1, 1))
    middle = pose[:2, 3] + places[:, None] * pose[:2, 0]
    return np.column_stack([middle, np.full(len(places), radius)])
