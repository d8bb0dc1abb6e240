"""Weights learned on ImageNet, from published files, for encoders that see images normalised as ours are.

Published networks expect a mean and a spread of their own for each colour, ours one for all (`normalise`). The first
convolution, with its bias or the normalisation after it, takes up the difference: exactly, but for the image's border,
where padding with zeros now means another colour than it meant there.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from training.errors import TrainingError
from training.networks.encoder import Encoder
from training.networks.normalise import MEAN, SPREAD


def load_imagenet(network: nn.Module) -> None:
    """Gives each encoder within `network` the weights that it asks for: what a training begins with.

    Raises: `TrainingError` if they cannot be had, or are of another network.
    """
    for module in network.modules():
        if isinstance(module, Encoder) and module.weights != "random":
            path = module.imagenet_file() if module.weights == "imagenet" else Path(module.weights)
            _load(module, path)
            _take_our_colours(module)


def _load(encoder: Encoder, path: Path) -> None:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path}: there is no such file of weights: get {encoder.weights_at}") from None
    except Exception as error:  # torch raises what its unpickler meets
        raise TrainingError(
            f"{path}: is not a file of weights, or is cut short ({type(error).__name__}): get {encoder.weights_at}"
        ) from None
    problem = _difference(encoder, weights) if isinstance(weights, dict) else "holds no weights by name"
    if problem:
        kind, where = type(encoder).__name__, encoder.weights_at
        raise TrainingError(f"{path}: {problem}: its weights are not those of this {kind}, which are {where}")
    encoder.load_state_dict(weights, strict=False)


def _difference(encoder: Encoder, weights: dict[str, Tensor]) -> str | None:
    """The first thing about `weights` that is not right, in words."""
    expected = encoder.state_dict()
    for name, value in expected.items():
        if name.endswith("num_batches_tracked"):
            continue  # older files have none, and nothing depends on it
        if name not in weights:
            return f"lacks '{name}'"
        if weights[name].shape != value.shape:
            return f"'{name}' is of shape {tuple(weights[name].shape)}, expected {tuple(value.shape)}"
    for name in weights:
        if name not in expected and not name.startswith(encoder.head):
            return f"has '{name}' too"
    return None


@torch.no_grad()
def _take_our_colours(encoder: Encoder) -> None:
    """Lets an encoder that expects images normalised as its publishers do see ours."""
    convolution = next(module for module in encoder.modules() if isinstance(module, nn.Conv2d))
    mean = convolution.weight.new_tensor(encoder.mean)[:, None, None]
    spread = convolution.weight.new_tensor(encoder.spread)[:, None, None]
    # theirs = ours * SPREAD / spread + (MEAN - mean) / spread; the second term is the same everywhere.
    same = (convolution.weight * (MEAN - mean) / spread).sum((1, 2, 3))
    if convolution.bias is not None:
        convolution.bias += same
    else:
        normalisation = next(module for module in encoder.modules() if isinstance(module, nn.BatchNorm2d))
        assert normalisation.running_mean is not None
        normalisation.running_mean -= same
    convolution.weight *= SPREAD / spread
