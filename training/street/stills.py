"""Single pictures of a random world: every one is taken by a camera somewhere else in it, with other traffic around.

A row of the image says nothing about depth here: cameras stand at any height and look anywhere, and things are close.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

import numpy as np

from depth_perception.geometry.camera import Camera
from training.rendering.frame import Frame
from training.rendering.mesh import Mesh
from training.rendering.renderer import Renderer, View
from training.rendering.scene import Prop, Scene
from training.rendering.textures import Textures
from training.street import labels
from training.street.bonnet import make_bonnet
from training.street.country import build_country
from training.street.crowd import CALM, QUEUE, USUAL, Density, make_cast, place_crowd
from training.street.disguise import disguised, recoloured, wetted
from training.street.errors import StreetError
from training.street.floor import GROUND, Floor
from training.street.highway import build_highway
from training.street.patches import Image, cut_patches
from training.street.quarter import build_quarter
from training.street.response import Response
from training.street.spots import find_spot
from training.street.textures import draw_textures
from training.street.town import build_town
from training.street.weather import harsh_light
from training.street.world import World

STILLS_VERSION = 3
"""Raised whenever the same seed gives other pictures."""

SHARING = 4
"""Seeds in a row that dress in the same textures, but for what each changes: to draw them takes as long as a world."""
REACH = 45.0
"""How far from the road cameras and things stand, metres, at most."""
PATCHES = 12
"""Of real pictures, to each world."""
BONNETS = 0.2
"""Share of the pictures with a part of the own vehicle in them."""

TRIES = 12
"""Looks for a picture that shows something, before one that does not is taken."""

Scenery: TypeAlias = Literal["streets", "country", "traffic"]
"""Streets of towns and motorways, where things are close; open land, where most are far away; any road in a jam."""

SHARES: Mapping[Scenery, tuple[float, float, float]] = {
    "streets": (0.6, 0.25, 0.0),
    "country": (0.0, 0.0, 0.85),
    "traffic": (0.3, 0.2, 0.35),
}
"""Of quarters, towns and open land among the worlds of a scenery; the rest are motorways."""


@dataclass(frozen=True)
class StillsConfig:
    """All that the pictures of one world are made from: equal configurations give equal pictures.

    Attributes:
        seed: which world. 0 to 999 are for training, 1000 and above for evaluation.
        frames: how many pictures.
        camera: of all of them.
        heights: smallest and largest of the camera above the ground, metres.
        pitch, roll: largest angles, radians.
        patches: videos or folders of pictures, patches of which surfaces may carry.
        scenery: what kind of world.
    """

    seed: int
    frames: int
    camera: Camera
    heights: tuple[float, float] = (0.3, 3.0)
    pitch: float = 0.17
    roll: float = 0.07
    patches: tuple[str, ...] = ()
    scenery: Scenery = "streets"

    def __post_init__(self) -> None:
        if self.seed < 0 or self.frames <= 0:
            raise StreetError(
                f"stills of seed {self.seed} and {self.frames} frames were asked for:"
                " expected a seed of at least 0 and at least one frame"
            )
        low, high = self.heights
        if not 0.2 <= low <= high <= 5.0 or not (0.0 <= self.pitch <= 0.5 and 0.0 <= self.roll <= 0.5):
            raise StreetError(
                f"cameras at {low} to {high} m, pitch {self.pitch}, roll {self.roll} rad:"
                " expected 0.2 to 5 m and angles within 0.5 rad"
            )
        if self.scenery not in get_args(Scenery):
            raise StreetError(f"scenery is '{self.scenery}', expected {', '.join(get_args(Scenery))}")

    @property
    def kind(self) -> Literal["stills"]:
        """See `training.rendering.cache.Recipe`."""
        return "stills"

    @property
    def version(self) -> int:
        """See `training.rendering.cache.Recipe`."""
        return STILLS_VERSION

    def render(self) -> Iterator[Frame]:
        """See `render_stills`."""
        return render_stills(self)


def render_stills(config: StillsConfig) -> Iterator[Frame]:
    """The pictures, rendered as they are asked for; their stamps count them.

    Raises: `RenderingError` where there is no EGL to draw with.
    """
    world = _build(_random(config.seed, 1), config.scenery)
    floor = Floor(world.mesh, world.road.line, REACH)
    cast = make_cast(_random(config.seed, 2))
    light = harsh_light(_random(config.seed, 3))
    patches = cut_patches(_random(config.seed, 7), config.patches, PATCHES)
    mesh, textures = _dress(_random(config.seed, 4), world.mesh, _textures(config.seed // SHARING), patches)
    scene = Scene(mesh, (), light, textures, labels.SKY, shadow_reach=40.0, shadow_size=1024, shadow_slope=1.5)
    response = Response.draw(_random(config.seed, 5))
    opening = 2.0 * float(np.arctan(0.5 * config.camera.width / config.camera.fx))
    with Renderer(scene, config.camera) as renderer:
        for index in range(config.frames):
            rng = _random(config.seed, 100 + index)
            for _ in range(TRIES):
                spot = find_spot(rng, world, floor, config.heights, config.pitch, config.roll)
                if spot is None:
                    continue
                density = _density(rng, config.scenery)
                props = place_crowd(rng, world, floor, cast, spot, opening, density)
                own = rng.random() < BONNETS
                if own:
                    props.append(Prop(make_bonnet(rng, config.camera), spot.body))
                view = renderer.render(spot.camera, 0.0, props)
                if worth_seeing(view, own):
                    break
            else:
                raise StreetError(f"stills of seed {config.seed}: no place for a camera was found in frame {index}")
            image = response.apply(view.image, float(rng.normal(0.0, 0.45)))
            yield Frame(image, view.depth, view.labels, spot.camera, float(index), 0.0)


def _build(rng: np.random.Generator, scenery: Scenery) -> World:
    """A world no longer than stills need."""
    kind = rng.random()
    quarter, town, country = SHARES[scenery]
    if kind < quarter:
        return build_quarter(rng)
    if kind < quarter + town:
        return build_town(rng, -80.0)
    return build_country(rng) if kind < quarter + town + country else build_highway(rng, -380.0)


def _density(rng: np.random.Generator, scenery: Scenery) -> Density:
    if scenery == "streets":
        return USUAL
    usual = rng.random() >= 0.75
    return USUAL if usual else CALM if scenery == "country" else QUEUE


@lru_cache(maxsize=1)
def _textures(number: int) -> Textures:
    return draw_textures(_random(number, 6))


def _dress(rng: np.random.Generator, mesh: Mesh, textures: Textures, patches: Sequence[Image]) -> tuple[Mesh, Textures]:
    """A world as it is, or with other patterns and colours, or wet."""
    share = float(rng.choice([0.0, 0.15, 0.4, 0.9], p=[0.35, 0.25, 0.25, 0.15]))
    if share:
        textures = disguised(rng, textures, share, patches)
    strength = float(rng.choice([0.0, 0.12, 0.35], p=[0.4, 0.4, 0.2]))
    if strength:
        mesh = recoloured(rng, mesh, strength)
    return wetted(rng, mesh, textures) if rng.random() < 0.12 else (mesh, textures)


def worth_seeing(view: View, own: bool) -> bool:
    """Whether a picture is of a place where a camera may stand, and shows something beside ground and sky.

    Args:
        own: whether the own vehicle, which has no class, is in it.
    """
    depth = view.depth[view.labels != labels.NONE] if own else view.depth
    if np.mean(depth < 0.5) > 0.02 or np.mean(depth < 1.2) > 0.3:
        return False
    ground, sky = float(np.mean(np.isin(view.labels, GROUND))), float(np.mean(view.labels == labels.SKY))
    return ground < 0.85 and sky < 0.7 and ground + sky < 0.97


def _random(seed: int, part: int) -> np.random.Generator:
    """Independent numbers for every part of a world and every picture."""
    return np.random.default_rng([3, seed, part])
