"""Smoothness, supervised depth, motion and speed: cases whose value is known."""

import math

import pytest
import torch

from training.losses.motion import motion_loss, speed_loss
from training.losses.smoothness import smoothness_loss
from training.losses.supervised_depth import slimness, supervised_depth_loss


class TestSmoothness:
    def test_zero_on_constant_disparity(self):
        assert smoothness_loss(torch.full((2, 1, 8, 8), 0.3), torch.rand(2, 3, 8, 8)) == 0

    def test_does_not_reward_shrinking(self):
        disparity, image = torch.rand(1, 1, 8, 8) + 0.1, torch.rand(1, 3, 8, 8)
        small, large = smoothness_loss(0.01 * disparity, image), smoothness_loss(disparity, image)
        assert float(small) == pytest.approx(float(large), rel=1e-4)

    def test_step_of_known_size(self):
        disparity = torch.ones(1, 1, 4, 4)
        disparity[..., 2:] = 3.0  # mean 2: a step of 1 in one of three columns of differences
        image = torch.zeros(1, 3, 4, 4)
        assert float(smoothness_loss(disparity, image)) == pytest.approx(1 / 3)
        image[..., 2:] = 1.0
        assert float(smoothness_loss(disparity, image)) == pytest.approx(math.exp(-1) / 3)


class TestSlimness:
    def test_a_pole_stands_out_by_the_log_of_its_ratio_and_a_wall_not_at_all(self):
        depth = torch.full((1, 1, 100, 60), 20.0)
        depth[..., 10:13] = 10.0  # narrower than a tenth of the height
        depth[..., 40:55] = 10.0  # wider
        slim = slimness(depth.log())[0, 0, 50]
        assert torch.allclose(slim[10:13], torch.tensor(math.log(2.0)))
        assert slim[:10].max() < 1e-6
        assert slim[13:].max() < 1e-6

    def test_a_gap_between_near_things_is_not_slim(self):
        depth = torch.full((1, 1, 100, 60), 10.0)
        depth[..., 10:13] = 20.0
        assert slimness(depth.log()).max() < 1e-6

    def test_its_error_counts_more(self):
        truth = torch.full((1, 1, 100, 60), 20.0)
        truth[..., 10:13] = 10.0
        unseen = torch.full_like(truth, 1 / 20)
        plain = supervised_depth_loss(unseen, truth, 100.0)[1]["log"]
        weighted = supervised_depth_loss(unseen, truth, 100.0, slim=9.0)[1]["log"]
        assert float(plain) == pytest.approx(math.log(2) * 3 / 60, rel=1e-4)
        more = 1 + 9 * math.log(2)
        assert float(weighted) == pytest.approx(math.log(2) * 3 * more / (57 + 3 * more), rel=1e-4)


class TestSupervisedDepth:
    def test_zero_at_the_truth_and_log_of_a_factor(self):
        depth = torch.rand(1, 1, 16, 16) * 40 + 1
        assert supervised_depth_loss(1 / depth, depth, 100.0)[0] < 1e-5
        loss, parts = supervised_depth_loss(1 / (2 * depth), depth, 100.0)
        assert float(parts["log"]) == pytest.approx(math.log(2), rel=1e-4)
        assert float(parts["gradient"]) == pytest.approx(0.0, abs=1e-4)
        assert float(loss) == pytest.approx(math.log(2), rel=1e-3)

    def test_unknown_pixels_do_not_count_and_have_no_gradient(self):
        truth = torch.full((1, 1, 16, 16), 10.0)
        truth[..., :8] = torch.nan
        disparity = torch.full((1, 1, 16, 16), 0.1)
        disparity[..., :8] = 0.7
        disparity.requires_grad_()
        loss, _ = supervised_depth_loss(disparity, truth, 100.0)
        loss.backward()
        assert float(loss.detach()) == pytest.approx(0.0, abs=1e-5)
        assert disparity.grad is not None
        assert disparity.grad[..., :8].abs().max() == 0

    def test_no_truth_at_all_is_no_loss(self):
        truth = torch.full((1, 1, 16, 16), torch.nan)
        assert supervised_depth_loss(torch.full((1, 1, 16, 16), 0.1), truth, 100.0)[0] == 0

    def test_sky_pulls_to_the_maximum(self):
        sky = torch.full((1, 1, 16, 16), torch.inf)
        assert supervised_depth_loss(torch.full((1, 1, 16, 16), 0.01), sky, 100.0)[0] < 1e-5
        loss = supervised_depth_loss(torch.full((1, 1, 16, 16), 0.1), sky, 100.0)[0]
        assert float(loss) == pytest.approx(math.log(10), rel=1e-4)

    def test_coarse_disparity_meets_every_second_pixel(self):
        truth = torch.full((1, 1, 32, 32), 5.0)
        assert supervised_depth_loss(torch.full((1, 1, 16, 16), 0.2), truth, 100.0)[0] < 1e-5


class TestMotion:
    def test_weighs_rotation_in_metres(self):
        truth = torch.zeros(1, 2, 6)
        motion = truth.clone()
        motion[..., :3] = 0.01
        motion[..., 3:] = 0.2
        loss, parts = motion_loss(motion, truth, rotation_weight=50.0)
        assert float(parts["rotation"]) == pytest.approx(0.01)
        assert float(parts["translation"]) == pytest.approx(0.2)
        assert float(loss) == pytest.approx(0.7)

    def test_unknown_motions_do_not_count(self):
        truth = torch.zeros(2, 1, 6)
        truth[1] = torch.nan
        motion = torch.zeros(2, 1, 6)
        motion[1] = 5.0
        motion.requires_grad_()
        loss, _ = motion_loss(motion, truth, 1.0)
        loss.backward()
        assert loss == 0
        assert motion.grad is not None
        assert torch.isfinite(motion.grad).all()

    def test_speed_is_zero_only_at_the_distance_driven(self):
        motion = torch.tensor([[[0.1, 0.2, 0.3, 3.0, 0.0, 4.0]]])
        assert float(speed_loss(motion, torch.tensor([[5.0]]))) == pytest.approx(0.0, abs=1e-5)
        assert float(speed_loss(motion, torch.tensor([[6.5]]))) == pytest.approx(1.5, abs=1e-5)
        assert speed_loss(motion, torch.tensor([[torch.nan]])) == 0

    def test_speed_of_no_motion_has_a_gradient(self):
        motion = torch.zeros(1, 1, 6, requires_grad=True)
        speed_loss(motion, torch.tensor([[1.0]])).backward()
        assert motion.grad is not None
        assert torch.isfinite(motion.grad).all()
