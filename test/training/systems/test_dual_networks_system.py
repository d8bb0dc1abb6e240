"""How Dual Networks are trained: what learns, what stays, and that depth gets better, not only the loss."""

import itertools
from collections.abc import Iterator

import cv2
import lightning
import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.data import DataLoader

from depth_perception.evaluation.depth_metrics import depth_metrics
from depth_perception.geometry.camera import Camera
from training.data.augmentation import NONE
from training.data.samples import EpochSampler, SnippetSamples
from training.data.street import StreetSnippets, median_depth
from training.errors import TrainingError
from training.networks.dual_networks import DualNetworks
from training.networks.lr_net import LRNet
from training.networks.pose_net import PoseNet
from training.networks.resnet import ResNet18
from training.systems.dual_networks import DualNetworksSystem, LearningRate, LossWeights

FULL = Camera(288, 192, 180.0, 180.0, 143.5, 90.0)
SUPERVISED = LossWeights(photometric=0.0, smoothness=0.0, depth=1.0, motion=1.0, scales=1)


def make_system(stage, losses=SUPERVISED, **options):
    torch.manual_seed(0)
    lr = LRNet(ResNet18(8), (32, 24, 16, 16, 16))
    network = DualNetworks(lr, (8, 8, 16, 16), (1, 1, 1, 1), (16, 16, 8, 8), attention=16)
    return DualNetworksSystem(network, PoseNet(2, 0.01, 0.1, 0.5), stage, 180.0, losses=losses, **options)


@pytest.fixture(scope="module")
def drives():
    return [analytic_drive(FULL, frames=12, seed=seed) for seed in range(6)]


def loader(drives, stage, samples=None, batch_size=4):
    width, height = (96, 64) if stage == "lr" else (288, 192)
    source = StreetSnippets(drives)
    items = SnippetSamples([source], width, height, NONE, seed=0)
    sampler = EpochSampler([len(source)], samples, seed=0)
    return DataLoader(items, batch_size, sampler=sampler, drop_last=True)


def trainer(folder, **options):
    defaults = {
        "accelerator": "cpu",
        "default_root_dir": folder,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "logger": False,
        "enable_checkpointing": False,
        "num_sanity_val_steps": 0,
    }
    return lightning.Trainer(**{**defaults, **options})


