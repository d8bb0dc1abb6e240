"""Checkpoints on disk: whole or as they were, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.utilities.rank_zero import rank_zero_warn


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
        path = Path(path)
        partial = path.with_name(f".{path.name}.partial")
        content = io.BytesIO()
        torch.save(checkpoint, content)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())  # or a power cut could leave the new name with nothing behind it
            os.replace(partial, path)
            self._failed = False
        except OSError as error:
            self._failed = True
            rank_zero_warn(
                f"{path}: this checkpoint could not be written ({error.strerror}); training goes on and tries again at"
                " the next one: make room, or give another checkpoint.dirpath",
            )
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()

    def remove_checkpoint(self, path: str | Path) -> None:
        if not self._failed:
            super().remove_checkpoint(path)
