"""Checkpoints on disk: whole or as they were, whatever happens while they are written."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.utilities.rank_zero import rank_zero_warn

from depth_perception.files import OutputError, write_atomically


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside the file and renames. Where that fails, says so in a line; the training goes on.

    An older checkpoint is not removed in favour of one that could not be written.

    Attributes:
        failure: Of the last checkpoint that was to be written; empty if it was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failure = ""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: object | None = None
    ) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        try:
            write_atomically(Path(path), content.getbuffer())
            self.failure = ""
        except OutputError as error:
            self.failure = f"{path}: this checkpoint could not be written ({error.strerror})"
            rank_zero_warn(
                f"{self.failure}; training goes on and tries again at the next one: make room, or give another"
                " checkpoint.dirpath",
            )

    def remove_checkpoint(self, path: str | Path) -> None:
        if not self.failure:
            super().remove_checkpoint(path)
