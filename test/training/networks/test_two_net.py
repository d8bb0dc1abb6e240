"""TwoNet: two streams that do not touch, and a fusion that finds what both say."""

import itertools

import pytest
import torch

from training.losses.depth_gradient import central_differences, phi
from training.networks.msm import MSM
from training.networks.two_net import TwoNet, fused
from training.networks.vgg import VGG16

SMALL = {"width": 64, "height": 48, "hidden": 16, "fine": 8, "features": 8}


def small(**options):
    torch.manual_seed(0)
    return TwoNet(VGG16(4), **{**SMALL, **options}).eval()


def test_is_twice_as_large_as_msm():
    with torch.device("meta"):
        two, msm = TwoNet(VGG16()), MSM(VGG16())
        prediction = two.predict(torch.empty(1, 3, 228, 304))
    sizes = [sum(parameter.numel() for parameter in network.parameters()) for network in (two, msm)]
    assert sizes[0] / sizes[1] == pytest.approx(2.0, rel=0.03)
    assert [tuple(x.shape) for x in prediction.depths] == [(1, 1, 109, 147)] * 2
    assert [tuple(x.shape) for x in prediction.gradients] == [(1, 2, 109, 147)]


def test_streams_share_nothing():
    network = small(fusion_steps=0)
    prediction = network.predict(torch.randn(1, 3, 48, 64))
    prediction.gradients[0].square().sum().backward()
    assert all(parameter.grad is None for parameter in network.depth.parameters())
    assert all(parameter.grad is not None for parameter in network.gradient.parameters())
    assert torch.equal(prediction.depths[0], prediction.depths[1])  # without steps, nothing is fused


def energy(result, depth, gradient, weight):
    away = phi(result - depth).sum()
    return float(away + weight * phi(central_differences(result) - gradient[..., 1:-1, 1:-1]).sum())


def scene():
    """A wall and a box before it; the depth estimated with noise, the gradient exactly."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.full((1, 1, 20, 24), 4.0, dtype=torch.float64)
    truth += 0.05 * torch.arange(24)
    truth[..., 6:14, 8:16] = 2.0
    gradient = torch.zeros(1, 2, 20, 24, dtype=torch.float64)
    gradient[..., 1:-1, 1:-1] = central_differences(truth)
    return truth, truth + 0.3 * torch.randn(truth.shape, generator=generator, dtype=torch.float64), gradient


@pytest.mark.parametrize("weight", [0.3, 1.0, 10.0])
def test_no_step_of_the_fusion_goes_up(weight):
    _, depth, gradient = scene()
    energies = [energy(fused(depth, gradient, weight, steps), depth, gradient, weight) for steps in range(25)]
    assert all(after <= before * (1 + 1e-12) for before, after in itertools.pairwise(energies))
    assert energies[-1] < 0.99 * energies[0]


def test_many_steps_reach_what_autograd_finds():
    _, depth, gradient = (x[..., :10, :12] for x in scene())
    ours = energy(fused(depth, gradient, 1.0, 300), depth, gradient, 1.0)
    free = depth.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([free], max_iter=200, tolerance_grad=1e-6, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = phi(free - depth).sum()
        loss = loss + phi(central_differences(free) - gradient[..., 1:-1, 1:-1]).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    assert ours == pytest.approx(energy(free.detach(), depth, gradient, 1.0), rel=1e-3)


def test_a_good_gradient_takes_the_noise_out_and_keeps_the_edge():
    truth, depth, gradient = scene()
    result = fused(depth, gradient, 1.0, 50)
    inside = (..., slice(1, -1), slice(1, -1))
    assert (result - truth)[inside].abs().mean() < 0.5 * (depth - truth)[inside].abs().mean()
    step = result[..., 8:12, 8:10].mean() - result[..., 8:12, 6:8].mean()
    assert float(step) == pytest.approx(float(truth[..., 8:12, 8:10].mean() - truth[..., 8:12, 6:8].mean()), abs=0.15)


def test_the_gradients_stream_learns_through_the_fusion():
    network = small()
    network.predict(torch.randn(1, 3, 48, 64)).depths[0].sum().backward()
    weight = next(iter(network.gradient.scale3.parameters()))
    assert weight.grad is not None
    assert weight.grad.any()
