"""Trainings that are done once: what is finished is not done again, what was cut short goes on where it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from depth_perception.files import write_atomically
from training.errors import TrainingError

FINISHED = "finished"
"""A file in the folder of a training that has come to its end."""


def train_once(name: str, folder: Path, words: Sequence[str]) -> None:
    """A training that keeps all it makes in `folder`.

    Args:
        name: of it, for people.
        words: of ``python -m training fit``, without its folder.

    Raises: `TrainingError` if it fails.
    """
    if (folder / FINISHED).exists():
        print(f"{name}: finished before, in {folder}")
        return
    words = [*words, f"--trainer.default_root_dir={folder}"]
    if any(folder.rglob("last*.ckpt")):
        print(f"{name}: goes on, in {folder}")
        words.append("--ckpt_path=last")
    else:
        print(f"{name}: begins, in {folder}")
    run_command("fit", *words)
    write_atomically(folder / FINISHED, b"")


def run_command(command: str, *words: str) -> None:
    """Another command of the workshop, in a process of its own: what it has used is free again afterwards.

    Raises: `TrainingError` if it fails.
    """
    status = subprocess.run([sys.executable, "-m", "training", command, *words]).returncode
    if status:
        raise TrainingError(f"{command} {' '.join(words)}: failed with exit status {status}; what it had done is kept")
