"""An engine with a stopwatch."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

import numpy.typing as npt

from depth_perception.engines.camera_graph import Sampling
from depth_perception.engines.engine import Engine, EngineDescription, TensorInfo
from depth_perception.model_file import ModelDescription


class TimedEngine:
    """An `Engine` that tells how long each run takes."""

    def __init__(self, engine: Engine, took: Callable[[float], None]) -> None:
        """
        Args:
            took: Called after every run, in the thread that ran it, with its seconds.
        """
        self._engine = engine
        self._took = took

    @property
    def model(self) -> ModelDescription:
        return self._engine.model

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._engine.inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._engine.outputs

    @property
    def description(self) -> EngineDescription:
        return self._engine.description

    def run(self, inputs: Mapping[str, npt.NDArray], outputs: Collection[str] | None = None) -> dict[str, npt.NDArray]:
        start = time.monotonic()
        answer = self._engine.run(inputs, outputs)
        self._took(time.monotonic() - start)
        return answer

    @property
    def rather_takes_camera(self) -> bool:
        return self._engine.rather_takes_camera

    def at(self, width: int, height: int, sampling: Sampling | None = None) -> Engine:
        other = self._engine.at(width, height, sampling)
        return self if other is self._engine else TimedEngine(other, self._took)

    def close(self) -> None:
        self._engine.close()
