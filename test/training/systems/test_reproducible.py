"""A training comes to the same end whether it is killed on the way or not, and however many processes share it."""

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, DrivesData, Killed, changed, loader, make_system, state, trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from training.systems.learning_rate import LearningRate
from training.systems.loss_weights import LossWeights

REPOSITORY = Path(__file__).parents[3]
EVERYTHING = LossWeights(features=0.1, depth=1.0, motion=1.0, scales=1)


def run_program(folder, *options):
    """`helpers.training` as a program of its own."""
    places = os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "test")))
    return subprocess.run(
        [sys.executable, "-m", "helpers.training", str(folder), *map(str, options)],
        env={**os.environ, "PYTHONPATH": places, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )


def learning_system():
    return make_system("lr", EVERYTHING, learning_rate=LearningRate(1e-3, "cosine"))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Weights after four epochs without a break, by how many batches a step accumulates."""

    @functools.cache
    def weights(accumulate):
        system = learning_system()
        run = trainer(tmp_path_factory.mktemp("whole"), max_epochs=4, accumulate_grad_batches=accumulate)
        run.fit(system, DrivesData())
        return state(system)

    return weights


@pytest.mark.parametrize(
    ("every", "accumulate", "workers", "kills"),
    [(None, 1, 1, [13]), (3, 1, 1, [13]), (5, 1, 0, [13]), (1, 1, 1, [10, 13]), (2, 2, 0, [13])],
    ids=[
        "of an epoch",
        "within an epoch",
        "at an epoch's last batch",
        "there, and then within an epoch",
        "accumulating gradients",
    ],
)
def test_resumed_equals_uninterrupted(uninterrupted, tmp_path, every, accumulate, workers, kills):
    """From a checkpoint of any kind; 5 batches an epoch, broken off in the third epoch."""
    options = {"max_epochs": 4, "accumulate_grad_batches": accumulate}
    last = None
    for kill in kills:
        saving = ModelCheckpoint(tmp_path, save_last=True, every_n_train_steps=every)
        broken = trainer(tmp_path, callbacks=[saving, Killed(kill)], **options)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            broken.fit(learning_system(), DrivesData(workers=workers), ckpt_path=last)
        last = str(tmp_path / "last.ckpt")

    resumed = learning_system()
    second = trainer(tmp_path, **options)
    second.fit(resumed, DrivesData(workers=workers), ckpt_path=last)
    assert second.global_step == 4 * (5 if accumulate == 1 else 3)
    assert not changed(uninterrupted(accumulate), resumed)


def test_resumed_hr_stage_is_trained_on_the_columns_it_would_have_been(tmp_path):
    drives = [analytic_drive(FULL, frames=6, seed=0)]
    first = trainer(tmp_path, max_steps=1)
    first.fit(make_system("lr"), loader(drives, "lr"))
    first.save_checkpoint(tmp_path / "lr.ckpt")

    def system():
        return make_system("hr", LossWeights(depth=1.0), lr_checkpoint=str(tmp_path / "lr.ckpt"), crop=0.5)

    whole, resumed = system(), system()
    trainer(tmp_path, max_epochs=2).fit(whole, loader(drives, "hr", batch_size=1))
    saving = ModelCheckpoint(tmp_path, save_last=True, every_n_train_steps=3)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer(tmp_path, max_epochs=2, callbacks=[saving, Killed(5)]).fit(system(), loader(drives, "hr", batch_size=1))
    trainer(tmp_path, max_epochs=2).fit(
        resumed, loader(drives, "hr", batch_size=1), ckpt_path=str(tmp_path / "last.ckpt")
    )
    assert not changed(state(whole), resumed)


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_equals_uninterrupted(tmp_path):
    """SIGKILL: nothing gets the chance to tidy up."""
    killed = run_program(tmp_path, "--kill", 8, "--every", 3)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    left = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert left["global_step"] == 6

    whole, resumed = (make_system("lr", learning_rate=LearningRate(1e-3, "cosine")) for _ in range(2))
    trainer(tmp_path, max_epochs=2).fit(whole, DrivesData())
    trainer(tmp_path, max_epochs=2).fit(resumed, DrivesData(), ckpt_path=str(tmp_path / "last.ckpt"))
    assert not changed(state(whole), resumed)


@pytest.mark.slow
def test_two_processes_equal_one_that_accumulates_over_two_batches(tmp_path):
    """Weight for weight: they see the same batches, and both take the mean of two gradients. Running statistics of the
    normalisation do differ, those of two processes are the first one's."""
    result = run_program(tmp_path, "--processes", 2, "--batch-size", 2)
    assert result.returncode == 0, result.stderr[-2000:]
    together = torch.load(tmp_path / "result.pt", weights_only=True)

    alone = make_system("lr", learning_rate=LearningRate(1e-3, "cosine"))
    trainer(tmp_path, max_epochs=2, accumulate_grad_batches=2).fit(alone, DrivesData(batch_size=2))
    for name, value in alone.named_parameters():
        assert torch.allclose(value, together["weights"][name], rtol=0, atol=1e-6), name

    # Five samples to validate on, in two processes that have three each: the one that comes twice must not count twice.
    judge = make_system("lr")
    judge.load_state_dict(together["weights"])
    (figures,) = trainer(tmp_path).validate(judge, DrivesData(batch_size=2), verbose=False)
    assert figures["val/abs_rel"] > 0
    for name, value in figures.items():
        assert together["figures"][name] == pytest.approx(value, rel=1e-5), name


def test_a_run_of_two_epochs_differs_from_one_with_another_seed(tmp_path):
    """Or the tests above could not fail."""
    weights = []
    for order_seed in (0, 1):
        torch.manual_seed(order_seed)
        system = make_system("lr")
        data = loader([analytic_drive(FULL, frames=12, seed=0)], "lr")
        data._order.seed = order_seed
        trainer(tmp_path, max_epochs=1).fit(system, data)
        weights.append(state(system))
    assert not torch.equal(weights[0]["network.lr.encoder.conv1.weight"], weights[1]["network.lr.encoder.conv1.weight"])
