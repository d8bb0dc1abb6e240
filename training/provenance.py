"""What has taught networks through all stages of a training: checkpoints hold it, and model files say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from depth_perception.model_file import TrainingData
from training.data.snippet import Truth

Task = Literal["depth", "pose"]
LENGTHS: frozenset[Truth] = frozenset({"depth", "poses", "distances"})
"""Truths that are known in metres, and teach them."""
PROVENANCE = "provenance"
"""What a checkpoint calls it."""


@dataclass(frozen=True)
class Provenance:
    """What has taught the networks of a training.

    Attributes:
        data: each source, and what of its truth was learnt.
        metric: the tasks whose lengths come out in metres.
    """

    data: tuple[TrainingData, ...] = ()
    metric: frozenset[Task] = frozenset()

    def to_entry(self) -> dict[str, Any]:
        """As a checkpoint holds it: words alone."""
        return {"data": [asdict(item) for item in self.data], "metric": sorted(self.metric)}

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Provenance:
        """What a checkpoint holds, read back."""
        return cls(tuple(TrainingData(**item) for item in entry["data"]), frozenset(entry["metric"]))


def together(data: Iterable[TrainingData]) -> tuple[TrainingData, ...]:
    """Each source once, with all that was learnt of it."""
    truths: dict[tuple[str, str], dict[str, None]] = {}
    for item in data:
        truths.setdefault((item.name, item.licence), {}).update(dict.fromkeys(item.truths))
    return tuple(TrainingData(name, licence, tuple(learnt)) for (name, licence), learnt in truths.items())
