"""A checkpoint's depth network behind the protocol of the engines: judged without being exported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from depth_perception.engines.camera_graph import Sampling
from depth_perception.engines.choose import open_engine
from depth_perception.engines.contract import check_inputs, expected_inputs, expected_outputs
from depth_perception.engines.engine import Engine, EngineDescription, TensorInfo
from depth_perception.model_file import ModelDescription
from training.errors import TrainingError
from training.trained import Trained


class CheckpointEngine:
    """Answers canonical depth as an exported model would, at the resolution the checkpoint was trained at.

    Of stage ``lr`` that is LR-Net alone, at its own low resolution.

    Raises: `TrainingError` if the checkpoint does not say how its network is built or at which size it was trained.
    """

    def __init__(self, path: str | Path) -> None:
        trained = Trained.read(path)
        self._torch = trained.model("depth")
        self._model = trained.describe("depth", Path(path).stem)

    @property
    def model(self) -> ModelDescription:
        return self._model

    @property
    def network(self) -> nn.Module:
        """What answers, to look into."""
        return self._torch.network

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return expected_inputs(self._model)

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return expected_outputs(self._model)

    @property
    def description(self) -> EngineDescription:
        return EngineDescription("torch", torch.__version__, "f32", "cpu")

    def run(self, inputs: Mapping[str, npt.NDArray], outputs: Collection[str] | None = None) -> dict[str, npt.NDArray]:
        check_inputs(self.inputs, inputs)
        images = np.ascontiguousarray(inputs[self._torch.input_name])
        with torch.inference_mode():
            answers = self._torch(torch.from_numpy(images))
        named = zip(self._torch.answers, answers, strict=True)
        return {name: answer.numpy() for name, answer in named if outputs is None or name in outputs}

    rather_takes_camera = False

    def at(self, width: int, height: int, sampling: Sampling | None = None) -> Engine:
        if (width, height) != (self._model.width, self._model.height):
            raise TrainingError(f"a checkpoint answers at {self._model.width}x{self._model.height} alone: export it")
        return self

    def close(self) -> None:
        """Nothing to free."""


def open_network(path: str | Path) -> Engine:
    """The depth network of a model file (``.onnx``), of a checkpoint (``.ckpt``), or of a training's folder.

    Raises: `TrainingError` if it is for another task; what opening either raises.
    """
    engine: Engine = (
        CheckpointEngine(path) if Path(path).suffix == ".ckpt" or Path(path).is_dir() else open_engine(path)
    )
    if engine.model.task != "depth":
        raise TrainingError(f"{path}: is a {engine.model.task} model, expected one of depth")
    return engine
