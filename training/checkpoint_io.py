"""Checkpoints on disk: whole or as they were, whatever happens while they are written."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.utilities.rank_zero import rank_zero_warn

from depth_perception.files import write_atomically


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside the file and renames. Where that fails, says so in a line; the training goes on.

    An older checkpoint is not removed in favour of one that could not be written.
    """

    def __init__(self) -> None:
        super().__init__()
        self._failed = False

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: object | None = None
    ) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        try:
            write_atomically(Path(path), content.getvalue())
            self._failed = False
        except OSError as error:
            self._failed = True
            rank_zero_warn(
                f"{path}: this checkpoint could not be written ({error.strerror}); training goes on and tries again at"
                " the next one: make room, or give another checkpoint.dirpath",
            )

    def remove_checkpoint(self, path: str | Path) -> None:
        if not self._failed:
            super().remove_checkpoint(path)
