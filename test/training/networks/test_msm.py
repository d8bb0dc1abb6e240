"""MSM and the proposed network: the papers' sizes, what each scale knows, and training in two stages."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, changed, loader, state, trainer

from training.errors import TrainingError
from training.losses.depth_gradient import depth_gradient_loss
from training.networks.depth_network import Prediction
from training.networks.msm import MSM, FullyConnected
from training.networks.multi_task_msm import MultiTaskMSM
from training.networks.vgg import VGG16
from training.systems.learning_rate import LearningRate
from training.systems.supervised import SupervisedSystem
from training.systems.supervised_losses import SupervisedLosses

SMALL: dict[str, Any] = {"width": 64, "height": 48, "hidden": 16, "fine": 8, "features": 8}


def small(kind=MSM, **options):
    torch.manual_seed(0)
    return kind(VGG16(4), **{**SMALL, **options}).eval()


def with_something_to_say(network):
    """Its estimates no longer begin as constants."""
    for module in (network.scale2.depth, network.scale2.gradient, network.scale3.depth):
        if module is not None:
            torch.nn.init.normal_(module.weight, std=0.05)
    return network


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


def test_the_papers_sizes():
    image = torch.empty(2, 3, 228, 304, device="meta")
    with torch.device("meta"):
        networks = [kind(VGG16(), scales=scales) for kind in (MSM, MultiTaskMSM) for scales in (2, 3)]
        light = MSM(VGG16(), coarse="convolutional", hidden=512)
    for network in networks:
        assert parameters(network) == pytest.approx(217.4, rel=0.005)
        prediction = network.predict(image)
        size = (55, 74) if network.scales == 2 else (109, 147)
        assert [tuple(depth.shape) for depth in prediction.depths] == [(2, 1, *size)]
        branches = [(2, 2, 55, 74)] if network.gradient and network.scales == 2 else []
        assert [tuple(gradient.shape) for gradient in prediction.gradients] == branches
        assert network.finest(image).shape == (2, 1, 228, 304)
    hidden, out = networks[0].scale1.coarse.hidden, networks[0].scale1.coarse.map
    assert (hidden.in_features, hidden.out_features, out.out_features) == (512 * 7 * 9, 4096, 64 * 14 * 19)
    assert parameters(networks[0]) - parameters(light) == pytest.approx(201.9 - 2.4, abs=0.1)
    assert parameters(networks[2]) - parameters(networks[0]) == pytest.approx((64 * 2 * 25 + 2 + 2 * 25 * 64) / 1e6)


@pytest.mark.parametrize("scales", [2, 3])
def test_an_untrained_network_answers_the_middle_of_its_range(scales):
    network = small(MultiTaskMSM, scales=scales, minimum_depth=0.5, maximum_depth=8.0)
    depth = network.predict(torch.randn(2, 3, 48, 64)).depths[0]
    assert depth.detach().numpy() == pytest.approx(2.0, rel=0.3)
    with torch.no_grad():
        last = network.scale2.depth if scales == 2 else network.scale3.depth
        last.bias += 5.0
    assert network.finest(torch.randn(1, 3, 48, 64)).detach().numpy() == pytest.approx(1 / 8.0)  # and never beyond it


@pytest.mark.parametrize(("coarse", "everywhere"), [("fully_connected", True), ("convolutional", False)])
def test_scale_1_sees_everything_from_everywhere(coarse, everywhere):
    """A change in one corner of a large image reaches the opposite one only through what is fully connected."""
    network = with_something_to_say(small(coarse=coarse, width=512, height=384))
    image = torch.randn(1, 3, 384, 512)
    other = image.clone()
    other[..., :32, :32] += 2.0
    with torch.no_grad():
        difference = (network.predict(image).depths[0] - network.predict(other).depths[0]).abs()[0, 0]
    assert difference[:20, :20].max() > 1e-4
    assert bool(difference[-20:, -20:].max() > 0) == everywhere


def test_the_coarse_map_is_enlarged_four_times_about_its_middle():
    module = FullyConnected(1, (1, 1), 1, 1, (11, 14)).eval()  # a grid of 3x4, enlarged to 12x16
    ramp = torch.arange(3.0)[:, None] * 10 + torch.arange(4.0)
    for parameter in module.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        module.map.bias.copy_(ramp.flatten())
    given = module(torch.ones(1, 1, 1, 1), (11, 14))[0, 0].detach().numpy()
    rows = np.clip((np.arange(12) + 0.5) / 4 - 0.5, 0, 2)[:11]  # one row is too many: the last one goes
    columns = np.clip((np.arange(16) + 0.5) / 4 - 0.5, 0, 3)[1:15]
    assert given == pytest.approx(10 * rows[:, None] + columns, abs=1e-5)


def test_scale_3_takes_the_gradient_as_well():
    network = with_something_to_say(small(MultiTaskMSM))
    image = torch.randn(1, 3, 48, 64)
    before = network.predict(image).depths[0]
    with torch.no_grad():
        network.scale2.gradient.bias[1] += 1.0  # along y alone
    assert not torch.allclose(network.predict(image).depths[0], before)
    first = next(iter(network.scale3.middle.parameters()))
    assert first.shape[1] == SMALL["fine"] + 3


def test_both_branches_learn_in_the_middle_layers():
    network = small(MultiTaskMSM, scales=2).train()
    prediction = network.predict(torch.randn(2, 3, 48, 64))
    for branch in (prediction.depths[0], prediction.gradients[0]):
        network.zero_grad()
        branch.square().sum().backward(retain_graph=True)
        for module in (network.scale2.middle, network.scale1.encoder):
            assert all(parameter.grad is not None and parameter.grad.any() for parameter in module.parameters())
        assert all(parameter.grad is None for parameter in network.scale3.parameters())  # it waits for its stage


def test_the_stages_differ_in_nothing_but_what_answers():
    first, second = small(MultiTaskMSM, scales=2), small(MultiTaskMSM, scales=3)
    second.load_state_dict(first.state_dict())
    before = state(second)
    assert changed(before, first) == []


def test_any_size_will_do_but_one_that_leaves_nothing():
    network = small(width=101, height=75)
    assert network.finest(torch.randn(1, 3, 75, 101)).shape == (1, 1, 75, 101)
    with pytest.raises(TrainingError, match="image is 64x31, expected at least 32x32"):
        small(height=31)
    with pytest.raises(
        TrainingError, match="for a map of 23x17, these images have one of 17x14: give the network data"
    ):
        network.predict(torch.randn(1, 3, 64, 76))
    assert small(coarse="convolutional").finest(torch.randn(1, 3, 64, 76)).shape == (1, 1, 64, 76)


def test_log_depth_stays_inside():
    network = small(scales=2)
    torch.nn.init.zeros_(network.scale2.depth.weight)
    with torch.no_grad():
        network.scale2.depth.bias.fill_(math.log(3.0))
    depth = network.predict(torch.randn(1, 3, 48, 64)).depths[0]
    assert depth.detach().numpy() == pytest.approx(3.0)
    assert network.finest(torch.randn(1, 3, 48, 64)).detach().numpy() == pytest.approx(1 / 3.0)


class TestStages:
    """Two trainings with what a configuration says: `scales`, `frozen`, `begin_with`, and the losses of each stage."""

    @staticmethod
    def system(scales, losses, **options):
        torch.manual_seed(scales)  # the second stage must not begin as the first one did by chance
        network = MultiTaskMSM(VGG16(4), scales=scales, **{**SMALL, "width": 96, "height": 64})
        return SupervisedSystem(network, 60.0, losses, learning_rate=LearningRate(1e-3), **options)

    @staticmethod
    def fit(system, folder, steps):
        drives = [analytic_drive(FULL, frames=12, seed=0)]
        run = trainer(folder, max_steps=steps)
        run.fit(system, loader(drives, "lr"))
        run.save_checkpoint(folder / "last.ckpt")
        return {name: float(value) for name, value in run.callback_metrics.items()}

    def test_the_second_stage_changes_scale_3_alone(self, tmp_path):
        first = self.system(2, SupervisedLosses(scale_invariant=1.0, depth_gradient=0.5), frozen=["network.scale3"])
        before = state(first)
        figures = self.fit(first, tmp_path, 2)
        learnt = {name.split(".")[1] for name in changed(before, first)}
        assert learnt == {"scale1", "scale2"}
        parts = figures["train/scale_invariant"], figures["train/depth_gradient"]
        assert figures["loss"] == pytest.approx(parts[0] + 0.5 * parts[1], rel=1e-5)

        second = self.system(
            3,
            SupervisedLosses(scale_invariant=1.0),
            begin_with=str(tmp_path / "last.ckpt"),
            frozen=["network.scale1", "network.scale2"],
        )
        after_first = state(first)
        assert len(changed(after_first, second)) > 10  # they are taken over when training begins
        figures = self.fit(second, tmp_path, 3)
        assert changed(after_first, second) != []
        assert all(name.startswith("network.scale3.") for name in changed(after_first, second))
        assert "train/depth_gradient" not in figures

    def test_the_gradient_is_held_against_the_depth_beside_it(self):
        torch.manual_seed(0)
        depths, gradient = [torch.rand(2, 1, 9, 12) + 1, torch.rand(2, 1, 20, 26) + 1], torch.randn(2, 2, 9, 12)
        truth = torch.rand(2, 1, 72, 96) + 1
        truth[1] = torch.nan
        losses = SupervisedLosses(depth_gradient=2.0, depth_gradient_mode="sum", true_gradient=3.0)
        total, parts = losses.of(Prediction(depths, [gradient]), truth, torch.full((2, 72, 96), 255))
        small = truth[:1, :, 4::8, 4::8]
        expected = [depth_gradient_loss(depth, gradient[:1], mode="sum") for depth in (depths[0][:1], small)]
        assert parts == {
            "depth_gradient": pytest.approx(float(expected[0])),
            "true_gradient": pytest.approx(float(expected[1])),
        }
        assert float(total) == pytest.approx(2 * float(expected[0]) + 3 * float(expected[1]))
