"""Single pictures from anywhere in the street world, with their exact depth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from depth_perception.geometry.camera import Camera
from depth_perception.model_file import TrainingData
from training.data.datasets.street import StreetSnippets
from training.data.label_sets import LabelSetName
from training.data.seeded import SeededData
from training.data.snippet import SnippetSource, Truth
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.rendering.cache import CachedDrive
    from training.street.stills import StillsConfig


@dataclass(frozen=True)
class PatchSource:
    """Real pictures, patches of which surfaces may carry.

    Attributes:
        path: a video, or a folder of pngs or jpegs.
        name, licence: how models that learned from it name it; the name of the path if there is none.
    """

    path: str
    name: str = ""
    licence: str = "unknown"


@dataclass(frozen=True)
class StillsData(SeededData):
    """Which worlds to take pictures in, once, and what of them to learn from.

    Attributes:
        seeds: first and number of the worlds' seeds: 0 to 999 are for training, the rest for evaluation.
        frames: pictures of each world, every one from another place, with other traffic.
        truth: what the losses are told.
        openings: smallest and largest angle that a camera sees from left to right, degrees; a world has one camera.
        shift: of the principal point from the middle, at most, as a share of the picture's size.
        heights: smallest and largest metres of the camera above the ground.
        pitch, roll: largest angles, radians.
        patches: real pictures that surfaces may look like.
        scenery: streets, where things are close; country, where most are far away; or traffic, any of both in a jam.
        share: of an epoch's samples, relative to other sources.
    """

    KIND = "seeds of stills"
    name = "stills of the procedural street world of this package (training.street)"
    seeds: tuple[int, int] = (0, 40)
    frames: int = 60
    truth: tuple[Truth, ...] = ("depth",)
    openings: tuple[float, float] = (40.0, 120.0)
    shift: float = 0.08
    heights: tuple[float, float] = (0.3, 3.0)
    pitch: float = 0.17
    roll: float = 0.07
    width: int = 480
    height: int = 360
    patches: tuple[PatchSource, ...] = ()
    scenery: Literal["streets", "country", "traffic"] = "streets"
    share: float = 1.0
    cache: str = "cache/stills"
    label_set: ClassVar[LabelSetName] = "cityscapes"

    def __post_init__(self) -> None:
        low, high = self.openings
        if not 10.0 <= low <= high <= 140.0 or not 0.0 <= self.shift <= 0.3:
            raise TrainingError(
                f"stills with openings of {low} to {high} degrees and a shift of {self.shift}: expected angles between"
                " 10 and 140, the smaller one first, and a share of up to 0.3"
            )

    def open(self, frames: int = 1, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`. In more than one frame camera and world stand still."""
        if frames != 1 and not self.truth:
            raise TrainingError(
                f"stills (seeds from {self.seeds[0]}) are single pictures, {frames} in a row were asked for and no"
                " truth: nothing can be learnt from them; set their truth, or take street drives"
            )
        return StreetSnippets(render_stills_of(self), frames, self.truth, (0,), step)

    @property
    def title(self) -> str:
        """With the seeds, and whose patches they carry."""
        names = [source.name or Path(source.path).name for source in self.patches]
        return super().title + "".join(f", patches of {name} as textures" for name in names)

    def describe(self) -> TrainingData:
        """With the licences of the patches."""
        licences = dict.fromkeys([self.licence, *(source.licence for source in self.patches)])
        return TrainingData(self.title, ", ".join(licences), self.truth)

    def small(self) -> StillsData:
        """A few small pictures of its first world."""
        return replace(self, seeds=(self.seeds[0], 1), frames=4, width=160, height=120)


def render_stills_of(data: StillsData) -> list[CachedDrive]:
    """The pictures of `data`, world by world, rendered unless they are in the cache.

    Raises: `TrainingError` for seeds that train and evaluate at once.
    """
    from training.rendering.cache import cached_drive

    return [cached_drive(recipe, Path(data.cache)) for recipe in recipes_of(data)]


def recipes_of(data: StillsData) -> list[StillsConfig]:
    """What makes the pictures of each world."""
    from training.street.stills import StillsConfig

    patches = tuple(source.path for source in data.patches)
    return [
        StillsConfig(seed, data.frames, _camera(data, seed), data.heights, data.pitch, data.roll, patches, data.scenery)
        for seed in data.numbers
    ]


def _camera(data: StillsData, seed: int) -> Camera:
    """The camera of a world: any opening, its axis somewhere near the middle of the picture."""
    rng = np.random.default_rng((seed, 8))
    opening = np.deg2rad(rng.uniform(*data.openings))
    aside, down = rng.uniform(-data.shift, data.shift, 2)
    focal_length = 0.5 * data.width / float(np.tan(0.5 * opening))
    cx, cy = 0.5 * (data.width - 1) + aside * data.width, 0.5 * (data.height - 1) + down * data.height
    return Camera(data.width, data.height, focal_length, focal_length, float(cx), float(cy))
