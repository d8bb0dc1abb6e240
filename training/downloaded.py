"""Files that are published on the web."""

from __future__ import annotations

from pathlib import Path

import torch

from training.errors import TrainingError


def downloaded(url: str, path: Path, start_of_hash: str, otherwise: str) -> Path:
    """The file at `path`, downloaded if it is not there.

    Args:
        start_of_hash: first digits of its SHA-256.
        otherwise: what to do where it cannot be had, for people.

    Raises: `TrainingError` if it cannot be downloaded, or is another file.
    """
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), start_of_hash)
        except Exception as error:  # of the network, of the disk, or a hash that is not the file's
            raise TrainingError(f"{url}: could not be downloaded ({error}): {otherwise}") from None
    return path
