"""Snippets of drives through the street world, with their exact depth and motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from depth_perception.geometry.camera import Camera
from training.data.label_sets import LabelSetName
from training.data.seeded import SeededData
from training.data.snippet import Snippet, SnippetSource, Truth
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.rendering.cache import CachedDrive


@dataclass(frozen=True)
class StreetData(SeededData):
    """Which drives to render, once, and what of them to learn from.

    Attributes:
        seeds: first and number of the drives' seeds: 0 to 999 are for training, the rest for evaluation.
        frames: of each drive.
        truth: what the losses are told; empty for images alone.
        strides: frames between neighbours in a snippet: 0 for a standing camera, negative ones for one that goes
            backwards. Each place has one of them, in turn.
        every_stride: each place has all of them instead, so that what a place looks like says nothing of the speed.
        rate: frames a second, Hz.
        focal_lengths: pixels at 1248 columns; a drive has one of them.
        heights: smallest and largest metres of the camera above the road.
        pitch, roll: largest angles of the camera's mounting, radians.
        width, height: of the pictures.
        share: of an epoch's samples, relative to other sources.
        cache: folder of rendered drives.
    """

    KIND = "street seeds"
    name = "procedural street world of this package (training.street)"
    seeds: tuple[int, int] = (0, 40)
    frames: int = 60
    truth: tuple[Truth, ...] = ("depth", "poses", "distances")
    strides: tuple[int, ...] = (1,)
    every_stride: bool = False
    rate: float = 10.0
    focal_lengths: tuple[float, ...] = (720.0,)
    heights: tuple[float, float] = (1.6, 1.6)
    pitch: float = 0.0
    roll: float = 0.0
    width: int = 1248
    height: int = 384
    share: float = 1.0
    cache: str = "cache/street"
    label_set: ClassVar[LabelSetName] = "cityscapes"

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`."""
        return StreetSnippets(render_drives(self), frames, self.truth, self.strides, step, self.every_stride)

    def small(self) -> StreetData:
        """Its first drive, small and short."""
        few = (self.seeds[0], 1)
        return replace(self, seeds=few, frames=6, width=288, height=192, strides=(1,), focal_lengths=(720.0,))


class StreetSnippets:
    """A snippet for each frame of each drive, outdoors or in rooms, that has its neighbours.

    Args:
        drives: as the cache gives them.
        frames: of a snippet.
        truth: what of the truth snippets carry.
        strides: of which each place has one, in turn; see `StreetData`.
        step: takes only every so-many-th place.
        every_stride: gives each place all of them.
    """

    def __init__(
        self,
        drives: Sequence[CachedDrive],
        frames: int = 3,
        truth: Sequence[Truth] = ("depth", "poses", "distances"),
        strides: Sequence[int] = (1,),
        step: int = 1,
        every_stride: bool = False,
    ) -> None:
        self._drives = list(drives)
        self._frames = frames
        self._truth = frozenset(truth)
        self._places: list[tuple[int, int, int]] = []
        for number, drive in enumerate(self._drives):
            for first in range(0, len(drive.images), step):
                own = strides if every_stride else (strides[(number + first // step) % len(strides)],)
                for stride in own:
                    if 0 <= first + stride * (frames - 1) < len(drive.images):
                        self._places.append((number, first, stride))
        if not self._places:
            raise TrainingError(
                f"drives are too short for {frames} frames with strides {list(strides)}: render longer ones"
            )

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Snippet:
        number, first, stride = self._places[index]
        drive = self._drives[number]
        numbers = [first + i * stride for i in range(self._frames)]
        poses = np.asarray(drive.poses[numbers], np.float64)
        steps = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
        target = numbers[self._frames // 2]
        return Snippet(
            images=[drive.images[i] for i in numbers],
            camera=drive.camera,
            depth=drive.depth[target] if "depth" in self._truth else None,
            poses=poses if "poses" in self._truth else None,
            distances=steps if "distances" in self._truth else None,
            labels=drive.labels[target] if "labels" in self._truth else None,
        )


def render_drives(data: StreetData) -> list[CachedDrive]:
    """The drives of `data`, rendered unless they are in the cache.

    Raises: `TrainingError` for seeds that train and evaluate at once.
    """
    from training.rendering.cache import cached_drive
    from training.street.drive import DriveConfig

    drives = []
    for seed in data.numbers:
        rng = np.random.default_rng((seed, 7))
        focal_length = float(rng.choice(data.focal_lengths)) * data.width / 1248
        camera = Camera(
            data.width, data.height, focal_length, focal_length, 0.5 * (data.width - 1), 180.0 * data.width / 1248
        )
        config = DriveConfig(
            seed=seed,
            frames=data.frames,
            rate=data.rate,
            camera=camera,
            camera_height=float(rng.uniform(*data.heights)),
            camera_pitch=float(rng.uniform(-data.pitch, data.pitch)),
            camera_roll=float(rng.uniform(-data.roll, data.roll)),
        )
        drives.append(cached_drive(config, Path(data.cache)))
    return drives
