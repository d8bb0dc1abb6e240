"""The contract between the workshop and the robot: one ``.onnx`` that carries all a robot must know about it.

The description travels as JSON in the model's metadata, under `METADATA_KEY`. Normalisation and disparity-to-depth are
part of the graph:

* a *depth* model maps ``image`` (uint8 RGB, ``[1, height, width, 3]``) to ``depth``, and to its
  `ModelDescription.extras`; with `ModelDescription.frames` it takes ``images`` (``[2, height, width, 3]``, oldest
  first) in place of ``image``, and answers for the second one;
* a *pose* model maps ``images`` (uint8 RGB, ``[frames, height, width, 3]``, oldest first) to ``motion``.

What each of them is, `depth_perception.model_outputs` says.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import onnx

from depth_perception.errors import DepthPerceptionError
from depth_perception.files import write_atomically
from depth_perception.model_outputs import EXTRAS, UNKNOWN_CLASS, extras_of
from depth_perception.typed import misfit

METADATA_KEY = "depth_perception"
LARGEST = 16384
"""Pixels of a side of a network's input."""
FORMAT_VERSIONS = (1, 2, 3, 4, 5)
"""What this package reads. Each file has the lowest that knows all its entries, so that older packages read it too."""
DEPTH_FRAMES = ("previous", "current")
"""The frames of a depth model that takes two."""


class ModelFileError(DepthPerceptionError):
    """A model file that is missing, unreadable, or not what the caller needs."""


@dataclass(frozen=True)
class TrainingData:
    """One source a model learned from."""

    name: str
    """Of the dataset, and of the part of it that was used, where that is not the whole."""
    licence: str
    truths: tuple[str, ...] = ()
    """What of its truth was used beside its images: ``depth``, ``poses``, ``distances``, ``labels``."""

    @property
    def supervision(self) -> str:
        """What was used of it, as files and people have it: ``images, true depth``."""
        return ", ".join(["images", *(f"true {truth}" for truth in self.truths)])

    @classmethod
    def of_entry(cls, name: str, licence: str, supervision: str) -> TrainingData:
        """What a file has, read back."""
        return cls(name, licence, tuple(word.removeprefix("true ") for word in supervision.split(", ")[1:]))


@dataclass(frozen=True)
class Score:
    """One figure a model was exported with; `protocol` says exactly how it was measured."""

    protocol: str
    name: str
    value: float


@dataclass(frozen=True)
class Reduction:
    """What a model of fewer bits was made of, and what that cost."""

    types: Literal["f16", "int8"]
    """What its convolutions compute in."""
    loss: float
    """Mean relative difference of its answers to the original's, on the frames it was checked on."""
    frames: int
    """How many those were."""
    original: str
    """SHA-256 of the original's file."""

    def __str__(self) -> str:
        return f"{self.loss:.2%} from float32 in the mean, on {self.frames} frames"


@dataclass(frozen=True)
class FreeView:
    """Which sizes of its input a model takes beside the one it describes itself by."""

    multiple: int
    """Height and width are multiples of it."""
    pixels: int
    """Height times width is at most this."""


@dataclass(frozen=True)
class MotionNoise:
    """What one answer of a pose model is good for, one sigma: lengths are its weakness, directions its strength.

    Larger than the error of a single step: those of neighbouring steps are alike, and filters take them for
    independent. The defaults are for files that say nothing. They were so set that the covariance of a trajectory of
    the package's first PoseNet was right on unseen drives of the street world.

    Raises: `ModelFileError` for one that is not a number of at least 0.
    """

    along: float = 0.1
    """Of the step, along it."""
    across: float = 0.02
    """Of the step, across it."""
    turn: float = 0.3
    """Of the angle."""
    metres: float = 0.005
    """At rest."""
    radians: float = 0.002
    metres_a_second: float = 0.02
    """Between the images."""
    radians_a_second: float = 0.02

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise ModelFileError(f"its motion noise {name} is {value}, expected a number of at least 0")


SCALE_SIGMA = 0.2
"""`ModelDescription.scale_sigma` of a file that does not say: what the package's first models were off by in a new
place."""


@dataclass(frozen=True)
class SemanticClass:
    """One class that a model tells from the others; its id is its place among `ModelDescription.classes`."""

    name: str
    colour: tuple[int, int, int]
    """Red, green and blue to show it in, 0 to 255."""


