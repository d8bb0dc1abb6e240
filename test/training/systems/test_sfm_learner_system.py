"""How SfMLearner is trained: its losses on drives that are known, its stages, and what it hands to robots."""

import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, changed, loader, state, trainer
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.nn import functional as F
from torch.utils.data import DataLoader

from training.data.augmentation import NONE
from training.data.datasets.street import StreetSnippets
from training.data.loader import ResumableLoader
from training.data.samples import EpochSampler, SnippetSamples
from training.errors import TrainingError
from training.models import ConfidentDepthModel
from training.networks.disp_net import DispNetS
from training.networks.gradient_disp_net import GradientDispNet
from training.networks.normalise import normalise
from training.networks.pose_exp_net import PoseExpNet
from training.networks.pose_net import PoseNet
from training.systems.sfm_learner import SfMLearnerSystem
from training.systems.sfm_losses import SfMLosses, reconstruction_loss
from training.systems.views import Views, channels_first

ENCODER, DECODER = (8, 8, 16, 16, 16, 16, 16), (16, 16, 16, 16, 8, 8, 8)


def make_system(network=None, pose_network=None, **options):
    torch.manual_seed(0)
    network = network or DispNetS(ENCODER, DECODER)
    return SfMLearnerSystem(network, pose_network or PoseExpNet(3), 60.0, **options)


@pytest.fixture(scope="module")
def drives():
    return [analytic_drive(FULL, frames=8, seed=seed) for seed in range(3)]


@pytest.fixture(scope="module")
def batch(drives):
    return next(iter(loader(drives, "lr")))


@pytest.fixture(scope="module")
def truth(batch):
    """The disparity and the focal factor of the batch."""
    factor = make_system().focal_factor(batch)
    return (factor[:, None, None] / batch["depth"])[:, None], factor


def two_frames(drives, batch_size=4):
    samples = SnippetSamples([StreetSnippets(drives, frames=2)], [(96, 64)], NONE, seed=0)
    return ResumableLoader(samples, EpochSampler([len(samples)], seed=0, block=batch_size), batch_size)


class TestReconstruction:
    def test_true_depth_and_motion_explain_the_views_at_every_scale(self, batch, truth):
        disparity, factor = truth
        for scale in range(4):
            small = F.interpolate(disparity, scale_factor=0.5**scale, mode="nearest")

            def loss(motions, disparity=small, scale=scale):
                return reconstruction_loss(Views(batch, motions, factor).reduced(scale), disparity)

            true = loss(batch["motions"])
            assert true < 0.7 * loss(-batch["motions"])
            assert true < loss(batch["motions"], 0.3 * small)

    def test_no_motion_is_the_difference_of_the_frames(self, batch, truth):
        """Images between -1 and 1, a mean over pixels and colours, a sum over the sources."""
        disparity, factor = truth
        views = Views(batch, torch.zeros_like(batch["motions"]), factor)
        images = batch["images"].numpy().astype(np.float64) / 127.5 - 1.0
        expected = sum(np.abs(images[:, 1] - images[:, k]).mean() for k in (0, 2))
        # By rounding, some of the border's pixels lie outside: they do not count.
        assert float(reconstruction_loss(views, disparity)) == pytest.approx(expected, rel=0.03)

    def test_mask_weighs_each_source_by_its_own(self, batch, truth):
        disparity, factor = truth
        views = Views(batch, batch["motions"], factor)
        believed = torch.ones_like(disparity).repeat(1, 2, 1, 1)
        both = reconstruction_loss(views, disparity, believed)
        assert float(both) == pytest.approx(float(reconstruction_loss(views, disparity)))
        first, second = believed.clone(), believed.clone()
        first[:, 1] = 0.0
        second[:, 0] = 0.0
        alone = [float(reconstruction_loss(views, disparity, mask)) for mask in (first, second)]
        assert min(alone) > 0
        assert sum(alone) == pytest.approx(float(both))

    def test_mask_gives_up_what_is_not_explained(self, batch, truth):
        """Where believing costs more than doubting does, the gradient asks for less: above w / n of n sources."""
        views = Views(batch, batch["motions"], truth[1])
        mask = torch.full_like(truth[0], 0.9).repeat(1, 2, 1, 1).requires_grad_()
        losses = SfMLosses().of_scale(views, truth[0], mask)
        (losses["reconstruction"] + 0.2 * losses["mask"]).backward()
        assert mask.grad is not None
        pixels = views.pixels(truth[0])
        for source, (where, view) in enumerate(zip(pixels, views.synthesised(pixels), strict=True)):
            error = 2.0 * (views.target - view).abs().mean(1)
            inside = ((where > 1) & (where < torch.tensor((94, 62)))).all(-1)
            assert (mask.grad[:, source][inside & (error > 0.15)] > 0).all()
            assert (mask.grad[:, source][inside & (error < 0.05)] < 0).all()
            assert (error[inside] > 0.15).any()
            assert (mask.grad[:, source][~((where >= 0) & (where <= torch.tensor((95, 63)))).all(-1)] < 0).all()

    def test_looking_away_pays_nothing(self, batch, truth):
        """Pixels whose place is outside the source are not free of error, they are not counted."""
        disparity, factor = truth
        sideways = torch.zeros_like(batch["motions"])
        sideways[..., 3] = 0.7 * 96 / 60.0  # at one metre, seven tenths of the width
        views = Views(batch, sideways, factor)
        images = batch["images"].numpy().astype(np.float64) / 127.5 - 1.0
        shift = round(0.7 * 96)
        kept = 96 - shift
        expected = np.abs(images[:, 1, :, :kept] - images[:, 0, :, shift:]).mean()
        expected += np.abs(images[:, 1, :, shift:] - images[:, 2, :, :kept]).mean()
        one_metre = factor[:, None, None, None] * torch.ones_like(disparity)
        assert float(reconstruction_loss(views, one_metre)) == pytest.approx(expected, rel=0.05)


