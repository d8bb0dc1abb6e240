"""What a training has left behind: the system of a checkpoint, and what the models in it say of themselves."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from depth_perception.model_file import ModelDescription, SemanticClass, TrainingData
from training.checkpoint import read_checkpoint
from training.data.label_sets import LABEL_SETS
from training.errors import TrainingError
from training.models import Model
from training.networks.encoder import Encoder
from training.systems.training_system import TrainingSystem

Task = Literal["depth", "pose"]


@dataclass(frozen=True)
class Trained:
    """A checkpoint that says how its networks are built and what they were trained on.

    Attributes:
        path: of the checkpoint.
        system: with its weights, on the CPU, ready to answer.
        data: the settings of its data.
    """

    path: Path
    system: TrainingSystem
    data: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> Trained:
        """Raises: `TrainingError` if there is no checkpoint at `path`, or it does not say what it is."""
        saved = read_checkpoint(path)
        data = saved.get("datamodule_hyper_parameters", {})
        if "_class_path" not in saved.get("hyper_parameters", {}) or not {"width", "height"} <= set(data):
            raise TrainingError(
                f"{path}: does not say how its networks are built and at which size: train with python -m training fit"
            )
        system = _system_class(saved, path).load_from_checkpoint(path, map_location="cpu", weights_only=True)
        return cls(Path(path), system.eval(), data)

    def model(self, task: Task) -> Model:
        """Raises: `TrainingError` if there is none for the task."""
        model = self.system.depth_model() if task == "depth" else self.system.pose_model()
        if model is None:
            raise TrainingError(f"{self.path}: has no network for the task {task}: it was trained for depth alone")
        return model

    def describe(self, task: Task, name: str, **values: Any) -> ModelDescription:
        """What the model of a task says of itself; `values` are what else `ModelDescription` has."""
        model = self.model(task)
        reduction = self.system.pose_reduction if task == "pose" else 1
        network = model.network
        sources = self.training_data()
        if task == "depth":
            values |= {"minimum_depth": network.minimum_depth, "maximum_depth": network.maximum_depth}
            values |= {"classes": self._classes(), "extras": model.answers[1:]}
        return ModelDescription(
            name=name,
            task=task,
            height=self.data["height"] // reduction,
            width=self.data["width"] // reduction,
            focal_length=self.system.sample_focal_length / reduction,
            metric=any(f"true {length}" in source.supervision for source in sources for length in LENGTHS),
            method=str(network.method),
            paper=str(network.paper),
            frames=model.frames,
            training_data=sources,
            **values,
        )

    def training_data(self) -> tuple[TrainingData, ...]:
        """The sources that this training and those before it used, and what of each."""
        used: dict[tuple[str, str], list[str]] = {}  # what of each source, by its name and licence
        for stage in self._stages():
            for source in _sources(stage.data):
                words = used.setdefault(_name_and_licence(source), ["images"])
                for truth in ("depth", "poses", "distances", "labels"):
                    learnt = truth in source.get("truth", ()) and truth in stage.system.truths
                    if learnt and f"true {truth}" not in words:
                        words.append(f"true {truth}")
        data = [TrainingData(*source, ", ".join(words)) for source, words in used.items()]
        encoders = [module for module in self.system.modules() if isinstance(module, Encoder)]
        began = {(one.weights_from, one.weights_licence) for one in encoders if one.weights != "random"}
        for weights_from, licence in sorted(began):
            data.append(TrainingData(f"ImageNet (ILSVRC 2012), by {weights_from}", licence, "images, true classes"))
        return tuple(data)

    def _stages(self) -> Iterator[Trained]:
        """This one, and those its networks began with, where they are still there."""
        yield self
        if self.system.earlier and Path(self.system.earlier).is_file():
            yield from Trained.read(self.system.earlier)._stages()

    def _classes(self) -> tuple[SemanticClass, ...]:
        count = self.system.network.classes
        if not count:
            return ()
        name = self.data.get("label_set")
        if name is None:
            return tuple(SemanticClass(f"class {k}", _grey(k, count)) for k in range(count))
        return tuple(SemanticClass(item.name, item.colour) for item in LABEL_SETS[name].classes)


def _system_class(checkpoint: dict[str, Any], path: str | Path) -> type[TrainingSystem]:
    module, _, name = str(checkpoint["hyper_parameters"]["_class_path"]).rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise TrainingError(f"{path}: is of a system {module}.{name}, which is not here: install what has it") from None
    return found


LENGTHS = ("depth", "poses", "distances")
"""What is known in metres, and teaches them."""

STREET = "procedural street world of this package (training.street)"
ROOMS = "procedural rooms of this package (training.rooms)"


def _sources(settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The settings of every source of a configuration's data."""
    if street := settings.get("street"):
        yield {"class": STREET, **street}
    yield from settings.get("videos") or ()
    for source in settings.get("sources") or ():
        procedural = {"RoomsData": ROOMS, "StreetData": STREET, "StillsData": STREET}.get(
            source["class_path"].rsplit(".", 1)[-1]
        )
        yield {"class": procedural, **source["init_args"]}


def _name_and_licence(source: dict[str, Any]) -> tuple[str, str]:
    if source.get("class"):
        return f"{source['class']}, seeds {source['seeds'][0]} to {sum(source['seeds']) - 1}", "Apache-2.0"
    name = source["name"] or Path(source["path"]).name
    if "first" in source:
        last = "the last" if source["last"] is None else source["last"] - 1
        name = f"{name}, frames {source['first']} to {last}"
    return name, source["licence"]


def _grey(k: int, count: int) -> tuple[int, int, int]:
    level = round(255 * (k + 1) / count)
    return level, level, level
