"""Engines of one model for images of other sizes and of cameras, of which only those asked for lately are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from depth_perception.engines.camera_graph import Sampling

KEPT = 4
"""A camera that zooms is another with each image, and each has a session on the GPU."""


class _Closable(Protocol):
    def close(self) -> None: ...


Kind = TypeVar("Kind", bound=_Closable)


class KeptEngines(Generic[Kind]):
    """What `make` makes of a width, a height and a sampling, until `KEPT` others were asked for since: then it is
    closed, and made again when it is asked for."""

    def __init__(self, make: Callable[[int, int, Sampling | None], Kind]) -> None:
        self._make = make
        self._kept: dict[tuple[int, int, Sampling | None], Kind] = {}  # the latest last

    def of(self, width: int, height: int, sampling: Sampling | None) -> Kind:
        """Raises: what `make` raises."""
        key = (width, height, sampling)
        if key in self._kept:
            self._kept[key] = self._kept.pop(key)
            return self._kept[key]
        if len(self._kept) == KEPT:  # first: there may be no room for one more
            self._kept.pop(next(iter(self._kept))).close()
        self._kept[key] = self._make(*key)
        return self._kept[key]

    def close(self) -> None:
        """All of them."""
        while self._kept:
            self._kept.popitem()[1].close()
