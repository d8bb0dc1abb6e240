"""Each known way to go wrong is told, by what is wrong with it; a training that is well is left in peace."""

import warnings
from dataclasses import replace

import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, changed, loader, make_system, state, trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from depth_perception.geometry.camera import Camera
from training.data.samples import SnippetSamples
from training.errors import TrainingError
from training.systems.early_warning import EarlyWarning, implausible
from training.systems.learning_rate import LearningRate
from training.systems.loss_weights import LossWeights

VIEWS = LossWeights(scales=1)


def told(tmp_path, system, drive, **options):
    """What is warned of while two epochs of a drive are trained on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = trainer(tmp_path, max_epochs=2, callbacks=[EarlyWarning()], **options)
        run.fit(system, loader([drive], "lr", batch_size=2))
    causes = ("grey levels on average", "closer to the frames", "the same everywhere", "field of view")
    return [cause for cause in causes for warning in caught if cause in str(warning.message)]


@pytest.fixture(scope="module")
def drive():
    return analytic_drive(FULL, frames=6, seed=3)


class TestWarnings:
    def test_a_standing_camera(self, tmp_path, drive):
        standing = replace(drive, images=drive.images[:1].repeat(6, 0))
        assert told(tmp_path, make_system("lr", VIEWS), standing)[:1] == ["grey levels on average"]

    def test_constant_depth(self, tmp_path, drive):
        system = make_system("lr", VIEWS, learning_rate=LearningRate(1e-12))
        torch.nn.init.zeros_(system.network.lr.decoder.heads[-1].conv.weight)
        assert "the same everywhere" in told(tmp_path, system, drive)

    def test_frames_in_the_wrong_order(self, tmp_path, drive):
        """Or intrinsics that are wrong by far: no view explains anything."""
        losses = replace(VIEWS, true_motion=True, depth=1.0)
        system = make_system("lr", losses, learning_rate=LearningRate(1e-12))
        backwards = replace(drive, images=drive.images[::-1].copy())
        assert "closer to the frames" in told(tmp_path, system, backwards)

    def test_a_focal_length_of_another_resolution(self, tmp_path, drive):
        camera = Camera(288, 192, 1800.0, 1800.0, 143.5, 90.0)
        assert "field of view" in told(tmp_path, make_system("lr", VIEWS), replace(drive, camera=camera))

    def test_a_training_that_is_well(self, tmp_path, drive):
        losses = replace(VIEWS, true_motion=True, depth=1.0, motion=1.0)
        system = make_system("lr", losses, learning_rate=LearningRate(2e-3))
        assert told(tmp_path, system, drive, min_steps=8) == []


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        ([[300.0, 0.0, 208.0], [0.0, 300.0, 64.0], [0.0, 0.0, 1.0]], None),
        ([[3000.0, 0.0, 208.0], [0.0, 3000.0, 64.0], [0.0, 0.0, 1.0]], "field of view of 7.93"),
        ([[30.0, 0.0, 208.0], [0.0, 30.0, 64.0], [0.0, 0.0, 1.0]], "field of view of 164"),
        ([[300.0, 0.0, 0.5], [0.0, 300.0, 0.5], [0.0, 0.0, 1.0]], "far from the middle"),
        ([[-300.0, 0.0, 208.0], [0.0, 300.0, 64.0], [0.0, 0.0, 1.0]], "focal lengths -300"),
        ([[float("nan"), 0.0, 208.0], [0.0, 300.0, 64.0], [0.0, 0.0, 1.0]], "focal lengths nan"),
    ],
)
def test_intrinsics_that_no_camera_has(matrix, reason):
    found = implausible(416, 128, torch.tensor(matrix))
    assert found is None if reason is None else reason in str(found)


class TestNotFinite:
    def test_the_loss_is_named_and_the_run_goes_on_from_the_last_checkpoint(self, tmp_path, drive):
        def fit(data, **options):
            saving = ModelCheckpoint(tmp_path, save_last=True, every_n_train_steps=1)
            system = make_system("lr", LossWeights(depth=1.0, scales=1))
            trainer(tmp_path, max_epochs=1, callbacks=[saving]).fit(system, data, **options)
            return system

        broken = loader([drive], "lr", batch_size=1)
        take = broken.dataset.__getitem__

        class Broken(SnippetSamples):
            def __getitem__(self, key):
                item = take(key)
                if key == order[2]:
                    item["depth"] = -item["depth"]  # has no logarithm
                return item

        order = list(broken.sampler)
        broken.dataset.__class__ = Broken
        with pytest.raises(
            TrainingError, match=r"loss is nan at step 2 \(epoch 0, batch 2; not finite: depth.*last one"
        ):
            fit(broken)
        left = torch.load(tmp_path / "last.ckpt", weights_only=True)
        assert left["global_step"] == 2
        assert all(torch.isfinite(value).all() for value in left["state_dict"].values())

        whole = make_system("lr", LossWeights(depth=1.0, scales=1))
        trainer(tmp_path, max_epochs=1).fit(whole, loader([drive], "lr", batch_size=1))
        resumed = fit(loader([drive], "lr", batch_size=1), ckpt_path=str(tmp_path / "last.ckpt"))
        assert not changed(state(whole), resumed)

    def test_a_gradient_leaves_the_weights_alone(self, tmp_path, drive):
        system = make_system("lr")
        weights = {name: value.detach().clone() for name, value in system.named_parameters()}
        system.network.lr.encoder.conv1.weight.register_hook(lambda gradient: gradient * torch.inf)
        with pytest.raises(TrainingError, match="gradient is not finite, though the loss is, at step 0"):
            trainer(tmp_path, max_steps=1).fit(system, loader([drive], "lr"))
        assert all(torch.equal(value, weights[name]) for name, value in system.named_parameters())