@dataclass(frozen=True)
class ModelDescription:
    """What a robot must know about a model. Lengths in pixels are pixels of the network's input.

    Raises: `ModelFileError` for entries that contradict each other.
    """

    name: str
    task: Literal["depth", "pose"]
    height: int
    width: int
    focal_length: float
    """Focal length it was trained at, in input pixels: depth of a camera with focal f is output * f / focal_length."""
    metric: bool
    """True if lengths come out in metres, False if they are right only up to one unknown factor."""
    method: str
    paper: str
    minimum_depth: float | None = None
    """Metres; None for a pose model."""
    maximum_depth: float | None = None
    frames: tuple[str, ...] = ()
    """The frames of ``images``, oldest first; of a depth model `DEPTH_FRAMES`, or none if it takes one ``image``."""
    colour_order: str = "rgb"
    training_data: tuple[TrainingData, ...] = ()
    scores: tuple[Score, ...] = ()
    revision: str = ""
    """Git revision of the code that exported it."""
    classes: tuple[SemanticClass, ...] = ()
    """Depth models: what ``semantics`` tells apart; none if there is no such output."""
    extras: tuple[str, ...] = ()
    """Depth models: the names of what they answer beside depth, of `depth_perception.model_outputs.EXTRAS`."""
    reduction: Reduction | None = None
    """None if it computes in float32."""
    free_view: FreeView | None = None
    """None if it takes no other size than `height` and `width`."""
    scale_sigma: float | None = None
    """Metric models: standard deviation of the logarithm of its metres in a new place, which is their relative error
    while it is small; None if the file does not say, which is taken for `SCALE_SIGMA`."""
    motion_noise: MotionNoise | None = None
    """Pose models; None if the file does not say, which is taken for `MotionNoise` as it is."""
    centred: bool = False
    """Pose models: it takes the principal point to be in the middle of its input, and what it answers is converted for
    cameras whose is not. One that has learned where it is for itself is believed as it is."""
    bfloat16_loss: float | None = None
    """Mean relative difference of its answers in bfloat16 to those in float32, on frames of a camera; None if nobody
    measured it, or if it computes in fewer bits anyway."""

    def __post_init__(self) -> None:
        if wrong := misfit(type(self), vars(self)):
            raise ModelFileError(wrong)
        if not (0 < self.height <= LARGEST and 0 < self.width <= LARGEST):
            raise ModelFileError(f"its input is {self.width}x{self.height}, expected 1 to {LARGEST} pixels")
        if not self.focal_length > 0:
            raise ModelFileError(f"its focal length is {self.focal_length}, expected a positive number of pixels")
        nearest, farthest = self.minimum_depth or 0.0, self.maximum_depth
        if nearest < 0 or (farthest is not None and not nearest < farthest):
            raise ModelFileError(
                f"its depth is from {self.minimum_depth} to {farthest}, expected a minimum of 0 or more, and below the"
                " maximum"
            )
        if self.colour_order != "rgb":
            raise ModelFileError(f"its colours are in the order '{self.colour_order}', models are given 'rgb'")
        if self.task not in ("depth", "pose"):
            raise ModelFileError(f"its task is '{self.task}', expected 'depth' or 'pose'")
        if self.task == "pose" and self.extras:
            raise ModelFileError(f"it is a pose model with {', '.join(self.extras)}, which only depth models have")
        known = [output.name for output in EXTRAS]
        if unknown := sorted(set(self.extras) - set(known)):
            raise ModelFileError(
                f"it answers {', '.join(unknown)}, this package knows {', '.join(known)} beside depth: use the package"
                " version that wrote it"
            )
        if bool(self.classes) != ("semantics" in self.extras):
            raise ModelFileError("it has classes without semantics, or semantics without classes")
        if self.task == "depth" and self.frames not in ((), DEPTH_FRAMES):
            raise ModelFileError(
                f"its frames are {', '.join(self.frames)}, of a depth model expected {', '.join(DEPTH_FRAMES)} or none"
            )
        if self.free_view is not None:
            self._check_free_view(self.free_view)
        sigma = self.scale_sigma
        if sigma is not None and not (self.metric and math.isfinite(sigma) and sigma > 0):
            raise ModelFileError(f"its scale sigma is {sigma}, expected a positive number, and of a metric model alone")
        loss = self.bfloat16_loss
        if loss is not None and not (math.isfinite(loss) and loss >= 0):
            raise ModelFileError(f"its loss in bfloat16 is {loss}, expected a number of at least 0")
        if self.motion_noise is not None and self.task != "pose":
            raise ModelFileError("it is a depth model with motion noise, which only pose models have")
        if self.centred and self.task != "pose":
            raise ModelFileError(
                "it is a depth model with a principal point in the middle, which only pose models have"
            )
        if len(self.classes) > UNKNOWN_CLASS:
            raise ModelFileError(f"it has {len(self.classes)} classes, expected at most {UNKNOWN_CLASS}")
        for item in self.classes:
            if not all(0 <= value <= 255 for value in item.colour):
                raise ModelFileError(
                    f"the colour of class '{item.name}' is {item.colour}, expected red, green, blue of 0 to 255"
                )

    def _check_free_view(self, free: FreeView) -> None:
        for length in (self.height, self.width):
            if free.multiple < 1 or length % free.multiple or self.height * self.width > free.pixels:
                raise ModelFileError(
                    f"its view is {self.width}x{self.height}, expected multiples of {free.multiple} and at most"
                    f" {free.pixels} pixels, as its free view says"
                )

    @property
    def format_version(self) -> int:
        """The lowest of `FORMAT_VERSIONS` that knows all entries in use."""
        of_frames = 2 if self.task == "depth" and self.frames else 1
        newest = (self.reduction, self.free_view, self.scale_sigma, self.motion_noise)
        of_entries = 3 if any(entry is not None for entry in newest) else 1
        of_entries = of_entries if self.bfloat16_loss is None else 4
        of_entries = 5 if self.centred else of_entries
        return max(of_frames, of_entries, *(output.since for output in extras_of(self)), 1)

    def to_json(self) -> str:
        values = asdict(self) | {"format_version": self.format_version}
        values["training_data"] = [
            {"name": data.name, "licence": data.licence, "supervision": data.supervision} for data in self.training_data
        ]
        if self.format_version < 3:  # which know confidence alone, and take semantics for granted where classes are
            del values["extras"]
            values |= {"confidence": True} if "confidence" in self.extras else {}
        for name in ("classes", "reduction", "free_view", "scale_sigma", "motion_noise", "centred"):
            if not values[name]:
                del values[name]  # older versions do not know it
        if self.bfloat16_loss is None:
            del values["bfloat16_loss"]
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> ModelDescription:
        """Raises: `ModelFileError` for JSON that does not describe a model this version can read."""
        try:
            values: dict[str, Any] = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"its description is not JSON ({error}): export the model again") from None
        if not isinstance(values, dict):
            raise ModelFileError("its description is not a JSON object: export the model again")
        version = values.pop("format_version", None)
        if version not in FORMAT_VERSIONS:
            raise ModelFileError(
                f"its description has format version {version}, this package reads {FORMAT_VERSIONS[0]} to"
                f" {FORMAT_VERSIONS[-1]}: export the model again or use the package version that wrote it"
            )
        known = {field.name for field in fields(cls)}
        if version < 3:
            before = {"semantics": values.get("classes"), "confidence": values.pop("confidence", False)}
            values["extras"] = [name for name, is_there in before.items() if is_there]
        if unknown := sorted(set(values) - known):
            raise ModelFileError(f"its description has unknown entries {', '.join(unknown)}: export the model again")
        try:
            values |= {name: tuple(values.get(name, ())) for name in ("frames", "extras")}
            values["training_data"] = tuple(TrainingData.of_entry(**item) for item in values.get("training_data", ()))
            values["scores"] = tuple(Score(**item) for item in values.get("scores", ()))
            values["classes"] = tuple(
                SemanticClass(item["name"], tuple(item["colour"])) for item in values.get("classes", ())
            )
            for name, kind in (("reduction", Reduction), ("free_view", FreeView), ("motion_noise", MotionNoise)):
                if values.get(name) is not None:
                    values[name] = kind(**values[name])
            return cls(**values)
        except KeyError as error:
            raise ModelFileError(f"its description has a class without {error}: export the model again") from None
        except (TypeError, AttributeError) as error:
            raise ModelFileError(f"its description is incomplete ({error}): export the model again") from None


