"""How Dual Networks are trained: what learns, what stays, and that depth gets better, not only the loss."""

import cv2
import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, SUPERVISED, changed, loader, make_system, state, trainer
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.data import DataLoader

from depth_perception.evaluation.depth_metrics import depth_metrics
from training.data.datasets.street import StreetSnippets
from training.data.samples import SnippetSamples
from training.errors import TrainingError
from training.networks.correlation_pose_net import CorrelationPoseNet
from training.networks.pose_net import PoseNet
from training.networks.resnet import ResNet18
from training.systems.dual_networks import DualNetworksSystem
from training.systems.learning_rate import LearningRate
from training.systems.loss_weights import LossWeights
from training.systems.views import Views, view_loss


@pytest.fixture(scope="module")
def drives():
    return [analytic_drive(FULL, frames=12, seed=seed) for seed in range(6)]


class TestStages:
    def test_lr_stage_leaves_hr_net_alone(self, drives, tmp_path):
        system = make_system("lr")
        hr, lr, pose = state(system.network.hr), state(system.network.lr), state(system.pose_network)
        trainer(tmp_path, max_steps=1).fit(system, loader(drives[:1], "lr"))
        assert not list(changed(hr, system.network.hr))
        assert list(changed(lr, system.network.lr))
        assert list(changed(pose, system.pose_network))

    @pytest.mark.parametrize("crop", [1.0, 0.5])
    def test_hr_stage_leaves_lr_net_bit_identical(self, drives, tmp_path, crop):
        lr_stage = make_system("lr")
        first = trainer(tmp_path, max_steps=1)
        first.fit(lr_stage, loader(drives[:1], "lr"))
        first.save_checkpoint(tmp_path / "lr.ckpt")

        system = make_system("hr", LossWeights(depth=1.0), lr_checkpoint=str(tmp_path / "lr.ckpt"), crop=crop)
        hr = state(system.network.hr)
        trainer(tmp_path, max_steps=2).fit(system, loader(drives[:1], "hr", batch_size=2))
        assert not list(changed(lr_stage.network.lr.state_dict(), system.network.lr))  # batch statistics included
        assert list(changed(hr, system.network.hr))

    def test_lr_net_goes_on_learning_where_it_is_asked_to(self, drives, tmp_path):
        first = trainer(tmp_path, max_steps=1)
        first.fit(make_system("lr"), loader(drives[:1], "lr"))
        first.save_checkpoint(tmp_path / "lr.ckpt")
        system = make_system("hr", LossWeights(depth=1.0), lr_checkpoint=str(tmp_path / "lr.ckpt"), lr_learns=True)
        system.begin()
        before = state(system.network.lr.encoder)
        trainer(tmp_path, max_steps=1).fit(system, loader(drives[:1], "hr", batch_size=2))
        assert list(changed(before, system.network.lr.encoder))

    def test_mixed_precision_learns_alike(self, drives, tmp_path):
        losses = {}
        for precision in ("32-true", "bf16-mixed"):
            run = trainer(tmp_path, max_steps=3, precision=precision)
            run.fit(
                make_system("lr", LossWeights(features=0.1, depth=1.0, motion=1.0)), loader(drives[:1], "lr", 12, 2)
            )
            losses[precision] = float(run.callback_metrics["loss"])
        assert losses["bf16-mixed"] == pytest.approx(losses["32-true"], rel=0.05)

    def test_frozen_pose_stays(self, drives, tmp_path):
        first = trainer(tmp_path, max_steps=1)
        first.fit(make_system("lr"), loader(drives[:1], "lr"))
        first.save_checkpoint(tmp_path / "lr.ckpt")
        system = make_system("hr", LossWeights(), lr_checkpoint=str(tmp_path / "lr.ckpt"), freeze_pose=True)
        trainer(tmp_path, max_steps=1).fit(system, loader(drives[:1], "hr", batch_size=2))
        weights = torch.load(tmp_path / "lr.ckpt", weights_only=True)["state_dict"]
        assert all(
            torch.equal(weights[f"pose_network.{name}"], v) for name, v in system.pose_network.state_dict().items()
        )

    def test_hr_stage_without_a_checkpoint_is_refused(self, drives, tmp_path):
        with pytest.raises(TrainingError, match=r"give model\.lr_checkpoint"):
            trainer(tmp_path, max_steps=1).fit(make_system("hr"), loader(drives[:1], "hr"))

    def test_checkpoint_of_other_networks_is_refused(self, drives, tmp_path):
        first = trainer(tmp_path, max_steps=1)
        first.fit(make_system("lr"), loader(drives[:1], "lr"))
        first.save_checkpoint(tmp_path / "lr.ckpt")
        system = make_system("hr", lr_checkpoint=str(tmp_path / "lr.ckpt"))
        system.network.lr.encoder = ResNet18(16)
        with pytest.raises(TrainingError, match="not those of this configuration"):
            trainer(tmp_path, max_steps=1).fit(system, loader(drives[:1], "hr"))

    @pytest.mark.parametrize("content", [None, b"nothing of the kind"])
    def test_missing_or_broken_checkpoint_is_named(self, drives, tmp_path, content):
        path = tmp_path / "lr.ckpt"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(TrainingError, match=r"lr\.ckpt: .*checkpoint"):
            trainer(tmp_path, max_steps=1).fit(make_system("hr", lr_checkpoint=str(path)), loader(drives[:1], "hr"))


