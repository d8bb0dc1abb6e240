"""The learning rate of each step, as the optimiser has it."""

import itertools

import lightning
import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, Killed, loader, make_system, trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.optim.lr_scheduler import LambdaLR

from training.errors import TrainingError
from training.systems.learning_rate import LearningRate
from training.systems.optimiser import Optimiser


def rates(tmp_path, learning_rate, callbacks=(), ckpt_path=None, **options):
    """Of each batch, as a share of the first one's; 2 batches an epoch."""
    found = []

    class Watch(lightning.Callback):
        def on_train_batch_start(self, trainer, system, batch, index):
            found.append(trainer.optimizers[0].param_groups[0]["lr"] / learning_rate.start)

    data = loader([analytic_drive(FULL, frames=6, seed=0)], "lr", batch_size=2)
    run = trainer(tmp_path, callbacks=[Watch(), *callbacks], **options)
    run.fit(make_system("lr", learning_rate=learning_rate), data, ckpt_path=ckpt_path)
    return found


def test_steps_are_those_of_the_paper():
    """Eq. 12, whose epochs count from 1: 2e-4 up to epoch 10, 1e-4 up to epoch 20, then 5e-5."""
    paper = [2e-4] * 10 + [1e-4] * 10 + [5e-5] * 20
    schedule = LearningRate()
    assert [schedule.start * schedule.of_epoch(epoch) for epoch in range(40)] == pytest.approx(paper)


def test_milestones_are_those_of_hybrid_cnn():
    """1e-2, halved after 10 epochs, 1e-3 for the last 5 to 10 of 25 to 30."""
    schedule = LearningRate(1e-2, milestones={22: 0.1, 10: 0.5})
    expected = [1e-2] * 10 + [5e-3] * 12 + [1e-3] * 8
    assert [schedule.start * schedule.of_epoch(epoch) for epoch in range(30)] == pytest.approx(expected)


@pytest.mark.parametrize("milestones", [{0: 0.5}, {10: 0.0}, {10: -0.5}])
def test_impossible_milestones_are_refused(milestones):
    with pytest.raises(
        TrainingError, match=r"milestones has \d+: .*, expected a number of epochs above 0 and a factor"
    ):
        LearningRate(milestones=milestones)


def test_a_step_falls_with_the_first_batch_of_its_epoch(tmp_path):
    assert rates(tmp_path, LearningRate(1e-3, "steps", (1, 2)), max_epochs=3) == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_cosine_rises_and_falls():
    cosine = LearningRate(2e-4, "cosine")
    factors = [cosine.of_step(step, 1000) for step in range(1001)]
    assert factors[0] < 0.05
    assert max(factors) > 0.99
    assert factors[1000] == pytest.approx(0.02)
    assert all(a >= b for a, b in itertools.pairwise(factors[40:]))


@pytest.mark.parametrize("accumulate", [1, 2])
def test_cosine_counts_optimiser_steps(tmp_path, accumulate):
    schedule = LearningRate(1e-3, "cosine")
    steps = 8 // accumulate
    found = rates(tmp_path, schedule, max_epochs=4, accumulate_grad_batches=accumulate)
    expected = [schedule.of_step(step, steps) for step in range(steps) for _ in range(accumulate)]
    assert found == pytest.approx(expected)


def test_cosine_without_an_end_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"has no end: give trainer\.max_epochs"):
        rates(tmp_path, LearningRate(1e-3, "cosine"), max_epochs=-1)


@pytest.mark.parametrize("schedule", ["steps", "cosine"])
def test_a_resumed_run_takes_the_rate_of_its_configuration(tmp_path, schedule):
    slow, fast = (LearningRate(start, schedule, (1,)) for start in (1e-4, 1e-3))
    saving = ModelCheckpoint(tmp_path, save_last=True)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        rates(tmp_path, fast, max_epochs=4, callbacks=[saving, Killed(5)])
    resumed = rates(tmp_path, slow, max_epochs=4, ckpt_path=tmp_path / "last.ckpt")
    assert len(resumed) == 4
    assert resumed == pytest.approx(rates(tmp_path, slow, max_epochs=4)[4:])


def test_a_resumed_run_keeps_the_factors_of_its_parameters():
    """After an epoch at half of 1e-2: what is saved, brought back, and taken over by a start of 4e-2."""
    weights = {name: torch.nn.Parameter(torch.zeros(1)) for name in ("encoder", "decoder")}
    schedules = [LearningRate(start, halve_after=(1,)) for start in (1e-2, 4e-2)]
    optimisers = [Optimiser(factors={"encoder": 0.1}).of(weights.items(), rate.start) for rate in schedules]
    before, after = (LambdaLR(each, rate.of_epoch) for each, rate in zip(optimisers, schedules, strict=True))
    optimisers[0].step()
    before.step()
    optimisers[1].load_state_dict(optimisers[0].state_dict())
    after.load_state_dict(before.state_dict())
    schedules[1].take_over(after)
    assert [group["lr"] for group in optimisers[1].param_groups] == pytest.approx([2e-3, 2e-2])
    optimisers[1].step()
    after.step()
    assert [group["lr"] for group in optimisers[1].param_groups] == pytest.approx([2e-3, 2e-2])