def read_description(path: str | Path, task: Literal["depth", "pose"] | None = None) -> ModelDescription:
    """The description a model file carries.

    Raises: `ModelFileError` if the file is missing, is not an ONNX model, carries no description, or (with `task`)
    is for another task.
    """
    description = _read(_load(path), path)
    if task is not None and description.task != task:
        raise ModelFileError(f"{path}: this is a {description.task} model, expected a {task} model")
    return description


def read_part(path: str | Path, output: str) -> bytes:
    """The model at `path` without whatever this one of its outputs does not need.

    Raises: `ModelFileError` if there is no such file or output.
    """
    model = _load(path)
    if output not in [tensor.name for tensor in model.graph.output]:
        raise ModelFileError(f"{path}: has no output '{output}': export it again")
    extractor = onnx.utils.Extractor(model)
    part = extractor.extract_model([tensor.name for tensor in model.graph.input], [output])
    return bytes(part.SerializeToString())


def write_model(model: onnx.ModelProto, description: ModelDescription, path: str | Path) -> None:
    """Writes the model with its description; the file at `path` is complete or as it was before."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {METADATA_KEY: description.to_json()})
    write_atomically(Path(path), model.SerializeToString())


def _load(path: str | Path) -> onnx.ModelProto:
    try:
        model = onnx.load_model(str(path), load_external_data=False)
    except FileNotFoundError:
        raise ModelFileError(f"{path}: there is no such model file") from None
    except (OSError, IsADirectoryError) as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception:  # protobuf's DecodeError has no stable import path across its versions
        raise ModelFileError(f"{path}: is not an ONNX model, or is cut short: copy or export it again") from None
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise ModelFileError(
                f"{path}: keeps its weights outside, in a file that it names: a model file holds everything, export it"
                " again"
            )
    return model


def _tensors(message: Any) -> Iterator[onnx.TensorProto]:
    """All tensors anywhere in a message: weights, constants, those of branches, loops and functions."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for item in [value] if hasattr(value, "ListFields") else value:
            yield from _tensors(item)


def _read(model: onnx.ModelProto, path: str | Path) -> ModelDescription:
    for entry in model.metadata_props:
        if entry.key == METADATA_KEY:
            try:
                return ModelDescription.from_json(entry.value)
            except ModelFileError as error:
                raise ModelFileError(f"{path}: {error}") from None
    raise ModelFileError(f"{path}: carries no description of itself: export it with python -m training export")
