"""Files of weights that are published on the web."""

from __future__ import annotations

from pathlib import Path

import torch

from training.errors import TrainingError


def downloaded(url: str) -> Path:
    """The file in torch.hub's cache, downloaded if it is not there."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]
    if not path.exists():
        start_of_hash = path.stem.rsplit("-", 1)[1]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), start_of_hash)
        except Exception as error:  # of the network, of the disk, or a hash that is not the file's
            raise TrainingError(
                f"{url}: could not be downloaded ({error}): fetch it where that works and give its path as the"
                " encoder's weights, or random to begin without"
            ) from None
    return path
