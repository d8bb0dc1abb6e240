"""The networks: sizes against known ones, shapes, ranges, and the attention against plain loops."""

import numpy as np
import onnx
import pytest
import torch

from depth_perception.engines.choose import open_engine
from depth_perception.model_file import ModelDescription
from training.errors import TrainingError
from training.exporting.export import export
from training.models import DepthModel
from training.motion import matrix_from_motion
from training.networks.decoder import ConvElu
from training.networks.disparity import DisparityHead
from training.networks.dual_networks import DualNetworks
from training.networks.hr_net import HRNet
from training.networks.lr_net import LRNet
from training.networks.mobilenet_v2 import MobileNetV2
from training.networks.normalise import normalise
from training.networks.pose_net import PoseNet
from training.networks.resnet import ResNet18
from training.networks.self_assembled_attention import SelfAssembledAttention


def millions(module):
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


def small_dual_networks(**options):
    torch.manual_seed(0)
    lr = LRNet(ResNet18(8), (32, 24, 16, 16, 16))
    given = {"hr_decoder": (16, 16, 8, 8), "attention": 16, **options}
    return DualNetworks(lr, (8, 8, 16, 16), (1, 1, 1, 1), **given)


ENDS = pytest.mark.parametrize("hr_decoder", [(16, 16, 8, 8), (16, 16, 8)], ids=["full size", "sub-pixels"])
"""What HR-Net's finest level is."""


def single_network(encoder):
    torch.manual_seed(0)
    return LRNet(encoder, (32, 24, 16, 16, 16))


class TestSizes:
    def test_resnet18_with_the_monodepth2_decoder(self):
        assert millions(LRNet(ResNet18())) == pytest.approx(14.33, abs=0.01)  # Godard et al.'s published network

    def test_hr_net_and_attention_fill_what_table_7_leaves(self):
        # 34.16 M in all, less ResNet-50 (23.508 M) and its decoder (9.014 M): 1.64 M
        assert millions(HRNet(96)) + millions(SelfAssembledAttention(2048, 96)) == pytest.approx(1.64, abs=0.01)

    def test_pose_net_is_zhous(self):
        network = PoseNet(3)
        assert millions(network) == pytest.approx(1.59, abs=0.01)
        layers = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
        table = [(16, 7, 2), (32, 5, 2), (64, 3, 2), (128, 3, 2), (256, 3, 2), (256, 3, 2), (256, 3, 2), (12, 1, 1)]
        assert [(layer.out_channels, layer.kernel_size[0], layer.stride[0]) for layer in layers] == table


