"""A model file on a backend: what all backends have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy.typing as npt

from depth_perception.engines.backend import Backend, Options, Session
from depth_perception.engines.camera_graph import VIEW, Sampling, of_camera
from depth_perception.engines.contract import check_graph, check_inputs, expected_outputs
from depth_perception.engines.engine import Engine, EngineDescription, EngineError
from depth_perception.engines.free_view import of_size
from depth_perception.engines.kept_engines import KeptEngines
from depth_perception.model_file import ModelDescription, ModelFileError, read_description, read_part


class ModelEngine:
    """Runs a model file on a backend.

    A backend computes all outputs of a graph, whichever are asked for. A model with several therefore gets a second
    session, of its first output alone, for when that is all that is wanted.

    Args:
        note: What a user should know of why it is this backend.
        size: Width and height of its images, if the model's view is free; None is what its description says.
        sampling: It is given the camera's image, of which it takes that view.

    Raises: `ModelFileError` for a file that is no model of ours, `EngineError` if the backend cannot run it.
    """

    def __init__(
        self,
        path: str | Path,
        backend: Backend,
        options: Options,
        note: str = "",
        size: tuple[int, int] | None = None,
        sampling: Sampling | None = None,
    ) -> None:
        self.model = described(path, size)
        self._backend = backend
        self._reopened = partial(ModelEngine, path, backend, replace(options, progress=None), note)
        self._others = KeptEngines(self.another)

        def session(graph: bytes) -> Session:
            try:
                graph = of_size(self.model, graph)
                return backend.session(graph if sampling is None else of_camera(graph, sampling), options)
            except Exception as error:  # those of the libraries share no base class but this one
                raise EngineError(f"{path}: {backend.title} cannot run it: {backend.reason(error)}") from None

        self._whole = self._first_alone = session(Path(path).read_bytes())
        self.inputs = self._whole.inputs
        if sampling is None:
            self.outputs = check_graph(self.model, self.inputs, self._whole.outputs)
        else:  # of a graph that was checked as it was
            self.outputs = (*expected_outputs(self.model), *(item for item in self._whole.outputs if item.name == VIEW))
        self._first = {self.outputs[0].name, VIEW}
        if len(expected_outputs(self.model)) > 1:
            self._first_alone = session(read_part(path, self.outputs[0].name))
        if self._whole.precision == "bf16" and self.model.bfloat16_loss is not None and not note:
            note = f"bfloat16, {self.model.bfloat16_loss:.2%} from float32 in the mean"
        notes = "; ".join(filter(None, (note, self._whole.note)))
        precision = self.model.reduction.types if self.model.reduction else self._whole.precision
        self.description = EngineDescription(backend.name, backend.version(), precision, self._whole.device, notes)

    def run(self, inputs: Mapping[str, npt.NDArray], outputs: Collection[str] | None = None) -> dict[str, npt.NDArray]:
        check_inputs(self.inputs, inputs)
        first_is_all = outputs is not None and set(outputs) <= self._first
        session = self._first_alone if first_is_all else self._whole
        try:
            return session.run(inputs)
        except Exception as error:
            title, reason = self._backend.title, self._backend.reason(error)
            raise EngineError(f"{title} failed to run '{self.model.name}': {reason}") from None

    @property
    def rather_takes_camera(self) -> bool:
        return self.description.device == "GPU" and not self.model.frames

    def at(self, width: int, height: int, sampling: Sampling | None = None) -> Engine:
        if sampling is None and (width, height) == (self.model.width, self.model.height):
            return self
        return self._others.of(width, height, sampling)

    def another(self, width: int, height: int, sampling: Sampling | None) -> ModelEngine:
        """As `at`, but whoever asks closes it."""
        return self._reopened((width, height), sampling)

    def close(self) -> None:
        self._others.close()
        if self._first_alone is not self._whole:
            self._first_alone.close()
        self._whole.close()


def described(path: str | Path, size: tuple[int, int] | None = None) -> ModelDescription:
    """What a model says of itself for images of a size, width and height; None is its own.

    Raises: `ModelFileError` if there is no such model, `EngineError` if it does not take that size.
    """
    model = read_description(path)
    if size is None or size == (model.width, model.height):
        return model
    width, height = size
    if model.free_view is None:
        raise EngineError(f"{path}: takes images of {model.width}x{model.height} alone, {width}x{height} asked for")
    try:
        return replace(model, width=width, height=height)
    except ModelFileError as error:
        raise EngineError(f"{path}: does not take images of {width}x{height}: {error}") from None
