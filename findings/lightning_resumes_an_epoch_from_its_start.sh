#!/usr/bin/env bash
# lightning 2.6.6: a run that is resumed from the checkpoint of an epoch's last step does not count the next epoch as
# begun. A checkpoint within that one then knows of no step of it: resumed from there, all of the epoch is done again, and
# the run ends with more steps than it was asked for. Resumed once, at either place, it is right.
# Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 lightning==2.6.6 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset

EPOCHS, STEPS = 2, 5


class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, number):
        return self.layer(batch[0]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


class Killed(Exception):
    pass


class KilledAfter(Callback):
    def __init__(self, steps):
        self.steps = steps

    def on_train_batch_start(self, trainer, module, batch, number):
        if trainer.global_step == self.steps:  # its checkpoint is written
            raise Killed


def run(folder, resumed_from=None, killed_after=None):
    """Trains until it is killed, or to the end, and keeps a checkpoint of each step in the folder; gives its steps."""
    keep = ModelCheckpoint(folder, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    callbacks = [keep] if killed_after is None else [keep, KilledAfter(killed_after)]
    trainer = lightning.Trainer(
        accelerator="cpu", max_epochs=EPOCHS, callbacks=callbacks, logger=False, enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = DataLoader(TensorDataset(torch.ones(STEPS, 1)), batch_size=1)
    try:
        trainer.fit(Line(), data, ckpt_path=resumed_from)
    except Killed:
        pass
    return trainer.global_step


whole = run("first")
at_the_end = run("second", "first/step=5.ckpt")
within = run("third", "first/step=8.ckpt")
run("fourth", "first/step=5.ckpt", killed_after=8)
both = run("fifth", "fourth/step=8.ckpt")
print(f"lightning {lightning.__version__}: {EPOCHS} epochs of {STEPS} steps")
print(f"whole: {whole} steps; resumed at 5: {at_the_end}; at 8: {within}; at 5, and that run at 8: {both}")
sys.exit(0 if (whole, at_the_end, within) == (10, 10, 10) and both > 10 else 1)
PYTHON
