"""Hybrid CNN and FCRN: their published size, what the lateral connections add, and depth that is always one."""

from pathlib import Path

import pytest
import torch
import yaml
from helpers.drives import analytic_drive

from depth_perception.geometry.camera import Camera
from training.commands.inspect import inspect
from training.errors import TrainingError
from training.exporting.onnx_graph import fold_batch_norm
from training.losses.pixel_losses import berhu_loss
from training.networks.fcrn import FCRN
from training.networks.hybrid_cnn import HybridCNN
from training.networks.mobilenet_v2 import MobileNetV2
from training.networks.normalise import normalise
from training.networks.resnet import ResNet18, ResNet50

KINDS = [FCRN, HybridCNN]
WIDTHS = (32, 24, 16, 12, 8)
CONFIGURATIONS = Path(__file__).parents[3] / "config" / "training" / "hybrid_cnn"


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
    widths = [(1024, 1024), (512, 512), (256, 256), (128, 128)]
    zeros = sum(11 * inputs * outputs * 80 * 4**level for level, (inputs, outputs) in enumerate(widths))
    cost = inspect(CONFIGURATIONS / "table1_hybrid.yaml").total.gflops
    assert cost - zeros / 1e9 == pytest.approx(19.18, rel=0.005)


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


@pytest.mark.parametrize("kind", KINDS)
def test_folded_normalisations_change_nothing(kind):
    """With statistics as a training leaves them: what is exported is the network that was trained."""
    network = small(kind, spread=0.1).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for value, low, high in ((module.running_mean, -0.5, 0.5), (module.running_var, 0.5, 2.0)):
                assert value is not None
                torch.nn.init.uniform_(value, low, high)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        before = network.predict(image).depths[0]
        fold_batch_norm(network)
        after = network.predict(image).depths[0]
    assert before.std() > 0.05
    assert torch.allclose(after, before, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_learns_four_images_by_heart(kind):
    """With true depth missing here and there, and sky."""
    drive = analytic_drive(Camera(96, 64, 60.0, 60.0, 47.5, 30.0), frames=4, seed=3, step=4.0)
    images = normalise(torch.from_numpy(drive.images)).permute(0, 3, 1, 2)
    truth = torch.from_numpy(drive.depth)[:, None, 1::2, 1::2].clone()
    truth[:, :, 5:9, 10:30] = torch.nan
    mask = torch.isfinite(truth)
    network = small(kind, maximum_depth=60.0, dropout=0.0, spread=0.1)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(50):
        (depth,) = network.predict(images).depths
        loss = berhu_loss(depth, truth, mask)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    relative, constant = (((guess - truth).abs() / truth)[mask].mean() for guess in (depth, truth[mask].median()))
    assert relative < 0.2 * constant


@pytest.mark.parametrize("size", ["table1", "small"])
def test_configurations_that_are_compared_differ_in_the_network_alone(size):
    hybrid, laina = (
        yaml.safe_load((CONFIGURATIONS / f"{size}_{name}.yaml").read_text()) for name in ("hybrid", "laina")
    )
    networks = [each["model"]["init_args"]["network"].pop("class_path") for each in (hybrid, laina)]
    assert [name.rsplit(".", 1)[1] for name in networks] == ["HybridCNN", "FCRN"]
    assert hybrid["trainer"].pop("default_root_dir") != laina["trainer"].pop("default_root_dir")
    assert hybrid == laina