class TestLosses:
    def views(self, batch, truth):
        return Views(batch, batch["motions"], truth[1])

    def levels(self, value, channels=1):
        return [torch.full((4, channels, 64 >> i, 96 >> i), value) for i in range(4)]

    def test_the_sum_is_over_all_scales(self, batch, truth):
        views = self.views(batch, truth)
        disparities = [F.avg_pool2d(truth[0], 2**i) for i in range(4)]
        masks = self.levels(0.5, 2)
        weights = SfMLosses(1.0, 0.1, explainability=0.2)
        total, parts = weights.of(views, disparities, masks)
        expected = 0.0
        for scale, (disparity, mask) in enumerate(zip(disparities, masks, strict=True)):
            named = weights.of_scale(views.reduced(scale), disparity, mask)
            expected += named["reconstruction"] + 0.1 / 2**scale * named["smoothness"] + 0.2 * named["mask"]
        assert float(total) == pytest.approx(float(expected), rel=1e-5)
        assert float(parts["mask"]) == pytest.approx(np.log(2.0), rel=1e-5)

    def test_smoothness_is_of_depth_where_it_should(self, batch, truth):
        views = self.views(batch, truth)
        ramp = 5.0 + torch.arange(96.0).expand(4, 1, 64, 96) / 10  # even in one of the two, bent in the other
        for losses, even in ((SfMLosses(), ramp), (SfMLosses(smooth="depth"), 1.0 / ramp)):
            for values, is_even in ((even, True), (1.0 / even, False)):
                assert (float(losses.of_scale(views, values)["smoothness"]) < 1e-5) == is_even

    def test_a_gradient_that_is_depths_own_costs_least(self, batch, truth):
        views = self.views(batch, truth)
        depth = 2.0 + 0.1 * torch.arange(96.0).expand(4, 1, 64, 96)
        right = torch.stack((torch.full((4, 64, 96), 0.2), torch.zeros(4, 64, 96)), 1)  # over two pixels
        least = SfMLosses().of_scale(views, 1.0 / depth, gradient=right)["gradient"]
        assert float(least) == pytest.approx(0.01 * 0.01, rel=1e-2)  # phi of nothing, twice
        assert SfMLosses().of_scale(views, 1.0 / depth, gradient=0.5 * right)["gradient"] > 5 * least

    def test_zoomed_samples_ask_for_the_canonical_depth(self, batch, truth):
        """A camera of twice the focal length, twice as far away, moving twice as far, sees the same."""
        disparity, factor = truth
        twice = {name: value.clone() for name, value in batch.items()}
        twice["intrinsics"][:, 0, 0] *= 2.0
        twice["intrinsics"][:, 1, 1] *= 2.0
        system = make_system()
        assert torch.allclose(system.focal_factor(twice), 2.0 * factor)
        motions = torch.zeros_like(batch["motions"])
        motions[..., 5] = 0.5
        once = reconstruction_loss(Views(batch, motions, factor), disparity)
        motions[..., 5] = 1.0
        again = reconstruction_loss(Views(twice, motions, 2.0 * factor), disparity)
        assert float(again) == pytest.approx(float(once), rel=1e-3)

    def test_unmasked_without_explainability(self, batch):
        system = make_system(losses=SfMLosses(explainability=0.0))
        assert "mask" not in system.loss(batch)[1]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"pose_network": PoseNet(3)}, "PoseNet has no mask"),
            ({"losses": SfMLosses(gradient=1.0)}, "DispNetS estimates no gradient"),
            (
                {"network": GradientDispNet(ENCODER, DECODER, refined=True), "losses": SfMLosses(gradient=1.0)},
                "a loss of the first stage",
            ),
        ],
    )
    def test_a_network_that_cannot_is_refused(self, options, message):
        with pytest.raises(TrainingError, match=message):
            make_system(**options)

    def test_samples_of_other_frames_are_refused(self, batch):
        with pytest.raises(TrainingError, match="takes 2 frames, the samples have 3"):
            make_system(pose_network=PoseExpNet(2)).loss(batch)