def state(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before, module) -> Iterator[str]:
    return (name for name, value in module.state_dict().items() if not torch.equal(value, before[name]))


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

    def test_true_motion_and_depth_explain_the_views(self, drives):
        """The whole wiring: motions, focal lengths, neighbours and their order, at both stages."""
        for stage in ("lr", "hr"):
            system = make_system(stage, LossWeights(smoothness=0.0, scales=1, automask=False, true_motion=True))
            batch = self.batch(drives, stage)
            factor = system.focal_factor(batch)
            truth = (factor[:, None, None] / batch["depth"])[:, None]
            true = system._view_loss(batch, [truth], slice(0, None), batch["motions"], factor)[1]["photometric"]
            reversed_motion = system._view_loss(batch, [truth], slice(0, None), -batch["motions"], factor)
            far = system._view_loss(batch, [0.3 * truth], slice(0, None), batch["motions"], factor)
            assert true < 0.5 * reversed_motion[1]["photometric"]
            assert true < 0.7 * far[1]["photometric"]

    def test_cropped_columns_see_the_same_world(self, drives):
        system = make_system("hr", LossWeights(smoothness=0.0, scales=1, automask=False, true_motion=True))
        batch = self.batch(drives, "hr")
        factor = system.focal_factor(batch)
        truth = (factor[:, None, None] / batch["depth"])[:, None]
        whole = system._view_loss(batch, [truth], slice(0, 288), batch["motions"], factor)[1]["photometric"]
        left, right = (
            system._view_loss(batch, [truth[..., part]], part, batch["motions"], factor)[1]["photometric"]
            for part in (slice(0, 96), slice(96, 288))
        )
        assert float((left + 2 * right) / 3) == pytest.approx(float(whole), rel=0.02)

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

    def test_weightless_losses_are_not_computed(self, drives):
        _, parts = make_system("lr", LossWeights(photometric=0.0, smoothness=0.0, speed=1.0)).loss(self.batch(drives))
        assert set(parts) == {"speed"}

    def test_pose_network_of_other_frames_is_refused(self, drives):
        system = make_system("lr")
        system.pose_network = PoseNet(4)
        with pytest.raises(TrainingError, match="takes 4 frames, the samples have 3"):
            system.loss(self.batch(drives))


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
        median = median_depth(drives, step=2)
        guess = np.mean([depth_metrics(depth, median).abs_rel for drive in unseen for depth in drive.depth])
        assert after < 0.5 * before
        assert after < guess

    def abs_rel(self, system, drives):
        errors = []
        items = SnippetSamples([StreetSnippets(drives)], 96, 64)
        system.eval()
        for index in range(len(items)):
            batch = {name: value[None] for name, value in items[index].items()}
            image = (batch["inputs"][:, 1].permute(0, 3, 1, 2).float() / 255 - 0.45) / 0.225
            with torch.no_grad():
                depth = (system.focal_factor(batch) / system.disparities(image)[0])[0, 0]
            errors.append(depth_metrics(batch["depth"][0].numpy(), depth.numpy()).abs_rel)
        system.train()
        return np.mean(errors)

    def test_resumed_equals_uninterrupted(self, drives, tmp_path):
        losses = LossWeights(depth=1.0, motion=1.0, scales=1)
        whole = make_system("lr", losses, learning_rate=LearningRate(1e-3, "cosine"))
        trainer(tmp_path, max_epochs=4).fit(whole, loader(drives[:2], "lr"))

        class Killed(lightning.Callback):
            def on_train_batch_start(self, trainer, system, batch, index):
                if trainer.current_epoch == 2 and index == 1:
                    raise KeyboardInterrupt

        saving = lightning.pytorch.callbacks.ModelCheckpoint(tmp_path, save_last=True)
        part = make_system("lr", losses, learning_rate=LearningRate(1e-3, "cosine"))
        run = trainer(tmp_path, max_epochs=4, callbacks=[saving, Killed()], enable_checkpointing=True)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run.fit(part, loader(drives[:2], "lr"))
        resumed = make_system("lr", losses, learning_rate=LearningRate(1e-3, "cosine"))
        second = trainer(tmp_path, max_epochs=4)
        second.fit(resumed, loader(drives[:2], "lr"), ckpt_path=str(tmp_path / "last.ckpt"))
        assert second.global_step == 4 * (20 // 4)
        assert not list(changed(whole.state_dict(), resumed))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_validation_measures_depth_and_motion(tmp_path, precision):
    """Against what is known of the networks: the motion that PoseNet's prior says, and one depth everywhere."""
    system = make_system("lr")
    system.pose_network = PoseNet(2, forward_prior=0.5)
    torch.nn.init.zeros_(system.pose_network.motion.weight)
    head = system.network.lr.decoder.heads[-1].conv
    torch.nn.init.zeros_(head.weight)
    turning = analytic_drive(FULL, frames=6, seed=3, step=0.5, turn=0.02)
    items = SnippetSamples([StreetSnippets([turning])], 96, 64)
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
    assert picture.shape == (4 * 64, 96, 3)  # image, depth, truth and synthesised view
    assert np.array_equal(picture[:64, :, ::-1], items[0]["images"][1].numpy())


def test_learning_rate_halves_and_cosine_falls():
    steps = LearningRate(2e-4, "steps", (10, 20))
    assert [steps.factor(0, 0, epoch) for epoch in (0, 9, 10, 19, 20, 39)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
    cosine = LearningRate(2e-4, "cosine")
    factors = [cosine.factor(step, 1000, 0) for step in range(1001)]
    assert factors[0] < 0.05
    assert max(factors) > 0.99
    assert factors[1000] == pytest.approx(0.02)
    assert all(a >= b for a, b in itertools.pairwise(factors[40:]))