class TestLoss:
    def batch(self, drives, stage="lr"):
        return next(iter(loader(drives, stage)))

    def test_zoomed_samples_ask_for_the_canonical_depth(self, drives):
        """A network that answers one canonical depth is right at every focal length."""
        system = make_system("lr", LossWeights(photometric=0.0, smoothness=0.0, depth=1.0))
        batch = self.batch(drives)
        batch["depth"] = torch.full_like(batch["depth"], 20.0)
        batch["intrinsics"][:, 0, 0] *= 2.0
        constant = [torch.full((4, 1, 64, 96), 1 / 10.0)]
        system._training_disparities = lambda image: (constant, slice(0, 96))
        assert float(system.loss(batch)[1]["depth"]) == pytest.approx(0.0, abs=1e-5)

    def test_only_unknown_leaves_samples_with_truth_to_their_truth(self, drives):
        system = make_system("lr", LossWeights(depth=1.0, only_unknown=True, scales=1))
        batch = self.batch(drives)
        assert "photometric" not in system.loss(batch)[1]
        batch["depth"][1] = torch.nan
        loss, parts = system.loss(batch)
        assert parts["photometric"] > 0
        assert torch.isfinite(loss)

    def test_features_are_reconstructed_in_the_lr_stage_alone(self, drives):
        weights = LossWeights(features=0.1)
        system = make_system("lr", weights)
        loss, parts = system.loss(self.batch(drives))
        assert 0 < parts["features"] < 2
        loss.backward()
        plain = make_system("lr", LossWeights()).loss(self.batch(drives))[0]
        assert float(loss - plain) == pytest.approx(0.1 * float(parts["features"]), rel=1e-3)
        assert "features" not in make_system("hr", weights).loss(self.batch(drives, "hr"))[1]

    def test_weightless_losses_are_not_computed(self, drives):
        _, parts = make_system("lr", LossWeights(photometric=0.0, smoothness=0.0, speed=1.0)).loss(self.batch(drives))
        assert set(parts) == {"speed"}

    def test_pose_network_of_other_frames_is_refused(self, drives):
        system = make_system("lr")
        system.pose_network = PoseNet(4)
        with pytest.raises(TrainingError, match="takes 4 frames, the samples have 3"):
            system.loss(self.batch(drives))

    def test_pose_network_of_another_focal_length_is_refused(self):
        network = make_system("lr").network
        DualNetworksSystem(network, CorrelationPoseNet(60.0), "lr", 180.0)
        with pytest.raises(TrainingError, match="CorrelationPoseNet has a focal_length of 180, expected 60"):
            DualNetworksSystem(network, CorrelationPoseNet(180.0), "lr", 180.0)


