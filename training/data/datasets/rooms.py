"""Snippets of walks through furnished rooms, with their exact depth, NYU40 labels and motion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from training.data.datasets.street import StreetSnippets
from training.data.label_sets import LabelSetName
from training.data.seeded import SeededData
from training.data.snippet import Snippet, SnippetSource, Truth

if TYPE_CHECKING:
    from training.rendering.cache import CachedDrive


@dataclass(frozen=True)
class RoomsData(SeededData):
    """Which rooms to walk through and render, once, and what of them to learn from.

    Attributes:
        seeds: first and number of the rooms' seeds: 0 to 999 are for training, the rest for evaluation.
        frames: of each walk.
        rate: frames a second: fewer show more of a room, more make neighbours more alike.
        truth: what the losses are told; empty for images alone.
        strides: frames between neighbours in a snippet; one is drawn for each place.
        width, height: pixels; the focal length is that of NYU Depth v2's Kinect at this width.
        holes: leaves depth unknown where a Kinect would; see `training.rooms.holes`.
        share: of an epoch's samples, relative to other sources.
        cache: folder of rendered rooms.
    """

    KIND = "room seeds"
    name = "procedural rooms of this package (training.rooms)"
    seeds: tuple[int, int] = (0, 40)
    frames: int = 20
    rate: float = 2.0
    truth: tuple[Truth, ...] = ("depth", "labels")
    strides: tuple[int, ...] = (1,)
    width: int = 320
    height: int = 240
    holes: bool = False
    share: float = 1.0
    cache: str = "cache/rooms"
    label_set: ClassVar[LabelSetName] = "nyu40"

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """See `training.data.source.SourceSettings`."""
        walks = render_walks(self)
        if not self.holes:
            return StreetSnippets(walks, frames, self.truth, self.strides, step)
        return _WithHoles(StreetSnippets(walks, frames, [*self.truth, "labels"], self.strides, step), self)

    def small(self) -> RoomsData:
        """Its first walk, small and short."""
        return replace(self, seeds=(self.seeds[0], 1), frames=4, width=160, height=120)


class _WithHoles:
    """Snippets whose depth a Kinect measured: the same holes in the same frame every time."""

    def __init__(self, source: SnippetSource, data: RoomsData) -> None:
        self._source, self._data = source, data

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Snippet:
        from training.rooms.holes import kinect_holes

        snippet = self._source[index]
        if snippet.depth is None or snippet.labels is None:
            return snippet
        image, rng = snippet.images[len(snippet.images) // 2], np.random.default_rng((self._data.seeds[0], index))
        depth = kinect_holes(snippet.depth, image, snippet.labels, snippet.camera.fx, rng)
        return replace(snippet, depth=depth, labels=snippet.labels if "labels" in self._data.truth else None)


def render_walks(data: RoomsData) -> list[CachedDrive]:
    """The walks of `data`, rendered unless they are in the cache.

    Raises: `TrainingError` for seeds that train and evaluate at once.
    """
    from training.rendering.cache import cached_drive
    from training.rooms.room import RoomConfig, kinect

    camera = kinect(data.width, data.height)
    configs = [RoomConfig(seed, data.frames, data.rate, camera) for seed in data.numbers]
    return [cached_drive(config, Path(data.cache)) for config in configs]
