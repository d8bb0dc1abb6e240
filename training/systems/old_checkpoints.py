"""What the data of a checkpoint says that is older than `training.provenance`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lightning.pytorch.cli import instantiate_class

from depth_perception.model_file import TrainingData


def described(data: dict[str, Any]) -> Iterator[TrainingData]:
    """Each source of `DrivingData`'s settings, as a configuration has them."""
    sources = list(data.get("sources") or ())
    if street := data.get("street"):
        sources.insert(0, {"class_path": "training.data.datasets.street.StreetData", "init_args": street})
    for video in data.get("videos") or ():
        sources.append({"class_path": "training.data.datasets.video.VideoData", "init_args": video})
    for source in sources:
        yield instantiate_class((), source).describe()
