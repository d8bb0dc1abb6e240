"""A walk through a random room: what its camera sees, frame by frame, with the truth about it.

Convention:
    World z up, the middle of the floor at the origin; optical axes x right, y down, z forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from depth_perception.geometry.camera import Camera
from training.rendering.frame import Frame
from training.rendering.mesh import Mesh, join
from training.rendering.renderer import Renderer
from training.rendering.scene import Mover, Scene
from training.rooms import labels
from training.rooms.errors import RoomsError
from training.rooms.layout import Furnishing, furnish
from training.rooms.light import Lighting, camera_light, random_lighting
from training.rooms.shading import lit
from training.rooms.shell import Shell, build_shell
from training.rooms.textures import draw_textures
from training.rooms.walk import Walk

ROOMS_VERSION = 2
"""Raised whenever the same seed gives other frames, so that no stored walk outlives the rooms it shows."""
SHADOW_REACH = 9.0


def kinect(width: int = 320, height: int = 240) -> Camera:
    """The pinhole of NYU Depth v2's Kinect (519 pixels at 640x480), with its centre in the middle of the image."""
    focal_length = 519.0 * width / 640.0
    return Camera(width, height, focal_length, focal_length, 0.5 * (width - 1), 0.5 * (height - 1))


KINECT = kinect()


@dataclass(frozen=True)
class RoomConfig:
    """All that a walk is made from: equal configurations give equal frames.

    Attributes:
        seed: which room. 0 to 999 are for training, 1000 and above for evaluation.
        rate: frames a second, Hz.
    """

    seed: int
    frames: int
    rate: float = 2.0
    camera: Camera = KINECT

    def __post_init__(self) -> None:
        if self.seed < 0 or self.frames <= 0 or not 0.0 < self.rate <= 1000.0:
            raise RoomsError(
                f"a room of seed {self.seed}, {self.frames} frames and {self.rate} Hz was asked for:"
                " expected a seed of at least 0, at least one frame, and a rate above 0 and up to 1000 Hz"
            )

    @property
    def kind(self) -> str:
        """See `training.rendering.cache.Recipe`."""
        return "room"

    @property
    def version(self) -> int:
        """See `training.rendering.cache.Recipe`."""
        return ROOMS_VERSION

    def render(self) -> Iterator[Frame]:
        """See `render_room`."""
        return render_room(self)


def build_room(seed: int) -> tuple[Shell, Furnishing]:
    """An empty room of 3 to 10 metres, and what is put into it."""
    rng = _random(seed, 1)
    short, long = sorted(3.0 + 7.0 * rng.beta(1.2, 2.4, 2))
    size = (long, short) if rng.random() < 0.5 else (short, long)
    shell = build_shell(rng, (float(size[0]), float(size[1]), float(rng.uniform(2.35, 3.1))))
    return shell, furnish(_random(seed, 2), shell)


def light_up(seed: int, shell: Shell, furnishing: Furnishing) -> Scene:
    """The room in some light, as the renderer takes it."""
    rng = _random(seed, 3)
    lighting = random_lighting(rng, shell, furnishing.lamps)
    walls = lit(shell.mesh, shell.size, lighting.sources, lighting.ambient)
    things = lit(join(furnishing.meshes), shell.size, lighting.sources, lighting.ambient)
    shining = join(_shining(lighting, shell, furnishing))
    # what throws no shadows goes where the renderer keeps what moves
    throwing, other = ([walls, things], [shining]) if lighting.sunny else ([things], [walls, shining])
    still = Mover(join(other), lambda time: np.eye(4))
    light = camera_light(rng, lighting, walls)
    return Scene(join(throwing), (still,), light, draw_textures(_random(seed, 4)), labels.NONE, SHADOW_REACH)


def render_room(config: RoomConfig) -> Iterator[Frame]:
    """The frames of a walk, rendered as they are asked for.

    Raises: `RenderingError` where there is no EGL to draw with.
    """
    shell, furnishing = build_room(config.seed)
    scene = light_up(config.seed, shell, furnishing)
    walk = Walk(_random(config.seed, 5), shell.size, furnishing.obstacles, config.frames / config.rate)
    with Renderer(scene, config.camera) as renderer:
        for index in range(config.frames):
            stamp = index / config.rate
            pose = walk.pose(stamp)
            view = renderer.render(pose)
            yield Frame(view.image, view.depth, view.labels, pose, stamp, walk.speed(stamp))


def _shining(lighting: Lighting, shell: Shell, furnishing: Furnishing) -> list[Mesh]:
    panes = [pane.tinted(np.full(3, np.sqrt(lighting.outside))) for pane in shell.panes]
    lamps = [lamp.tinted(np.full(3, lighting.lamps)) for lamp in furnishing.lamps]
    return [*panes, *lamps]


def _random(seed: int, part: int) -> np.random.Generator:
    """Independent numbers for every part of a room: a change in one leaves the others as they were."""
    return np.random.default_rng([2, seed, part])
