"""Weights learned on ImageNet, from torchvision's files, for encoders that see images normalised as ours are.

torchvision's networks expect a mean and a spread of their own for each colour, ours one for all (`normalise`). The
first convolution, with its bias or the normalisation after it, takes up the difference: exactly, but for the image's
border, where padding with zeros now means grey in place of ImageNet's mean colour.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from training.errors import TrainingError
from training.networks.encoder import Encoder
from training.networks.normalise import MEAN, SPREAD

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SPREAD = (0.229, 0.224, 0.225)
"""Of the images that torchvision's networks see: RGB, 0 to 1."""


def load_imagenet(network: nn.Module) -> None:
    """Gives each encoder within `network` the weights that it asks for: what a training begins with.

    Raises: `TrainingError` if they cannot be had, or are of another network.
    """
    for module in network.modules():
        if isinstance(module, Encoder) and module.weights != "random":
            path = _downloaded(module.url) if module.weights == "imagenet" else Path(module.weights)
            _load(module, path)
            _take_our_colours(module)


def _downloaded(url: str) -> Path:
    """The file in torch.hub's cache, downloaded if it is not there."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]
    if not path.exists():
        start_of_hash = path.stem.rsplit("-", 1)[1]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), start_of_hash)
        except Exception as error:  # of the network, of the disk, or a hash that is not the file's
            raise TrainingError(
                f"{url}: could not be downloaded ({error}): fetch it where that works and give its path as the"
                " encoder's weights, or random to begin without"
            ) from None
    return path


def _load(encoder: Encoder, path: Path) -> None:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path}: there is no such file of weights: get {encoder.url}") from None
    except Exception as error:  # torch raises what its unpickler meets
        raise TrainingError(
            f"{path}: is not a file of weights, or is cut short ({type(error).__name__}): get {encoder.url}"
        ) from None
    problem = _difference(encoder, weights) if isinstance(weights, dict) else "holds no weights by name"
    if problem:
        kind = type(encoder).__name__
        raise TrainingError(f"{path}: {problem}: its weights are not those of this {kind}, which are {encoder.url}")
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
    """Lets an encoder that expects images normalised by torchvision see ours."""
    convolution = next(module for module in encoder.modules() if isinstance(module, nn.Conv2d))
    mean = convolution.weight.new_tensor(IMAGENET_MEAN)[:, None, None]
    spread = convolution.weight.new_tensor(IMAGENET_SPREAD)[:, None, None]
    # theirs = ours * SPREAD / spread + (MEAN - mean) / spread; the second term is the same everywhere.
    same = (convolution.weight * (MEAN - mean) / spread).sum((1, 2, 3))
    if convolution.bias is not None:
        convolution.bias += same
    else:
        normalisation = next(module for module in encoder.modules() if isinstance(module, nn.BatchNorm2d))
        assert normalisation.running_mean is not None
        normalisation.running_mean -= same
    convolution.weight *= SPREAD / spread
