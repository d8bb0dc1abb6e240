"""Hybrid CNN and FCRN: their published size, what the lateral connections add, and depth that is always one."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from training.errors import TrainingError
from training.networks.fcrn import FCRN
from training.networks.hybrid_cnn import HybridCNN
from training.networks.mobilenet_v2 import MobileNetV2
from training.networks.resnet import ResNet18, ResNet50

KINDS = [FCRN, HybridCNN]
WIDTHS = (32, 24, 16, 12, 8)


def small(kind, **options):
    torch.manual_seed(0)
    return kind(ResNet18(8), WIDTHS, **options)


@pytest.mark.parametrize(("kind", "millions"), [(HybridCNN, 64.61), (FCRN, 63.57)])
def test_size_is_that_of_the_authors_code(kind, millions):
    with torch.device("meta"):
        network = kind(ResNet50())
    assert sum(parameter.numel() for parameter in network.parameters()) / 1e6 == pytest.approx(millions, rel=0.005)


def test_cost_is_that_of_the_authors_code():
    """Of their PyTorch network at 320x256. Ours computes with the zeros of the kernels too: 36 taps for 25."""
    network = HybridCNN(ResNet50()).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.predict(torch.zeros(1, 3, 64, 64))
    widths = [(1024, 1024), (512, 512), (256, 256), (128, 128)]
    zeros = sum(11 * inputs * outputs * 4 ** (level + 1) for level, (inputs, outputs) in enumerate(widths))
    cost = (counter.get_total_flops() / 2 - zeros) * (320 * 256) / (64 * 64)
    assert cost / 1e9 == pytest.approx(19.18, rel=0.005)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoder", [lambda: ResNet18(8), MobileNetV2])
def test_depth_is_half_the_size_and_disparity_the_images(kind, encoder):
    network = kind(encoder(), WIDTHS).eval()
    image = torch.randn(2, 3, 64, 96)
    (depth,) = network.predict(image).depths
    assert depth.shape == (2, 1, 32, 48)
    (disparity,) = network(image)
    assert disparity.shape == (2, 1, 64, 96)


@pytest.mark.parametrize("kind", KINDS)
def test_depth_is_never_zero_and_disparity_stays_within_the_range(kind):
    network = small(kind, minimum_depth=0.5, maximum_depth=20.0).eval()
    for bias, depth, disparity in ((-1.0, 0.5, 1 / 0.5), (7.0, 7.0, 1 / 7.0), (30.0, 30.0, 1 / 20.0)):
        torch.nn.init.zeros_(network.head.weight)
        torch.nn.init.constant_(network.head.bias, bias)
        image = torch.randn(1, 3, 64, 96)
        assert torch.equal(network.predict(image).depths[0], torch.full((1, 1, 32, 48), depth))
        assert torch.allclose(network.finest(image), torch.full((1, 1, 64, 96), disparity))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spread", [0.001, 0.01])
def test_every_weight_learns_from_the_first_step(kind, spread):
    network = small(kind, spread=spread)
    (depth,) = network.predict(torch.randn(4, 3, 64, 96)).depths
    assert depth.detach().median().item() == pytest.approx(1.0, rel=0.1)
    depth.mean().backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    # Weights behind a normalisation that starts at zero learn from the second step on: the encoder's blocks.
    assert all(name.startswith("encoder.layer") for name in still)


def test_laterals_are_all_that_differs():
    fcrn, hybrid = small(FCRN), small(HybridCNN)
    ours, theirs = hybrid.state_dict(), fcrn.state_dict()
    assert all(torch.equal(value, ours[name]) for name, value in theirs.items())
    assert {name.split(".")[0] for name in ours if name not in theirs} == {"laterals"}


def test_a_hybrid_whose_laterals_pass_the_decoder_on_is_fcrn():
    """And one whose laterals pass the encoder on is none."""
    fcrn, hybrid = small(FCRN).eval(), small(HybridCNN).eval()
    for lateral in hybrid.laterals:
        assert isinstance(lateral, torch.nn.Conv2d)
        width = lateral.out_channels
        torch.nn.init.zeros_(lateral.weight)
        with torch.no_grad():
            lateral.weight[:, -width:] = torch.eye(width)[..., None, None]
    image = torch.randn(1, 3, 64, 96)
    assert torch.allclose(hybrid.finest(image), fcrn.finest(image), rtol=1e-5)
    first = hybrid.laterals[-1]
    assert isinstance(first, torch.nn.Conv2d)
    torch.nn.init.ones_(first.weight)
    assert not torch.allclose(hybrid.finest(image), fcrn.finest(image), rtol=1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_of_training_alone(kind):
    network = small(kind, spread=0.1)
    image = torch.randn(1, 3, 64, 96)
    network.eval()
    assert torch.equal(network.finest(image), network.finest(image))
    network.dropout.train()
    assert not torch.equal(network.finest(image), network.finest(image))


def test_wrong_number_of_widths_is_refused():
    with pytest.raises(TrainingError, match="decoder has 4 widths, expected 5"):
        FCRN(ResNet18(8), (32, 16, 8, 8))
