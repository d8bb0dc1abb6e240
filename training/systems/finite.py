"""A training that meets a loss or a gradient that is no number stops before a weight or a checkpoint holds it."""

from __future__ import annotations

from collections.abc import Mapping

import lightning
import torch
from torch import Tensor

from training.errors import TrainingError

REMEDY = (
    "weights and checkpoints are still good: go on from the last one, --ckpt_path FILE, with a smaller"
    " model.learning_rate.start or trainer.gradient_clip_val=1, and look at the truth and the intrinsics of the data"
)


def check_loss(loss: Tensor, parts: Mapping[str, Tensor], trainer: lightning.Trainer, batch_index: int) -> None:
    """Before the backward pass.

    Raises: `TrainingError` if the loss is not finite; it names the step, the batch and which parts are not either.
    """
    if torch.isfinite(loss):
        return
    wrong = [name for name, value in parts.items() if not torch.isfinite(value)] or ["only the sum"]
    raise TrainingError(
        f"the loss is {float(loss)} at step {trainer.global_step} (epoch {trainer.current_epoch}, batch {batch_index};"
        f" not finite: {', '.join(wrong)}); {REMEDY}"
    )


def check_gradient(system: lightning.LightningModule) -> None:
    """Before the optimiser's step.

    Raises: `TrainingError` if the gradient is not finite.
    """
    trainer = system.trainer
    if trainer.precision == "16-mixed":
        return  # its scaler expects gradients that overflow, and leaves such a step out
    gradients = [parameter.grad for parameter in system.parameters() if parameter.grad is not None]
    if not torch.isfinite(torch.nn.utils.get_total_norm(gradients)):
        raise TrainingError(
            f"the gradient is not finite, though the loss is, at step {trainer.global_step} (epoch"
            f" {trainer.current_epoch}; trainer.detect_anomaly=true tells where it comes from); {REMEDY}"
        )