class TestDualNetworks:
    @ENDS
    def test_disparities_at_four_scales_within_the_range(self, hr_decoder):
        network = small_dual_networks(hr_decoder=hr_decoder).eval()
        disparities = network(torch.randn(2, 3, 96, 192))
        assert [tuple(d.shape) for d in disparities] == [(2, 1, 96 >> i, 192 >> i) for i in range(4)]
        for disparity in disparities:
            assert 1 / 100 < disparity.min().item() <= disparity.max().item() < 1 / 0.5

    def test_lr_net_alone(self):
        disparities = small_dual_networks().lr(torch.randn(2, 3, 64, 96))
        assert [tuple(d.shape) for d in disparities] == [(2, 1, 64 >> i, 96 >> i) for i in range(4)]

    @ENDS
    def test_finest_is_the_first_of_all(self, hr_decoder):
        network = small_dual_networks(hr_decoder=hr_decoder).eval()
        image = torch.randn(1, 3, 96, 192)
        assert torch.equal(network.finest(image), network(image)[0])

    def test_an_untrained_network_answers_about_twelve_metres(self):
        depth = 1 / small_dual_networks().eval().finest(torch.randn(1, 3, 96, 96))
        assert depth.median().item() == pytest.approx(12.0, rel=0.3)

    def test_without_attention_features_pass_as_they_are(self):
        network = small_dual_networks(attention=0).eval()
        image = torch.randn(1, 3, 96, 192)
        small = torch.nn.functional.avg_pool2d(image, 3)
        assert torch.equal(network.global_view(image)[0], network.lr.encoder(small)[-1])

    @ENDS
    def test_a_guided_hr_net_begins_with_what_lr_net_says(self, hr_decoder):
        network = small_dual_networks(guided=True, hr_decoder=hr_decoder).eval()
        torch.nn.init.normal_(network.lr.decoder.heads[-1].conv.weight, std=0.1)  # an LR-Net with something to say
        image = torch.randn(1, 3, 192, 192)
        coarse = network.lr(torch.nn.functional.avg_pool2d(image, 3))[0]
        head = network.hr.decoder.heads[-1].conv
        torch.nn.init.zeros_(head.weight)
        expected = torch.nn.functional.interpolate(coarse, (192, 192), mode="nearest")
        error = (network.finest(image) / expected - 1).abs()[..., 1::3, 1::3]  # at the centres of LR-Net's pixels
        assert error.max() < 1e-3
        assert coarse.std() / coarse.mean() > 0.1

    def test_sub_pixels_lie_where_their_convolutions_answer_for(self):
        head = DisparityHead(4, 0.5, 100.0, enlarged=2)
        torch.nn.init.zeros_(head.conv.weight)
        with torch.no_grad():
            head.conv.bias.copy_(torch.tensor([-1.0, 0.0, 1.0, 2.0]))  # type: ignore[union-attr]
        block = torch.tensor([[-1.0, 0.0], [1.0, 2.0]])
        assert torch.equal(head.logit(torch.randn(1, 4, 3, 5))[0, 0], block.repeat(3, 5))

    @pytest.mark.parametrize("hr_decoder", [(16, 16), (16, 16, 8, 8, 8)])
    def test_decoders_of_other_depths_are_refused(self, hr_decoder):
        with pytest.raises(ValueError, match="expected 4, or 3 to end at half the size"):
            small_dual_networks(hr_decoder=hr_decoder)

    def test_impossible_range_is_refused(self):
        with pytest.raises(TrainingError, match=r"depth range is 5\.0 to 2\.0 m"):
            LRNet(ResNet18(8), (32, 24, 16, 16, 16), minimum_depth=5.0, maximum_depth=2.0)


class TestSingleNetwork:
    def test_finest_is_the_first_of_all(self):
        network = single_network(ResNet18(8)).eval()
        image = torch.randn(1, 3, 64, 96)
        assert torch.equal(network.finest(image), network(image)[0])

    def test_robots_run_it_with_its_reflected_borders(self, tmp_path):
        network = single_network(MobileNetV2())
        torch.nn.init.normal_(network.decoder.heads[-1].conv.weight, std=0.1)  # with something to say
        description = ModelDescription(
            task="depth",
            name="x",
            height=64,
            width=96,
            focal_length=100.0,
            metric=True,
            method="m",
            paper="p",
            minimum_depth=0.5,
            maximum_depth=100.0,
        )
        export(DepthModel(network), description, tmp_path / "x.onnx", half=False, samples=1)
        pads = [node for node in onnx.load(tmp_path / "x.onnx").graph.node if node.op_type == "Pad"]
        modes = {attribute.s for node in pads for attribute in node.attribute if attribute.name == "mode"}
        assert modes == {b"reflect"}
        image = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
        with torch.no_grad():
            expected = 1 / network.eval().finest(normalise(torch.from_numpy(image)).permute(0, 3, 1, 2))[:, 0]
        assert expected.std() / expected.mean() > 0.1
        for backend in ("onnxruntime", "openvino"):
            given = open_engine(tmp_path / "x.onnx", backend).run({"image": image})["depth"]
            assert given == pytest.approx(expected.numpy(), rel=1e-3)

    def test_borders_are_reflected_without_the_edge_itself(self):
        layer = ConvElu(1, 1)
        image = np.random.default_rng(0).random((4, 5), np.float32)
        padded = np.pad(image, 1, mode="reflect")
        weight, bias = layer.conv.weight[0, 0].detach().numpy(), layer.conv.bias
        assert bias is not None
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
        linear = (windows * weight).sum((2, 3)) + bias.item()
        expected = np.where(linear > 0, linear, np.expm1(linear))
        assert layer(torch.from_numpy(image)[None, None])[0, 0].detach().numpy() == pytest.approx(expected, abs=1e-6)


