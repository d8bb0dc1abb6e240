"""What a backend must say and do to run models: `depth_perception.engines.choose` has the table of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy.typing as npt

from depth_perception.engines.engine import TensorInfo

Device = Literal["GPU", "CPU"]
Precision = Literal["f32", "bf16", "f16", "int8", "auto"]
Progress = Callable[[str, int, int], bool]
"""Called with what is being done, steps done and steps in all; the work ends as soon as it answers False."""


@dataclass(frozen=True)
class Options:
    """How to run a model.

    Attributes:
        threads: CPU threads for one run; None leaves the number to the backend.
        reduced: float32 may be computed in fewer bits where the device has such units, bfloat16 or TF32. False
            computes what every backend computes.
        progress: told of what takes long.
    """

    threads: int | None = None
    reduced: bool = False
    progress: Progress | None = None


class Session(Protocol):
    """One graph, ready to run.

    Attributes:
        inputs, outputs: of the graph; a size that is not fixed is -1.
        precision, device: what it runs in and on.
        note: what a user should know of how it came about; empty if there is nothing.
    """

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    precision: str
    device: Device
    note: str

    def run(self, inputs: Mapping[str, npt.NDArray]) -> dict[str, npt.NDArray]:
        """All outputs by name; the next run may overwrite them. The inputs are such as the graph takes."""
        ...

    def close(self) -> None:
        """Frees what it holds."""
        ...


class Backend(Protocol):
    """A library that runs graphs. What its methods raise is told to the user through `reason`.

    Attributes:
        name: what users choose it by.
        title: what its makers call it.
        install: how to get it.
    """

    name: str
    title: str
    install: str

    def devices(self) -> tuple[Device, ...]:
        """What it can run on here, the fastest first; none if there is an `obstacle`."""
        ...

    def obstacle(self) -> str:
        """Why it cannot run here, and what to do; empty if it can."""
        ...

    def version(self) -> str:
        """Of the library."""
        ...

    def is_quick(self, graph: bytes, options: Options) -> bool:
        """Whether a session is there within seconds, not minutes."""
        ...

    def session(self, graph: bytes, options: Options) -> Session:
        """The ONNX graph, compiled."""
        ...

    def reason(self, error: Exception) -> str:
        """What went wrong, in one line."""
        ...
