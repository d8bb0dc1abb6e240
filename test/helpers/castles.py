"""A dataset with its benchmark as someone writes them in a file of their own, and such as lack something."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from depth_perception.evaluation.protocol import DepthProtocol
from depth_perception.geometry.camera import Camera
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import SnippetSource, Truth
from training.data.source import Drive, SourceSettings
from training.evaluation.benchmark import Benchmark


@dataclass(frozen=True)
class CastlesData(SourceSettings):
    path: str
    truth: tuple[Truth, ...] = ("depth",)
    name: str = "Castles of the Loire"
    licence: str = "CC BY 4.0"

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        images, depths = (np.load(Path(self.path) / f"{what}.npy") for what in ("images", "depth"))
        camera = Camera(images.shape[2], images.shape[1], 100.0, 100.0, 63.5, 47.5)
        return RowSnippets([FrameRow(self.path, images, camera, depths)], frames, step=step)

    def drives(self) -> frozenset[Drive]:
        return frozenset({Drive("castles", self.path)})


class StreetData(CastlesData):
    """Is called as another one is."""


class Castles(Benchmark):
    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        return CastlesData(options.data)


CASTLES = Castles(DepthProtocol("castles", "castles of the Loire", maximum=20.0, scaling="none"))


@dataclass(frozen=True)
class LacksDrives(SourceSettings):
    path: str
    name: str = "x"
    licence: str = "MIT"

    def open(self, frames, step=1):
        return CastlesData(self.path).open(frames, step)


@dataclass(frozen=True)
class LacksWhoseItIs(SourceSettings):
    path: str

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        return CastlesData(self.path).open(frames, step)

    def drives(self) -> frozenset[Drive]:
        return frozenset()


@dataclass(frozen=True)
class LacksTheBase:
    path: str


def write_castles(folder: Path, frames: int = 8) -> Path:
    """Frames whose depth is how bright they are."""
    rng = np.random.default_rng(0)
    depth = np.repeat(np.linspace(2.0, 8.0, 96)[None, :, None], 128, 2) * rng.uniform(0.8, 1.2, (frames, 1, 1))
    images = np.repeat((25.0 * depth).astype(np.uint8)[..., None], 3, -1)
    folder.mkdir()
    np.save(folder / "images.npy", images)
    np.save(folder / "depth.npy", depth.astype(np.float32))
    return folder
