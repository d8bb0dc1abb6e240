"""DispNetS, PoseExpNet and the network of depth and gradient: sizes of the papers, shapes, ranges, who sees what."""

import pytest
import torch
from torch._subclasses import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from training.errors import TrainingError
from training.networks.confident_depth import ConfidentDepth
from training.networks.disp_net import DispNetS
from training.networks.gradient_disp_net import GradientDispNet
from training.networks.pose_exp_net import PoseExpNet

ENCODER, DECODER = (8, 8, 16, 16, 16, 16, 16), (16, 16, 16, 16, 8, 8, 8)


def millions(module):
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


@pytest.fixture
def no_memory():
    """Networks of the paper's size are only counted."""
    with FakeTensorMode():
        yield


def gflops(call, *shape):
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        call(torch.empty(shape))
    return counter.get_total_flops() / 2e9  # torch counts a multiply-add twice


def small(network, **options):
    torch.manual_seed(0)
    return network(ENCODER, DECODER, **options).eval()


def shapes(levels):
    return [tuple(level.shape) for level in levels]


class TestDispNetS:
    @pytest.mark.usefixtures("no_memory")
    def test_has_the_papers_size(self):
        network = DispNetS()
        assert millions(network) == pytest.approx(31.60, rel=5e-4)
        assert gflops(network, 1, 3, 128, 416) == pytest.approx(3.67, abs=0.01)

    @pytest.mark.parametrize(("height", "width"), [(64, 96), (128, 416), (32, 160)])
    def test_disparities_at_four_scales_of_any_multiple_of_32(self, height, width):
        """Its last level is 1/128 of the image: sizes in between are rounded up on the way down."""
        disparities = small(DispNetS)(torch.randn(2, 3, height, width))
        assert shapes(disparities) == [(2, 1, height >> i, width >> i) for i in range(4)]

    def test_range_is_ten_sigmoids_and_a_hundredth(self):
        network = small(DispNetS)
        image = torch.randn(1, 3, 64, 64)
        head = network.decoder.heads[-1].conv
        for bias in (-50.0, 0.0, 50.0):
            torch.nn.init.zeros_(head.weight)
            torch.nn.init.constant_(head.bias, bias)
            expected = 10.0 * torch.sigmoid(torch.tensor(bias)).item() + 0.01
            assert network.finest(image)[0, 0, 5, 5].item() == pytest.approx(expected, rel=1e-5)
        assert 1 / network.maximum_depth == pytest.approx(0.01)
        assert 1 / network.minimum_depth == pytest.approx(10.01)

    def test_begins_at_the_initial_depth(self):
        depth = 1 / small(DispNetS, initial_depth=3.0)(torch.randn(1, 3, 128, 128))[0]
        assert depth.median().item() == pytest.approx(3.0, rel=0.2)

    def test_coarser_disparities_reach_the_finer(self):
        network = small(DispNetS)
        image = torch.randn(1, 3, 64, 64)
        before = network(image)
        torch.nn.init.constant_(network.decoder.heads[0].conv.bias, 3.0)  # of the coarsest
        changed = [not torch.equal(a, b) for a, b in zip(before, network(image), strict=True)]
        assert changed == [True, True, True, True]

    def test_every_weight_learns(self):
        network = DispNetS(ENCODER, DECODER)
        sum(disparity.mean() for disparity in network(torch.randn(2, 3, 128, 160))).backward()
        assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in network.parameters())

    @pytest.mark.parametrize("decoder", [(16,) * 6, (16,) * 8])
    def test_decoder_of_other_depth_is_refused(self, decoder):
        with pytest.raises(TrainingError, match="expected as many"):
            DispNetS(ENCODER, decoder)


class TestPoseExpNet:
    @pytest.mark.usefixtures("no_memory")
    def test_has_the_papers_size(self):
        network = PoseExpNet(3)
        assert millions(network) == pytest.approx(3.34, rel=1e-3)
        assert gflops(network.motions_and_masks, 1, 3, 3, 128, 416) == pytest.approx(0.71, abs=0.01)

    @pytest.mark.parametrize("frames", [2, 3])
    def test_a_motion_for_each_step_and_a_mask_for_each_source(self, frames):
        images = torch.randn(2, frames, 3, 64, 96)
        motions, masks = PoseExpNet(frames).motions_and_masks(images)
        assert motions.shape == (2, frames - 1, 6)
        assert shapes(masks) == [(2, frames - 1, 64 >> i, 96 >> i) for i in range(4)]
        assert all(mask.min() > 0 and mask.max() < 1 for mask in masks)

    def test_both_at_once_is_each_alone(self):
        network = PoseExpNet(2).eval()
        images = torch.randn(1, 2, 3, 64, 64)
        motions, masks = network.motions_and_masks(images)
        assert torch.equal(motions, network(images))
        assert all(torch.equal(a, b) for a, b in zip(masks, network.masks(images), strict=True))


class TestGradientDispNet:
    @pytest.mark.usefixtures("no_memory")
    def test_decoders_are_of_one_size(self):
        """ "The same size as the original": what the refining decoder is given costs a thousandth."""
        network = GradientDispNet()
        original = millions(DispNetS().decoder)
        assert millions(network.depth_decoder) == original
        for decoder in (network.gradient_decoder, network.refining_decoder):
            assert millions(decoder) == pytest.approx(original, rel=1e-3)

    @pytest.mark.parametrize("refined", [False, True])
    def test_shapes(self, refined):
        network = small(GradientDispNet, refined=refined)
        image = torch.randn(2, 3, 64, 96)
        disparities, gradients = network.first_stage(image)
        assert shapes(disparities) == shapes(network(image)) == [(2, 1, 64 >> i, 96 >> i) for i in range(4)]
        assert shapes(gradients) == [(2, 2, 64 >> i, 96 >> i) for i in range(4)]

    def test_first_stage_is_a_disp_net(self):
        """Same encoder, same decoder, same answer."""
        network, plain = small(GradientDispNet), small(DispNetS)
        plain.encoder.load_state_dict(network.encoder.state_dict())
        plain.decoder.load_state_dict(network.depth_decoder.state_dict())
        image = torch.randn(1, 3, 64, 96)
        assert torch.equal(network.finest(image), plain.finest(image))

    @pytest.mark.parametrize("decoder", ["depth_decoder", "gradient_decoder"])
    def test_refined_depth_is_told_depth_and_gradient_at_each_scale(self, decoder):
        network = small(GradientDispNet, refined=True)
        image = torch.randn(1, 3, 64, 96)
        heads = getattr(network, decoder).heads
        for number in range(4):
            before = network(image)[3 - number]
            head = heads[number].conv if decoder == "depth_decoder" else heads[number]
            with torch.no_grad():
                head.bias += 2.0
            assert not torch.allclose(before, network(image)[3 - number])


def test_confident_depth_is_of_the_last_frame():
    depth, pose = small(DispNetS), PoseExpNet(2).eval()
    images = torch.randn(2, 3, 64, 96)
    disparity, confidence = ConfidentDepth(depth, pose)(images)
    assert disparity.shape == confidence.shape == (1, 1, 64, 96)
    assert torch.equal(disparity, depth.finest(images[1:]))
    assert torch.equal(confidence, pose.masks(images[None])[0])
