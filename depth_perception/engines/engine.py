"""What every backend looks like from outside; nothing else in the package knows which one runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError
from depth_perception.model_file import ModelDescription

if TYPE_CHECKING:
    from depth_perception.engines.camera_graph import Sampling


class EngineError(DepthPerceptionError):
    """A backend that is not installed, cannot run a model, or was given arrays it does not take."""


@dataclass(frozen=True)
class TensorInfo:
    """Name, shape and NumPy dtype of one input or output."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype


@dataclass(frozen=True)
class EngineDescription:
    """What runs a model, for logs, diagnostics and reports.

    Attributes:
        note: what a user should know of how it came to that; empty if there is nothing.
    """

    backend: str
    version: str
    precision: str
    device: str
    note: str = ""


class Engine(Protocol):
    """Runs one model file. Not thread-safe: one thread at a time calls `run`."""

    @property
    def model(self) -> ModelDescription: ...

    @property
    def inputs(self) -> tuple[TensorInfo, ...]: ...

    @property
    def outputs(self) -> tuple[TensorInfo, ...]: ...

    @property
    def description(self) -> EngineDescription: ...

    def run(self, inputs: Mapping[str, npt.NDArray], outputs: Collection[str] | None = None) -> dict[str, npt.NDArray]:
        """Outputs by name. They may be overwritten by the next `run`: copy what must outlive it.

        Args:
            outputs: Those that are wanted; None is all. Others may be left out: the first one alone is computed alone.

        Raises: `EngineError` naming the input if one is missing or has another shape or dtype.
        """
        ...

    @property
    def rather_takes_camera(self) -> bool:
        """Whether it is faster with the camera's image as it is, because a GPU rectifies it: see `at`."""
        ...

    def at(self, width: int, height: int, sampling: Sampling | None = None) -> Engine:
        """The model for images of another size, if its view is free; it is closed with this one, and when it was asked
        for `kept_engines.KEPT` others since.

        Args:
            sampling: It takes the camera's image and answers what the network saw of it as well, as
                `depth_perception.engines.camera_graph` has it.

        Raises: `EngineError` if it does not take that size, or takes more than one image.
        """
        ...

    def close(self) -> None:
        """Frees what the backend holds; `run` must not be called after."""
        ...
