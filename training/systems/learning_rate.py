"""How the learning rate falls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import lightning
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from training.errors import TrainingError


@dataclass(frozen=True)
class LearningRate:
    """What every step is as large as, before the factors of `training.systems.optimiser.Optimiser`.

    Attributes:
        start: the first one.
        schedule: ``steps`` changes it after whole epochs; ``cosine`` rises over the first 3 % of all steps and falls to
            2 % at the last.
        halve_after: epochs after each of which ``steps`` halves it (Dual Networks, eq. 12).
        milestones: in place of `halve_after`, what ``steps`` multiplies `start` with after so many epochs, as in
            ``{10: 0.5, 22: 0.1}``.
    """

    start: float = 2e-4
    schedule: Literal["steps", "cosine"] = "steps"
    halve_after: tuple[int, ...] = (10, 20)
    milestones: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for epoch, factor in self.milestones.items():
            if epoch < 1 or factor <= 0:
                raise TrainingError(
                    f"learning_rate.milestones has {epoch}: {factor}, expected a number of epochs above 0 and a factor"
                    " above 0"
                )

    def of_epoch(self, epoch: int) -> float:
        """What `start` is multiplied with, with the schedule ``steps``; epochs count from 0."""
        if self.milestones:
            passed = [limit for limit in self.milestones if epoch >= limit]
            return self.milestones[max(passed)] if passed else 1.0
        return 0.5 ** sum(epoch >= limit for limit in self.halve_after)

    def of_step(self, step: int, steps: int) -> float:
        """What `start` is multiplied with before optimiser step `step` of `steps`, with the schedule ``cosine``."""
        share = step / max(1, steps)
        return min(share / 0.03 + 0.01, 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0))))

    def scheduler(self, optimiser: Optimizer, trainer: lightning.Trainer) -> dict[str, object]:
        """What `configure_optimizers` answers as ``lr_scheduler``.

        Raises: `TrainingError` for a ``cosine`` without an end.
        """
        if self.schedule == "steps":
            return {"scheduler": LambdaLR(optimiser, lambda epoch: self.of_epoch(epoch)), "interval": "epoch"}
        if trainer.max_epochs == -1 and trainer.max_steps == -1:
            raise TrainingError(
                "learning_rate.schedule cosine ends with the training, and this one has no end:"
                " give trainer.max_epochs or trainer.max_steps"
            )

        def of_step(step: int) -> float:
            # The number of steps is not asked for before the first: the trainer would make its loader for the answer,
            # at a time when it does not know yet where a resumed run goes on. The first step needs no number.
            return self.of_step(step, int(trainer.estimated_stepping_batches) if step else 1)

        return {"scheduler": LambdaLR(optimiser, of_step), "interval": "step"}

    def take_over(self, scheduler: LambdaLR) -> None:
        """Gives a resumed run this `start`; its checkpoint has brought back the one that it was saved with."""
        starts = [self.start * group.get("factor", 1.0) for group in scheduler.optimizer.param_groups]
        for group, before, start in zip(scheduler.optimizer.param_groups, scheduler.base_lrs, starts, strict=True):
            if before != start:
                group["lr"] *= start / before
        scheduler.base_lrs = starts
