"""What a training has left behind: the system of a checkpoint, and what the models in it say of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from depth_perception.model_file import SCALE_SIGMA, ModelDescription, MotionNoise, SemanticClass
from training.checkpoint import checkpoint_file, read_checkpoint
from training.data.label_sets import LABEL_SETS
from training.errors import TrainingError
from training.models import Model
from training.provenance import Task
from training.systems.training_system import TrainingSystem, load_system


@dataclass(frozen=True)
class Trained:
    """A checkpoint that says how its networks are built.

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
        """
        Args:
            path: of a checkpoint, or the folder of a training.

        Raises: `TrainingError` if there is no checkpoint at `path`, or it does not say what it is.
        """
        path = checkpoint_file(path)
        saved = read_checkpoint(path)
        data = saved.get("datamodule_hyper_parameters", {})
        if "_class_path" not in saved.get("hyper_parameters", {}) or not {"width", "height"} <= set(data):
            raise TrainingError(
                f"{path}: does not say how its networks are built and at which size: train with python -m training fit"
            )
        return cls(path, load_system(path, saved).eval(), data)

    def model(self, task: Task) -> Model:
        """Raises: `TrainingError` if there is none for the task."""
        model = self.system.depth_model() if task == "depth" else self.system.pose_model()
        if model is None:
            raise TrainingError(f"{self.path}: has no network for the task {task}: it was trained for another alone")
        return model

    def describe(self, task: Task, name: str, **values: Any) -> ModelDescription:
        """What the model of a task says of itself; `values` are what else `ModelDescription` has."""
        model = self.model(task)
        reduction = self.system.pose_reduction if task == "pose" else 1
        network = model.network
        if task == "depth":
            values |= {"minimum_depth": network.minimum_depth, "maximum_depth": network.maximum_depth}
            values |= {"classes": self._classes(), "extras": model.answers[1:]}
        metric = task in self.system.learned.metric
        if metric:
            values.setdefault("scale_sigma", SCALE_SIGMA)
        if task == "pose":
            values.setdefault("motion_noise", MotionNoise())
            values["centred"] = network.centred
        return ModelDescription(
            name=name,
            task=task,
            height=self.data["height"] // reduction,
            width=self.data["width"] // reduction,
            focal_length=self.system.sample_focal_length / reduction,
            metric=metric,
            method=str(network.method),
            paper=str(network.paper),
            frames=model.frames,
            training_data=self.system.learned.data,
            **values,
        )

    def _classes(self) -> tuple[SemanticClass, ...]:
        count = self.system.network.classes
        if not count:
            return ()
        name = self.data.get("label_set")
        if name is None:
            return tuple(SemanticClass(f"class {k}", _grey(k, count)) for k in range(count))
        return tuple(SemanticClass(item.name, item.colour) for item in LABEL_SETS[name].classes)


def _grey(k: int, count: int) -> tuple[int, int, int]:
    level = round(255 * (k + 1) / count)
    return level, level, level
