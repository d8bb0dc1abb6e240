"""A checkpoint's depth network behind the protocol of the engines: judged without being exported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from depth_perception.engines.choose import open_engine
from depth_perception.engines.engine import Engine, EngineDescription, EngineError, TensorInfo
from depth_perception.model_file import ModelDescription
from training.checkpoint import read_checkpoint
from training.errors import TrainingError
from training.networks.normalise import normalise
from training.systems.dual_networks import DualNetworksSystem


class CheckpointEngine:
    """Answers canonical depth as an exported model would, at the resolution the checkpoint was trained at.

    Of stage ``lr`` that is LR-Net alone, at its own low resolution.

    Raises: `TrainingError` if the checkpoint does not say how its network is built or at which size it was trained.
    """

    def __init__(self, path: str | Path) -> None:
        saved = read_checkpoint(path)
        size = saved.get("datamodule_hyper_parameters", {})
        if "hyper_parameters" not in saved or not {"width", "height"} <= set(size):
            raise TrainingError(
                f"{path}: does not say how its networks are built and at which size: train with python -m training fit"
            )
        system = DualNetworksSystem.load_from_checkpoint(path, map_location="cpu", weights_only=True)
        self._system = system.eval()
        one = torch.zeros(1, 3, 3)
        one[:, 0, 0] = 1.0
        self._model = ModelDescription(
            name=Path(path).stem,
            task="depth",
            height=size["height"],
            width=size["width"],
            focal_length=1.0 / float(system.focal_factor({"intrinsics": one})),
            metric=True,
            method=f"checkpoint of stage {system.stage}",
            paper="",
            minimum_depth=system.network.minimum_depth,
            maximum_depth=system.network.maximum_depth,
        )

    @property
    def model(self) -> ModelDescription:
        return self._model

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return (TensorInfo("image", (1, self._model.height, self._model.width, 3), np.dtype(np.uint8)),)

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return (TensorInfo("depth", (1, self._model.height, self._model.width), np.dtype(np.float32)),)

    @property
    def description(self) -> EngineDescription:
        return EngineDescription("torch", torch.__version__, "f32", "cpu")

    def run(self, inputs: Mapping[str, npt.NDArray]) -> dict[str, npt.NDArray]:
        image = inputs["image"]
        (expected,) = self.inputs
        if image.shape != expected.shape or image.dtype != expected.dtype:
            raise EngineError(f"'image' is {image.dtype} {image.shape}, expected {expected.dtype} {expected.shape}")
        with torch.inference_mode():
            normal = normalise(torch.from_numpy(np.ascontiguousarray(image))).permute(0, 3, 1, 2)
            return {"depth": (1.0 / self._system.disparities(normal)[0])[:, 0].float().numpy()}

    def close(self) -> None:
        """Nothing to free."""


def open_network(path: str | Path) -> Engine:
    """The depth network of a model file (``.onnx``) or of a checkpoint (``.ckpt``).

    Raises: `TrainingError` if it is for another task; what opening either raises.
    """
    engine: Engine = CheckpointEngine(path) if Path(path).suffix == ".ckpt" else open_engine(path)
    if engine.model.task != "depth":
        raise TrainingError(f"{path}: is a {engine.model.task} model, expected one of depth")
    return engine
