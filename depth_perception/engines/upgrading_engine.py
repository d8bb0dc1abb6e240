"""An engine that runs while a better one is being made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy.typing as npt

from depth_perception.engines.backend import Progress
from depth_perception.engines.camera_graph import Sampling
from depth_perception.engines.engine import Engine, EngineDescription, TensorInfo
from depth_perception.engines.kept_engines import KeptEngines
from depth_perception.engines.model_engine import ModelEngine
from depth_perception.errors import DepthPerceptionError
from depth_perception.model_file import ModelDescription

Size: TypeAlias = tuple[int, int] | None
Replaceable: TypeAlias = "ModelEngine | UpgradingEngine"


class UpgradingEngine:
    """Runs on one engine until a better one of the same model is there, and on that from the next run on.

    If the better one cannot be made, it stays with the first, and its description says why.
    """

    def __init__(
        self,
        engine: Replaceable,
        make_better: Callable[[Size, Sampling | None, Progress], Replaceable],
        name: str,
        size: Size = None,
        sampling: Sampling | None = None,
    ) -> None:
        """
        Args:
            make_better: Called once, in a thread of its own, with size, sampling, and what it is to tell of its
                progress.
            name: What is being made, for the description.
            size: Width and height of its images; None is what the model's description says.
            sampling: As `Engine.at` has it.
        """
        self._asked_for = size, sampling
        self._others = KeptEngines(self.another)
        self._engine = engine
        self._better: Replaceable | None = None
        self._make_better = make_better
        self._name = name
        self._note = f"{name} is being built"
        self._closed = False
        self._change = threading.Lock()
        self._worker = threading.Thread(target=self._work, name="build", daemon=True)
        self._worker.start()

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
        found = self._engine.description
        return replace(found, note="; ".join(note for note in (found.note, self._note) if note))

    def run(self, inputs: Mapping[str, npt.NDArray], outputs: Collection[str] | None = None) -> dict[str, npt.NDArray]:
        with self._change:
            better, self._better = self._better, None
            if better is not None:
                worse, self._engine, self._note = self._engine, better, ""
                worse.close()
        return self._engine.run(inputs, outputs)

    @property
    def rather_takes_camera(self) -> bool:
        return not self.model.frames  # what is worth building is a GPU's

    def at(self, width: int, height: int, sampling: Sampling | None = None) -> Engine:
        if sampling is None and (width, height) == (self.model.width, self.model.height):
            return self
        return self._others.of(width, height, sampling)

    def another(self, width: int, height: int, sampling: Sampling | None) -> UpgradingEngine:
        """As `at`, but whoever asks closes it."""
        worse = self._engine.another(width, height, sampling)
        return UpgradingEngine(worse, self._make_better, self._name, (width, height), sampling)

    def close(self) -> None:
        """Ends a build that is under way as well."""
        self._closed = True
        self._others.close()
        self._worker.join()
        if self._better is not None:
            self._better.close()
        self._engine.close()

    def _on_progress(self, what: str, done: int, total: int) -> bool:
        self._note = f"{self._name} is being built: {what}, {done} of {total}"
        return not self._closed

    def _work(self) -> None:
        try:
            better = self._make_better(*self._asked_for, self._on_progress)
        except DepthPerceptionError as error:
            self._note = f"{self._name} is not used: {error}"
            return
        with self._change:
            self._note, self._better = f"{self._name} is built", better