class TestStages:
    def test_each_stage_trains_its_own(self, drives, tmp_path):
        """Takamine and Endo, section IV-B, by configuration alone."""
        first = make_system(
            GradientDispNet(ENCODER, DECODER), losses=SfMLosses(gradient=0.1), frozen=["network.refining_decoder"]
        )
        fresh = state(first)
        run = trainer(tmp_path, max_steps=1)
        run.fit(first, loader(drives[:1], "lr", batch_size=2))
        run.save_checkpoint(tmp_path / "first.ckpt")
        assert self.parts(changed(fresh, first)) == {"encoder", "depth_decoder", "gradient_decoder", "pose_network"}

        second = make_system(
            GradientDispNet(ENCODER, DECODER, refined=True),
            begin_with=str(tmp_path / "first.ckpt"),
            frozen=["network.encoder", "network.depth_decoder", "network.gradient_decoder"],
        )
        trainer(tmp_path, max_steps=1).fit(second, loader(drives[:1], "lr", batch_size=2))
        assert self.parts(changed(state(first), second)) == {"refining_decoder", "pose_network"}

    def parts(self, names):
        return {name.removeprefix("network.").split(".")[0] for name in names}


class TestValidation:
    def test_reports_table_2(self, drives, tmp_path):
        """The three losses at the finest scale, of what is known: no motion, one depth, one belief."""
        pose = PoseExpNet(3)
        for layer in (pose.motion, pose.heads[-1]):
            layer.load_state_dict({name: torch.zeros_like(value) for name, value in layer.state_dict().items()})
        system = make_system(pose_network=pose)
        torch.nn.init.zeros_(system.network.decoder.heads[-1].conv.weight)
        items = SnippetSamples([StreetSnippets(drives[:1])], [(96, 64)])
        logger = TensorBoardLogger(tmp_path)
        (figures,) = trainer(tmp_path, logger=logger).validate(system, DataLoader(items, 4), verbose=False)
        errors = []
        for sample in (items[index] for index in range(len(items))):
            images = sample["images"].numpy().astype(np.float64) / 127.5 - 1.0
            errors.append(sum(np.abs(images[1] - images[k]).mean() for k in (0, 2)))
        assert figures["val/reconstruction"] == pytest.approx(0.5 * np.mean(errors), rel=0.03)
        assert figures["val/smoothness"] == pytest.approx(0.0, abs=1e-6)
        assert figures["val/mask"] == pytest.approx(np.log(2.0), rel=1e-4)
        assert figures["val/translation"] == pytest.approx(1.0)
        assert {"val/abs_rel", "val/a1", "val/rmse", "val/rotation_degrees"} <= set(figures)
        board = EventAccumulator(logger.log_dir).Reload()
        picture = board.Images("validation/0")[0]
        assert (picture.height, picture.width) == (8 * 64, 96)  # target, 2 views, what moves, depth, truth, 2 masks


class TestRobots:
    def test_two_frames_give_depth_and_confidence_of_the_current(self, drives):
        """What is exported is what was trained: the mask that the losses saw of the same two frames."""
        system = make_system(pose_network=PoseExpNet(2)).eval()
        batch = next(iter(two_frames(drives)))
        images = normalise(channels_first(batch["inputs"]))
        model = system.depth_model()
        assert isinstance(model, ConfidentDepthModel)
        depth, confidence = model(batch["inputs"][0])
        assert depth.shape == confidence.shape == (1, 64, 96)
        assert torch.allclose(depth[0], 1 / system.network.finest(images[:1, 1])[0, 0], rtol=1e-4)
        masks = system._motions(images)[1]
        assert torch.allclose(confidence[0], masks[0][0, 0], atol=1e-5)
        target = Views(batch, batch["motions"], system.focal_factor(batch)).target
        assert torch.equal(target, channels_first(batch["images"])[:, 1].float() / 255.0)

    def test_three_frames_give_depth_alone(self):
        """A mask of the middle frame needs the one after it, which a robot has not seen yet."""
        assert make_system().depth_model().answers == ("depth",)
        unmasked = make_system(pose_network=PoseExpNet(2), losses=SfMLosses(explainability=0.0))
        assert unmasked.depth_model().answers == ("depth",)


@pytest.mark.slow
def test_four_frames_can_be_learnt_by_heart():
    """From images alone, without a mask to hide behind: views come near to those of true depth and motion."""
    torch.manual_seed(0)
    batch = next(iter(loader([analytic_drive(FULL, frames=4, seed=3)], "lr", batch_size=2)))
    system = make_system(
        pose_network=PoseExpNet(3, forward_prior=0.04), losses=SfMLosses(smoothness=0.0, explainability=0.0)
    )
    factor = system.focal_factor(batch)
    disparity = (factor[:, None, None] / batch["depth"])[:, None]
    best = reconstruction_loss(Views(batch, batch["motions"], factor), disparity)
    optimiser = torch.optim.Adam(system.parameters(), 3e-3)
    found = []
    for _ in range(60):
        optimiser.zero_grad()
        loss, parts = system.loss(batch)
        loss.backward()
        optimiser.step()
        found.append(float(parts["reconstruction"].detach()))
    assert found[-1] < 2.0 * best < 0.5 * found[0]