class TestLearning:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("losses", "epochs"),
        [(SUPERVISED, 8), (LossWeights(scales=1), 10)],
        ids=["true depth", "images alone"],
    )
    def test_depth_of_unseen_drives_gets_better(self, tmp_path, losses, epochs):
        drives = [analytic_drive(FULL, frames=16, seed=seed) for seed in range(6)]
        unseen = [analytic_drive(FULL, frames=5, seed=seed) for seed in (100, 101)]
        system = make_system("lr", losses, learning_rate=LearningRate(2e-3, "cosine"))
        before = self.abs_rel(system, unseen)
        trainer(tmp_path, max_epochs=epochs).fit(system, loader(drives, "lr"))
        after = self.abs_rel(system, unseen)
        median = np.median([depth for drive in drives for depth in drive.depth[::2]], axis=0)
        guess = np.mean([depth_metrics(depth, median).abs_rel for drive in unseen for depth in drive.depth])
        assert after < 0.5 * before
        assert after < guess

    def abs_rel(self, system, drives):
        errors = []
        items = SnippetSamples([StreetSnippets(drives)], [(96, 64)])
        system.eval()
        for index in range(len(items)):
            batch = {name: value[None] for name, value in items[index].items()}
            image = (batch["inputs"][:, 1].permute(0, 3, 1, 2).float() / 255 - 0.45) / 0.225
            with torch.no_grad():
                depth = (system.focal_factor(batch) / system.trained_network(image)[0])[0, 0]
            errors.append(depth_metrics(batch["depth"][0].numpy(), depth.numpy()).abs_rel)
        system.train()
        return np.mean(errors)

    @pytest.mark.slow
    @pytest.mark.parametrize(("stage", "size"), [("lr", (96, 64)), ("hr", (192, 96))], ids=["lr", "hr"])
    def test_four_frames_can_be_learnt_by_heart(self, tmp_path, stage, size):
        """From images alone: views come out nearly as with true depth and motion."""
        losses = LossWeights(smoothness=0.0, scales=1, automask=False)
        drive = analytic_drive(FULL, frames=4, seed=3)
        data = loader([drive], stage, batch_size=2, size=size)
        batch = next(iter(data))
        options = {}
        if stage == "hr":
            first = trainer(tmp_path, max_steps=1)
            first.fit(make_system("lr", losses), loader([drive], "lr", batch_size=2))
            first.save_checkpoint(tmp_path / "lr.ckpt")
            options = {"lr_checkpoint": str(tmp_path / "lr.ckpt")}
        system = make_system(stage, losses, learning_rate=LearningRate(2e-3, "cosine"), **options)
        factor = system.focal_factor(batch)
        truth = (factor[:, None, None] / batch["depth"])[:, None]
        best = view_loss(Views(batch, batch["motions"], factor), [truth], losses)[0]
        run = trainer(tmp_path, max_epochs=200)
        run.fit(system, data)
        assert run.callback_metrics["train/photometric"] < 1.5 * best


@pytest.mark.parametrize("stage", ["lr", "hr"])
def test_straight_ahead_lies_where_the_principal_point_is(stage):
    """For a pose network that takes it to be in the middle of the images."""
    system = make_system("lr")
    system.stage = stage
    system.pose_network = PoseNet(2, forward_prior=0.5)
    torch.nn.init.zeros_(system.pose_network.motion.weight)
    focal = system.sample_focal_length
    intrinsics = torch.tensor([[focal, 0.0, 47.5 + 12.0], [0.0, focal, 31.5 - 4.0], [0.0, 0.0, 1.0]])[None]
    answers = []
    for system.pose_network.centred in (False, True):
        answers.append(system.canonical_motions(torch.zeros(1, 3, 3, 64, 96), intrinsics)[0].detach())
    ahead = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.5])
    aside = torch.tensor([0.0, 0.0, 0.0, -12.0 / focal * 0.5, 4.0 / focal * 0.5, 0.0])
    torch.testing.assert_close(answers[0], ahead.expand(2, 6))
    torch.testing.assert_close(answers[1], (ahead + aside).expand(2, 6))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_validation_measures_depth_and_motion(tmp_path, precision):
    """Against what is known of the networks: the motion that PoseNet's prior says, and one depth everywhere."""
    system = make_system("lr")
    system.pose_network = PoseNet(2, forward_prior=0.5)
    torch.nn.init.zeros_(system.pose_network.motion.weight)
    head = system.network.lr.decoder.heads[-1].conv
    torch.nn.init.zeros_(head.weight)
    turning = analytic_drive(FULL, frames=6, seed=3, step=0.5, turn=0.02)
    items = SnippetSamples([StreetSnippets([turning])], [(96, 64)])
    logger = TensorBoardLogger(tmp_path)
    run = trainer(tmp_path, precision=precision, logger=logger)
    (figures,) = run.validate(system, DataLoader(items, 2), verbose=False)

    errors, turns, relative = [], [], []
    for index in range(len(items)):
        truth = items[index]["depth"].numpy()
        errors.append(depth_metrics(truth, np.full_like(truth, 7.0)).abs_rel)
        for motion in items[index]["motions"].numpy():
            turns.append(np.degrees(np.linalg.norm(motion[:3])))
            relative.append(np.linalg.norm(motion[3:] - [0, 0, 0.5]) / np.linalg.norm(motion[3:]))
    assert figures["val/abs_rel"] == pytest.approx(np.mean(errors), rel=1e-3)
    assert figures["val/rotation_degrees"] == pytest.approx(np.mean(turns), rel=1e-2)
    assert figures["val/translation"] == pytest.approx(np.mean(relative), rel=1e-3)

    board = EventAccumulator(logger.log_dir).Reload()
    assert board.Tags()["images"] == ["validation/0", "validation/1"]
    encoded = np.frombuffer(board.Images("validation/0")[0].encoded_image_string, np.uint8)
    picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
    assert picture.shape == (6 * 64, 96, 3)  # image, view from before and after, mask, depth and truth
    assert np.array_equal(picture[:64, :, ::-1], items[0]["images"][1].numpy())
