"""Rows of frames: what all recordings and most datasets are, and the snippets that can be cut from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.data.snippet import Snippet
from training.errors import TrainingError


class Images(Protocol):
    """Files that are read one by one, or an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> npt.NDArray[np.uint8]: ...


class Depths(Protocol):
    """As `Images`; None for a frame whose depth is not known."""

    def __getitem__(self, index: int, /) -> npt.NDArray[np.floating] | None: ...


class Labels(Protocol):
    """As `Images`; None for a frame whose classes are not known."""

    def __getitem__(self, index: int, /) -> npt.NDArray[np.uint8] | None: ...


@dataclass(frozen=True)
class FrameRow:
    """Frames of one camera, one after the other without a gap.

    Attributes:
        name: of the drive and camera.
        images: uint8 RGB, in order of time.
        camera: their pinhole.
        depth: metres, on the images' pixels; None where there is none of any.
        poses: `T_world_camera` (optical) ``[n, 4, 4]``, or None.
        distances: metres driven between neighbours ``[n - 1]``, or None.
        first: the number that the first frame has in the dataset; None where the name says which one it is.
        labels: classes, on the images' pixels; None where there are none of any.
    """

    name: str
    images: Images
    camera: Camera
    depth: Depths | None = None
    poses: npt.NDArray[np.float64] | None = None
    distances: npt.NDArray[np.float64] | None = None
    first: int | None = 0
    labels: Labels | None = None


class RowSnippets:
    """A snippet for each frame of the rows that has its neighbours, and between which the camera moves.

    Args:
        rows: without gaps.
        frames: of a snippet.
        stride: frames between neighbours in a snippet.
        step: takes only every so-many-th place.
        targets: row and frame of the snippets' middle frames, in this order; None takes all. Those at the end of a row
            that lack neighbours are left out.
        moving: of each row, ``[n - stride]``, whether the camera moved from each frame to the one `stride` later: a
            standing camera teaches nothing. None takes all.
        origin: of the rows, for the error.

    Raises: `TrainingError` if there is no such place.
    """

    def __init__(
        self,
        rows: Sequence[FrameRow],
        frames: int = 3,
        stride: int = 1,
        step: int = 1,
        targets: Iterable[tuple[int, int]] | None = None,
        moving: Sequence[npt.NDArray[np.bool_]] | None = None,
        origin: str = "",
    ) -> None:
        self._rows = list(rows)
        self._frames, self._stride = frames, stride
        before, after = stride * (frames // 2), stride * (frames - 1 - frames // 2)
        if targets is None:
            targets = ((number, k) for number, row in enumerate(rows) for k in range(len(row.images)))
        self._places: list[tuple[int, int]] = []
        for number, target in targets:
            first = target - before
            if first < 0 or target + after >= len(self._rows[number].images):
                continue
            if moving is None or all(moving[number][first + k * stride] for k in range(frames - 1)):
                self._places.append((number, first))
        self._places = self._places[::step]
        if not self._places:
            raise TrainingError(
                f"{origin}: none of its {sum(len(row.images) for row in rows)} frames is the middle of {frames}"
                f" {'moving ' if moving else ''}ones with a stride of {stride}"
            )

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Snippet:
        number, first = self._places[index]
        row = self._rows[number]
        numbers = [first + k * self._stride for k in range(self._frames)]
        target = numbers[self._frames // 2]
        distances = None
        if row.distances is not None:
            distances = np.array([row.distances[k : k + self._stride].sum() for k in numbers[:-1]])
        return Snippet(
            images=[row.images[k] for k in numbers],
            camera=row.camera,
            depth=None if row.depth is None else row.depth[target],
            poses=None if row.poses is None else row.poses[numbers],
            distances=distances,
            labels=None if row.labels is None else row.labels[target],
            name=row.name if row.first is None else f"{row.name}/{row.first + target}",
        )
