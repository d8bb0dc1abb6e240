"""All that models may answer, once: contract, estimators, nodes, exporter and tests loop over this table.

A new output is a row here, a network that answers it, and a test of that network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from depth_perception.model_file import ModelDescription

UNKNOWN_CLASS = 255
"""No class has this id: it stands for "unknown" wherever ids are stored in a byte."""


@dataclass(frozen=True)
class Tolerance:
    """How far an exported model may be from what torch answers: relative differences, of classes 1 where they differ.

    Attributes:
        mean, largest: Over all values.
        of_row: Values may be zero: they are judged against the largest of their row.
    """

    mean: float
    largest: float
    of_row: bool = False


@dataclass(frozen=True)
class ModelOutput:
    """One output of a model.

    Attributes:
        meaning: In a few words, with its unit.
        shape: Numbers, and names of lengths that differ from model to model: ``height``, ``width`` and ``steps``,
            which is one less than its frames.
        invalid: What stands where the camera saw nothing.
        since: The format version of model files that knew it first.
        of_pair: Says something of two frames together: of a model that takes two, invalid where there was but one.
        topic, encoding: Of the sensor_msgs/Image that ``depth_node`` publishes it as; empty for what is no image.
    """

    name: str
    meaning: str
    shape: tuple[int | str, ...]
    dtype: npt.DTypeLike
    tolerance: Tolerance
    invalid: float = float("nan")
    since: int = 3
    of_pair: bool = False
    topic: str = ""
    encoding: str = ""

    def shape_of(self, model: ModelDescription) -> tuple[int, ...]:
        """Its shape as a model answers it."""
        lengths = {"height": model.height, "width": model.width, "steps": len(model.frames) - 1}
        return tuple(lengths[length] if isinstance(length, str) else length for length in self.shape)


DEPTH = ModelOutput(
    "depth",
    "distance along the optical axis as a camera of the model's focal length would see it, in its unit of length",
    (1, "height", "width"),
    np.float32,
    Tolerance(1e-4, 1e-3),
    since=1,
    topic="depth/image_rect",
    encoding="32FC1",
)
MOTION = ModelOutput(
    "motion",
    "poses of each camera in the one before it: they take points of frame k + 1 into frame k",
    ("steps", 4, 4),
    np.float32,
    Tolerance(1e-4, 1e-3, of_row=True),
    since=1,
)
EXTRAS = (
    ModelOutput(
        "semantics",
        "places among the model's classes",
        (1, "height", "width"),
        np.uint8,
        Tolerance(1e-3, 1.0),
        invalid=UNKNOWN_CLASS,
        since=2,
        topic="semantics/image",
        encoding="mono8",
    ),
    ModelOutput(
        "confidence",
        "how far to believe the depth, 0 to 1",
        (1, "height", "width"),
        np.float32,
        Tolerance(1e-4, 1e-3, of_row=True),
        since=2,
        of_pair=True,
        topic="depth/confidence",
        encoding="32FC1",
    ),
)
"""What depth models may answer beside depth."""

OUTPUTS = {output.name: output for output in (DEPTH, MOTION, *EXTRAS)}


def outputs_of(model: ModelDescription) -> tuple[ModelOutput, ...]:
    """What a model of this description answers: first what its task is, then what it says beside it."""
    return (MOTION if model.task == "pose" else DEPTH, *extras_of(model))


def extras_of(model: ModelDescription) -> tuple[ModelOutput, ...]:
    """What a model of this description answers beside its task."""
    return tuple(output for output in EXTRAS if output.name in model.extras)
