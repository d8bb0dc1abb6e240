"""Weights to begin with from a model file, as robots run them: training goes on from what was exported.

A file has each normalisation folded into the convolution before it. Here it is taken out again: the convolution has the
folded weights, and the normalisation, told to leave alone what it is given, adds the bias. As batches have other
statistics than those it now has, they must stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from depth_perception.engines.choose import open_engine
from depth_perception.engines.parity import smooth_pictures
from depth_perception.model_file import ModelDescription, read_description
from training.errors import TrainingError
from training.models import DepthModel, PoseModel
from training.networks.pose_net import PoseNet
from training.networks.pose_network import PoseNetwork
from training.provenance import Provenance, Task, together

SUFFIX = ".onnx"
_LARGEST = 0.01
"""Share of its size by which an answer may differ from the file's."""


def load_exported(network: nn.Module, path: str | Path, task: Task) -> None:
    """The weights of a model file, into the same network, which then answers as the file does.

    What robots do not run, such as what answers at coarser scales, is not in the file, and stays as it is. A pose
    network that looks both ways may begin with one that does not.

    Raises: `ModelFileError` if it is no model of the task; `TrainingError` if it is of another network.
    """
    description = read_description(path, task)
    if isinstance(network, PoseNetwork):
        network.check_focal_length(description.focal_length)
    expected = network.state_dict()
    constants = {name for name, _ in network.named_buffers()} - expected.keys()
    found = {name: value for name, value in _weights(path).items() if name not in constants}
    for convolution, norm, epsilon in normalised(network):
        _unfold(convolution, norm, epsilon, expected, found)
    known = {name for name, value in found.items() if name in expected and value.shape == expected[name].shape}
    wrong = sorted(found.keys() - known) or ([] if found else ["it names no weights"])
    if wrong:
        raise TrainingError(
            f"{path}: is not of the network of this configuration (first difference: {wrong[0]}): use the configuration"
            " that it was trained with"
        )
    network.load_state_dict(found, strict=False)
    if not (isinstance(network, PoseNet) and network.both_ways):
        _check_answer(network, path, description)


def _check_answer(network: nn.Module, path: str | Path, description: ModelDescription) -> None:
    """What is set and not learnt, such as the scale of an answer, the configuration says anew.

    Raises: `TrainingError` if that makes another network of the same weights.
    """
    model = DepthModel(network) if description.task == "depth" else PoseModel(network)  # type: ignore[arg-type]
    name, shape = model.answers[0], (description.height, description.width, 3)
    images = smooth_pictures(np.random.default_rng(0), (max(1, len(model.frames)), *shape))
    learning = [module for module in network.modules() if module.training]
    with torch.no_grad():
        answer = model.eval()(torch.from_numpy(images))[0].numpy()
    for module in learning:
        module.training = True
    engine = open_engine(path, "onnxruntime")
    expected = engine.run({model.input_name: images}, {name})[name]
    engine.close()
    if name == "motion":  # turns are the same whatever the scale of lengths
        answer, expected = answer[..., :3, 3], expected[..., :3, 3]
    apart = float(np.abs(answer - expected).mean() / np.abs(expected).mean())
    if apart > _LARGEST:
        raise TrainingError(
            f"{path}: the network of this configuration answers {apart:.0%} otherwise with the same weights: use the"
            " settings of the network that it was trained with"
        )


def provenance_of_exported(path: str | Path) -> Provenance:
    """What a model file says that has taught it."""
    description = read_description(path)
    tasks: frozenset[Task] = frozenset({description.task}) if description.metric else frozenset()
    return Provenance(together(description.training_data), tasks)


def normalised(network: nn.Module) -> Iterator[tuple[str, str, float]]:
    """Names of convolutions, each with its normalisation and that one's epsilon, as they are folded for export."""
    for parent_name, parent in network.named_modules():
        previous: tuple[str, nn.Module] | None = None
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d) and previous is not None and isinstance(previous[1], nn.Conv2d):
                prefix = f"{parent_name}." if parent_name else ""
                yield f"{prefix}{previous[0]}", f"{prefix}{name}", child.eps
            previous = (name, child)


def _weights(path: str | Path) -> dict[str, Tensor]:
    """By the names that the network has for them."""
    values = {
        item.name.removesuffix(".half"): numpy_helper.to_array(item) for item in onnx.load(str(path)).graph.initializer
    }
    return {
        name.removeprefix("network."): torch.from_numpy(value.astype(np.float32))
        for name, value in values.items()
        if name.startswith("network.") and value.dtype in (np.float16, np.float32)
    }


def _unfold(convolution: str, norm: str, epsilon: float, expected: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    """Replaces the folded bias of a convolution by a normalisation that does nothing but add it."""
    bias = found.pop(f"{convolution}.bias", None)
    if bias is None or bias.shape != expected[f"{norm}.bias"].shape:
        return
    if f"{convolution}.bias" in expected:
        found[f"{convolution}.bias"] = torch.zeros_like(bias)
    found[f"{norm}.bias"] = bias
    found[f"{norm}.weight"] = torch.ones_like(bias)
    found[f"{norm}.running_mean"] = torch.zeros_like(bias)
    found[f"{norm}.running_var"] = torch.full_like(bias, 1.0 - epsilon)
