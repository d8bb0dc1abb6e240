"""What recordings of one camera have in common: they are decoded once, and a standing camera is left out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import inverse
from depth_perception.recordings.pose_files import read_poses
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
GAP = 1.5
"""Median times between images after which some are missing."""
_STANDS = 1e-3
"""Metres from an image to the next that say nothing about a scale."""


class Seen(NamedTuple):
    """An image of a recording."""

    stamp: int
    """Nanoseconds."""
    camera: Camera
    """With its distortion."""
    image: npt.NDArray[np.uint8]
    """RGB ``[H, W, 3]``, as it was recorded."""


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
        followed: a file of the camera's trajectory, as TUM's benchmark has it: the motion that snippets carry. It was
            estimated, so what learns from it has not learnt from truth: see `training.data.followed`.
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
    followed: str | None = None

    def seen(self) -> Iterator[Seen]:
        """Its images in order of time, without those that cannot be decoded."""
        raise NotImplementedError

    def drives(self) -> frozenset[Drive]:
        """The recording as a whole."""
        return frozenset({Drive(self.KIND, str(Path(self.path).resolve()))})

    @property
    def title(self) -> str:
        """The file's name, if it is given none, with the frames where they are not all."""
        title = self.name or Path(self.path).name
        return title if (self.first, self.last) == (0, None) else f"{title}, {frames_from(self.first, self.last)}"

    @property
    def estimated(self) -> tuple[str, ...]:
        """The motion, where it was followed."""
        return () if self.followed is None else ("poses",)

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

    def _followed_at(self, stamps: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """`T_world_camera` ``[n, 4, 4]`` at these times, and where it is known: nowhere if nothing was followed."""
        if self.followed is None:
            return np.tile(np.eye(4), (len(stamps), 1, 1)), np.zeros(len(stamps), bool)
        return read_poses(self.followed, (), None)[0].at(stamps)


def without_gaps(stamps: npt.NDArray[np.int64], *states: npt.NDArray[Any]) -> Iterator[slice]:
    """Parts of a recording in which no image is missing and no state ``[n]`` changes, as which camera it is."""
    steps = np.diff(stamps)
    broken = (steps <= 0) | (steps > GAP * np.median(steps)) if len(steps) else steps > 0
    for state in states:
        broken |= state[1:] != state[:-1]
    ends = [0, *(np.flatnonzero(broken) + 1).tolist(), len(stamps)]
    for first, last in pairwise(ends):
        yield slice(first, last)


def of_lengths(poses: npt.NDArray[np.float64], distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The same way ``[n, 4, 4]``, each step of it as long as was measured.

    Args:
        distances: metres ``[n - 1]``; where they or the steps are too short to tell, the step stays as it is.
    """
    steps = inverse(poses[:-1]) @ poses[1:]
    lengths = np.linalg.norm(steps[:, :3, 3], axis=1)
    factors = np.where(np.minimum(lengths, distances) > _STANDS, distances / np.maximum(lengths, _STANDS), 1.0)
    steps[:, :3, 3] *= factors[:, None]
    changed = [poses[0]]
    for step in steps:
        changed.append(changed[-1] @ step)
    return np.stack(changed)
