"""What the two kinds of world have in common: a road, things put beside it, and traffic on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from training.rendering.foliage import make_bush
from training.rendering.mesh import Mesh, join
from training.rendering.scene import Light, Mover
from training.street.plants import FOLIAGE, make_conifer, make_tree
from training.street.road import Road


@dataclass(frozen=True)
class World:
    """A furnished road to drive along."""

    road: Road
    mesh: Mesh
    light: Light
    lane: float
    """d of the middle of the driver's own lane."""
    lanes: tuple[tuple[float, float], ...]
    """(d, typical speed in m/s) of the other lanes; oncoming ones have negative speed."""
    spacing: float
    """Metres between cars in those lanes, about."""
    trucks: float
    """Share of lorries among them."""
    half: float
    """From the middle of the road to where the carriageway ends, metres."""
    pavement: float
    """Width of the pavement beside it; 0 where there is none."""


@dataclass
class Site:
    """Where a world is being built."""

    road: Road
    meshes: list[Mesh] = field(default_factory=list)

    def add(self, *meshes: Mesh) -> None:
        self.meshes.extend(meshes)

    def put(
        self, mesh: Mesh, s: float, d: float, h: float = 0.0, turn: float = 0.0, scale: float | Sequence[float] = 1.0
    ) -> None:
        """Places a prop upright in road coordinates, turned left by `turn` radians."""
        self.meshes.append(mesh.placed(self.road.pose(s, d, h, turn), scale))

    def stand(self, mesh: Mesh, s: float, d: float, turn: float = 0.0) -> None:
        """Places a vehicle on its wheels."""
        self.meshes.append(mesh.placed(self.road.tilted_pose(s, d, 0.0, turn)))

    def mesh(self) -> Mesh:
        return join(self.meshes)


def make_woods(rng: np.random.Generator, dry: float) -> list[Mesh]:
    """Trees, five broad-leaved and two conifers, and three `BUSHES`, to plant again and again.

    Args:
        dry: 0 lush to 1 parched.
    """
    tint = np.array([1.0 + 0.22 * dry, 1.0 - 0.05 * dry, 1.0 + 0.1 * dry])
    woods = [make_tree(rng, rng.uniform(7, 11), rng.uniform(0.75, 1.15)).tinted(tint) for _ in range(5)]
    woods += [make_conifer(rng, rng.uniform(8, 12)).tinted(tint) for _ in range(2)]
    woods += [make_bush(rng, rng.uniform(0.8, 1.5), FOLIAGE).tinted(tint * 0.9) for _ in range(3)]
    return woods


BUSHES = slice(7, 10)


def traffic(
    rng: np.random.Generator,
    world: World,
    own: Callable[[float], float],
    duration: float,
    make: Callable[[np.random.Generator, bool], Mesh],
    leader: bool,
) -> tuple[Mover, ...]:
    """Cars on the other lanes and, with `leader`, one ahead in the driver's own.

    Args:
        own: the driver's s at a time.
        make: makes a vehicle; True asks for a lorry.
    """
    road = world.road
    movers = []
    models = [make(rng, False) for _ in range(9)] + [make(rng, True) for _ in range(2)]

    def mover(mesh: Mesh, s: Callable[[float], float], d: float, turn: float) -> Mover:
        def pose(time: float) -> npt.NDArray[np.float64]:
            place = s(time)
            if not 0.0 < place < road.length:
                hidden = np.eye(4)
                hidden[2, 3] = -1000.0
                return hidden
            return road.tilted_pose(place, d, 0.0, turn)

        return Mover(mesh, pose)

    for d, typical in world.lanes:
        speed = typical * rng.uniform(0.85, 1.15)
        first = own(0.0) - 60.0 if speed > 0 else own(0.0)
        last = own(duration) + 250.0 - (speed * duration if speed < 0 else 0.0)
        if speed > 0:
            first, last = min(first, own(duration) - speed * duration - 60.0), own(duration) + 250.0
        s = first + rng.uniform(0, world.spacing)
        while s < last:
            lorry = rng.random() < world.trucks
            model = models[int(rng.integers(9, 11)) if lorry else int(rng.integers(0, 9))]
            start = s
            movers.append(mover(model, lambda t, a=start, v=speed: a + v * t, d, 0.0 if speed > 0 else np.pi))  # type: ignore[misc]
            s += rng.uniform(0.5, 2.0) * world.spacing + 12.0
    if leader:
        gap, swing, phase = rng.uniform(14, 40), rng.uniform(1, 5), rng.uniform(0, 6.3)
        movers.append(mover(models[0], lambda t: own(t) + gap + swing * np.sin(0.25 * t + phase), world.lane, 0.0))
    return tuple(movers)