class TestAttention:
    @pytest.mark.parametrize("normalisation", ["none", "mean", "softmax"])
    def test_equals_loops_over_places(self, normalisation):
        torch.manual_seed(0)
        module = SelfAssembledAttention(5, 4, normalisation)
        features, image = torch.randn(1, 5, 2, 3), torch.randn(1, 3, 8, 12)
        ours = module(features, image)[0].detach().numpy()

        weight = module.embedding.weight[:, :, 0, 0].detach().numpy()
        places = [(row, column) for row in range(2) for column in range(3)]
        embedded = {}
        for row, column in places:
            colour = image[0, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].mean((1, 2)).numpy()
            coordinates = [column - 1.0, 2.0 * row - 1.0]
            embedded[row, column] = weight @ np.concatenate([features[0, :, row, column], colour, coordinates])
        for j in places:
            similarity = np.array([embedded[i] @ embedded[j] for i in places])
            if normalisation == "mean":
                similarity = similarity / len(places)
            elif normalisation == "softmax":
                similarity = np.exp(similarity / 2.0) / np.exp(similarity / 2.0).sum()
            expected = sum(w * embedded[i] for w, i in zip(similarity, places, strict=True))
            assert ours[:, j[0], j[1]] == pytest.approx(expected, rel=1e-4, abs=1e-5)


class TestPoseNet:
    @pytest.mark.parametrize("frames", [2, 3])
    def test_one_motion_for_each_step(self, frames):
        assert PoseNet(frames)(torch.randn(2, frames, 3, 64, 96)).shape == (2, frames - 1, 6)

    def test_an_untrained_network_answers_its_prior(self):
        motion = PoseNet(2, forward_prior=0.5)(torch.randn(4, 2, 3, 128, 416))
        assert motion[..., 5].detach().numpy() == pytest.approx(0.5, abs=0.1)
        assert float(motion[..., :5].abs().max()) < 0.1

    def test_one_frame_is_no_motion(self):
        with pytest.raises(TrainingError, match="expected at least 2"):
            PoseNet(1)

    def test_both_ways_the_same_picture_twice_is_no_motion_and_swapped_frames_are_the_inverse(self):
        network = PoseNet(2, 0.1, 0.1, both_ways=True)
        images = torch.randn(3, 2, 3, 64, 96)
        assert not network(images[:, :1].expand(-1, 2, -1, -1, -1)).any()
        there, back = (matrix_from_motion(network(seen)[:, 0]) for seen in (images, images.flip(1)))
        assert (there[:, :3, 3].norm(dim=-1) > 1e-4).all()
        torch.testing.assert_close(there @ back, torch.eye(4).expand(3, 4, 4), atol=1e-6, rtol=0)

    def test_both_ways_agree_to_more_than_half_precision(self):
        network = PoseNet(2, 0.1, 10.0, both_ways=True)
        images = torch.randn(3, 2, 3, 64, 96)
        with torch.autocast("cpu", torch.bfloat16):
            answers = [network(seen)[:, 0].float() for seen in (images, images.flip(1))]
        there, back = (matrix_from_motion(answer) for answer in answers)
        torch.testing.assert_close(there @ back, torch.eye(4).expand(3, 4, 4), atol=1e-5, rtol=0)

    def test_both_ways_are_of_two_frames_without_a_prior(self):
        with pytest.raises(TrainingError, match="both_ways was given 3 frames, expected 2"):
            PoseNet(3, both_ways=True)
        with pytest.raises(TrainingError, match=r"a forward_prior of 0\.5, which would cancel itself: expected 0"):
            PoseNet(2, forward_prior=0.5, both_ways=True)
