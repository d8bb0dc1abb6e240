"""A drive through a random world: what its camera sees, frame by frame, with the truth about it.

Convention:
    World z up. Body axes (REP-103): x forward, y left, z up; optical axes: x right, y down, z forward. ``base_link``
    lies on the ground below the camera.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_angles
from training.rendering.frame import Frame, Pose
from training.rendering.mesh import Mesh
from training.rendering.renderer import Renderer
from training.rendering.scene import Scene
from training.street import labels
from training.street.cars import make_car, make_truck
from training.street.errors import StreetError
from training.street.highway import build_highway
from training.street.textures import draw_textures
from training.street.town import build_town
from training.street.world import World, traffic

STREET_CAMERA = Camera(width=1248, height=384, fx=720.0, fy=720.0, cx=623.5, cy=180.0)
"""The camera networks are trained for."""

WORLD_VERSION = 2
"""Raised whenever the same seed gives other frames, so that no stored drive outlives the world it shows."""

SCENES = ("town", "highway")


@dataclass(frozen=True)
class DriveConfig:
    """All that a drive is made from: equal configurations give equal frames.

    Attributes:
        seed: which world. 0 to 999 are for training, 1000 and above for evaluation.
        rate: frames a second, Hz.
        camera_height: metres above the ground.
        camera_pitch: radians, positive looks down.
        camera_roll: radians, positive lowers the right side.
        scene: kind of world; None lets the seed choose.
    """

    seed: int
    frames: int
    rate: float = 10.0
    camera: Camera = STREET_CAMERA
    camera_height: float = 1.6
    camera_pitch: float = 0.0
    camera_roll: float = 0.0
    scene: Literal["town", "highway"] | None = None

    def __post_init__(self) -> None:
        if self.seed < 0 or self.frames <= 0 or not 0.0 < self.rate <= 1000.0:
            raise StreetError(
                f"a drive of seed {self.seed}, {self.frames} frames and {self.rate} Hz was asked for:"
                " expected a seed of at least 0, at least one frame, and a rate above 0 and up to 1000 Hz"
            )
        if self.scene is not None and self.scene not in SCENES:
            raise StreetError(f"there is no scene '{self.scene}': expected one of {', '.join(SCENES)}")
        if not 0.3 <= self.camera_height <= 5.0 or max(abs(self.camera_pitch), abs(self.camera_roll)) > 0.5:
            raise StreetError(
                f"camera at {self.camera_height} m, pitch {self.camera_pitch}, roll {self.camera_roll} rad:"
                " expected 0.3 to 5 m and angles within 0.5 rad"
            )

    @property
    def kind(self) -> Literal["town", "highway"]:
        """The kind of world this drive goes through: two thirds of the seeds give a town."""
        return self.scene or ("highway" if self.seed % 3 == 2 else "town")

    @property
    def version(self) -> int:
        """See `training.rendering.cache.Recipe`."""
        return WORLD_VERSION

    def render(self) -> Iterator[Frame]:
        """See `render_drive`."""
        return render_drive(self)

    @property
    def camera_in_base(self) -> Pose:
        """The mount ``T_base_camera`` ``[4, 4]``: points of the optical frame into ``base_link``."""
        turn = rotation_from_angles(self.camera_roll, self.camera_pitch, 0.0)
        return pose_from(turn, [0.0, 0.0, self.camera_height]) @ BODY_FROM_OPTICAL


def render_drive(config: DriveConfig) -> Iterator[Frame]:
    """The frames of a drive, rendered as they are asked for.

    Raises: `RenderingError` where there is no EGL to draw with.
    """
    duration = config.frames / config.rate
    fastest = 15.0 if config.kind == "town" else 32.0
    build = build_town if config.kind == "town" else build_highway
    world = build(_random(config.seed, 1), fastest * duration)
    motion = _Motion(_random(config.seed, 2), world, config)
    rng = _random(config.seed, 3)
    leader = bool(rng.random() < 0.35)
    scene = Scene(
        world.mesh,
        traffic(rng, world, motion.distance, duration, _vehicle, leader),
        world.light,
        draw_textures(_random(config.seed, 4)),
        labels.SKY,
    )
    with Renderer(scene, config.camera) as renderer:
        for index in range(config.frames):
            stamp = index / config.rate
            pose = motion.base(stamp) @ config.camera_in_base
            view = renderer.render(pose, stamp)
            yield Frame(view.image, view.depth, view.labels, pose, stamp, motion.speed(stamp))


class _Motion:
    """How the vehicle moves: along its lane, slower in curves, swaying a little on its springs."""

    def __init__(self, rng: np.random.Generator, world: World, config: DriveConfig) -> None:
        self._road, self._lane = world.road, world.lane
        town = config.kind == "town"
        cruise = rng.uniform(5.0, 13.5) if town else rng.uniform(20.0, 31.0)
        slowest, fastest = (3.0, 15.0) if town else (15.0, 32.0)
        s = np.arange(0.0, world.road.length, 0.5)
        waves = sum(
            rng.uniform(0.0, 0.22) * np.sin(2 * np.pi * s / length + rng.uniform(0, 6.3))
            for length in ((45, 120) if town else (250, 700))
        )
        grip = np.sqrt(2.2 / np.maximum(np.abs(world.road.curvature(s)), 1e-6))
        target = np.clip(np.minimum(cruise * (1.0 + waves), grip), slowest, fastest)
        reach = 24 if town else 80
        target = np.array([target[max(i - reach, 0) : i + reach].min() for i in range(len(target))])
        window = np.hanning(2 * reach + 1)
        padded = np.pad(target, reach, mode="edge")
        self._speeds = np.convolve(padded, window / window.sum(), mode="valid")
        self._s = s
        step = 0.01
        times = np.arange(0.0, config.frames / config.rate + 1.0, step)
        places = np.empty_like(times)
        place = 20.0
        for index in range(len(times)):
            places[index] = place
            middle = place + 0.5 * step * float(np.interp(place, s, self._speeds))
            place += step * float(np.interp(middle, s, self._speeds))
        self._times, self._places = times, places
        self._sway = [
            (rng.uniform(a, b), f * rng.uniform(0.8, 1.2), rng.uniform(0, 6.3))
            for a, b, f in ((0.0005, 0.003, 1.4), (0.0005, 0.0025, 0.35), (0.0003, 0.002, 2.3))
        ]
        self._lean = [
            (rng.uniform(a, b), f * rng.uniform(0.8, 1.2), rng.uniform(0, 6.3))
            for a, b, f in ((0.0005, 0.003, 1.1), (0.0005, 0.004, 0.3))
        ]
        self._heave = [(rng.uniform(0.002, 0.01), 1.3 * rng.uniform(0.8, 1.2), rng.uniform(0, 6.3))]
        self._weave = [(rng.uniform(0.03, 0.2), 2 * np.pi / rng.uniform(60, 140), rng.uniform(0, 6.3))]

    def distance(self, time: float) -> float:
        """Metres along the road at a time in seconds."""
        return float(np.interp(time, self._times, self._places))

    def speed(self, time: float) -> float:
        """Metres a second."""
        s = self.distance(time)
        # a lane on the outside of a curve is longer than the middle of the road
        stretch = 1.0 - self._lane * float(self._road.curvature(s))
        return float(np.interp(s, self._s, self._speeds)) * stretch

    def base(self, time: float) -> Pose:
        """``T_world_base`` ``[4, 4]``."""
        s = self.distance(time)
        ((size, turns, phase),) = self._weave
        aside = self._lane + size * np.sin(turns * s + phase)
        drift = np.arctan(size * turns * np.cos(turns * s + phase))
        pose = self._road.tilted_pose(s, aside, 0.0, float(drift))
        pose[2, 3] += _waves(self._heave, time)
        pose[:3, :3] = pose[:3, :3] @ rotation_from_angles(_waves(self._lean, time), _waves(self._sway, time), 0.0)
        return pose


def _waves(waves: list[tuple[float, float, float]], time: float) -> float:
    return float(sum(size * np.sin(2 * np.pi * frequency * time + phase) for size, frequency, phase in waves))


def _random(seed: int, part: int) -> np.random.Generator:
    """Independent numbers for every part of a world: a change in one leaves the others as they were.

    They do not follow `WORLD_VERSION`: a seed stays the same place when only the way it is drawn changes.
    """
    return np.random.default_rng([1, seed, part])


def _vehicle(rng: np.random.Generator, lorry: bool) -> Mesh:
    return make_truck(rng) if lorry else make_car(rng)
