"""What recordings of one camera have in common: they are decoded once, and a standing camera is left out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from training.checked_arrays import GrowingArray, open_checked
from training.data.moving import moving
from training.data.rows import FrameRow, RowSnippets
from training.data.snippet import SnippetSource
from training.data.source import Drive, SourceSettings, frames_from
from training.stored import filled, hashed

FORMAT = 2
"""Of the cache; counts up when what is written changes."""
FEW = 16
"""Frames that are enough to try out a training."""


@dataclass(frozen=True)
class RecordedData(SourceSettings):
    """A recording of one camera.

    Attributes:
        path: where it lies.
        stride: frames between neighbours in a snippet.
        motion: mean grey levels by which neighbours must differ; a standing camera teaches nothing.
        width, height: of the network's view that is kept of it.
        share: of an epoch's samples, relative to other sources.
        cache: folder of what has been decoded.
        name, licence: how models that learned from it name it.
        first, last: frames to use, the last not included.
    """

    KIND: ClassVar[str] = "recordings"

    path: str
    _: KW_ONLY
    stride: int = 1
    motion: float = 1.0
    width: int = 1248
    height: int = 384
    share: float = 1.0
    cache: str = "cache/recordings"
    name: str = ""
    licence: str = "unknown"
    first: int = 0
    last: int | None = None

    def drives(self) -> frozenset[Drive]:
        """The recording as a whole."""
        return frozenset({Drive(self.KIND, str(Path(self.path).resolve()))})

    @property
    def title(self) -> str:
        """The file's name, if it is given none, with the frames where they are not all."""
        title = self.name or Path(self.path).name
        return title if (self.first, self.last) == (0, None) else f"{title}, {frames_from(self.first, self.last)}"

    def small(self) -> RecordedData:
        """Its first frames."""
        return replace(self, last=self.first + FEW if self.last is None else min(self.first + FEW, self.last))

    def decoded(self, frames: Iterable[npt.NDArray[np.uint8]], camera: Camera, first: int, what: Any) -> FrameRow:
        """The network's views of frames, which are only asked for if they are not in the cache.

        Args:
            frames: RGB, of `camera`.
            first: number of the first of them in the recording.
            what: all else that they depend on, as JSON can say it.
        """
        view = NetworkView(camera, self.width, self.height)

        def fill(folder: Path) -> None:
            with GrowingArray(folder / "images.npy", (self.height, self.width, 3), np.uint8) as images:
                for frame in frames:
                    images.append(view.image(frame))

        name = Path(self.path).name
        key = [FORMAT, self.width, self.height, camera.as_json(), what]
        folder = filled(Path(self.cache) / hashed(name, key), fill)
        return FrameRow(name, open_checked(folder / "images.npy"), view.camera, first=first)

    def snippets(self, rows: Sequence[FrameRow], frames: int, step: int) -> SnippetSource:
        """Those of `rows` in which the camera moves."""
        moves = [moving(row.images, self.stride, self.motion) for row in rows]
        snippets = RowSnippets(rows, frames, self.stride, step, None, moves, self.path)
        possible = sum(max(0, len(row.images) - self.stride * (frames - 1)) for row in rows)
        if len(snippets) * step < possible / 2:
            still = sum(int(np.count_nonzero(~moved)) for moved in moves)
            warnings.warn(
                f"{self.path}: {len(snippets) * step} of {possible} snippets are left, {still} of"
                f" {sum(map(len, moves))} frames are like the one before (motion: {self.motion:g}): the camera stands,"
                f" or frames are repeated; then take them out, or set stride: {self.stride + 1}",
                stacklevel=3,
            )
        return snippets
