"""A configuration tried out in seconds: ``python -m training fit --config FILE --smoke``.

The configuration as it is, but for its data, of which every source gives a little, and for the weights of ImageNet,
which are not fetched: some steps, a validation, the export of every model that it makes, and one frame that must come
out of the exported file as it does out of torch; where TensorRT for RTX is installed, a plan is built of it as well.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import yaml
from torch.utils.data import DataLoader

from depth_perception.engines.choose import open_engine
from depth_perception.engines.engine import EngineError
from depth_perception.engines.plan_builder import build_plan
from depth_perception.engines.tensorrt_library import library
from training.checkpoint import newest_checkpoint
from training.commands.fit import TrainingCLI
from training.commands.fit import main as command_line
from training.data.augmentation import resized
from training.data.module import DrivingData
from training.data.samples import Sample
from training.data.source import SourceSettings
from training.errors import TrainingError
from training.exporting.export import export
from training.exporting.onnx_graph import compare_answers
from training.networks.dual_networks import DualNetworks
from training.provenance import Task
from training.trained import Trained

Settings = dict[str, Any]

STEPS = 2


def smoke(arguments: Sequence[str]) -> list[Path]:
    """Trains, judges and exports a configuration in small; what it makes is thrown away.

    Args:
        arguments: of the trainer's command line, without its subcommand.

    Returns:
        The names of the model files that were made, and are gone.

    Raises: `TrainingError` for a configuration that cannot be trained, or a model that does not answer as it should.
    """
    with tempfile.TemporaryDirectory() as name:
        trained, data = train_small(arguments, Path(name))
        return [export_small(trained, task, Path(name) / f"{task}.onnx", data) for task in tasks(trained)]


def train_small(arguments: Sequence[str], folder: Path) -> tuple[Trained, DrivingData]:
    """Trains and judges a configuration in small, in `folder`; returns what came of it, and its small data.

    Raises: `TrainingError` for a configuration that cannot be trained.
    """
    whole = command_line(list(arguments), run=False)
    settings = made_small(whole)
    settings["trainer"] |= {"default_root_dir": str(folder)}
    network, stage = whole.model.network, getattr(whole.model, "stage", None)
    if isinstance(network, DualNetworks) and stage == "hr":
        # It builds on a trained LR-Net: one that has learned nothing will do.
        torch.save({"state_dict": whole.model.state_dict()}, folder / "lr.ckpt")
        settings["model"]["init_args"]["lr_checkpoint"] = str(folder / "lr.ckpt")
    del whole, network
    (folder / "small.yaml").write_text(yaml.safe_dump(settings))
    small = command_line([f"--config={folder}/small.yaml"], run=False)
    small.trainer.fit(small.model, datamodule=small.datamodule)
    figures, judged = small.trainer.callback_metrics, small.datamodule.validation is not None
    if judged and not any(key.startswith("val/") for key in figures):
        raise TrainingError("the validation has no figures: give it data whose depth is known")
    return Trained.read(newest_checkpoint(folder)), small.datamodule


def tasks(trained: Trained) -> list[Task]:
    """What it has models for."""
    models: dict[Task, Any] = {"depth": trained.system.depth_model(), "pose": trained.system.pose_model()}
    return [task for task, model in models.items() if model is not None]


def export_small(trained: Trained, task: Task, path: Path, data: DrivingData) -> Path:
    """Exports the model of a task to `path`, has it answer a frame of `data`, and builds a plan of it.

    Raises: `TrainingError` if it does not answer as torch does.
    """
    model, description = trained.model(task), trained.describe(task, f"smoke {task}")
    images = _frames(data, (max(1, len(model.frames)), description.height, description.width, 3))
    with torch.no_grad():
        expected = [answer.numpy() for answer in model(torch.from_numpy(images))]
    export(model, description, path, half=False, samples=1)
    _build_plan(path)
    engine = open_engine(path, "onnxruntime")
    given = engine.run({model.input_name: images})
    for name, answer in zip(model.answers, expected, strict=True):
        compare_answers(name, given[name], answer)
    engine.close()
    return path


def made_small(cli: TrainingCLI) -> Settings:
    """The settings of a configuration with small data: as a configuration file has them."""
    settings: Settings = yaml.safe_load(cli.parser.dump(cli.config, skip_none=False))
    data, model = settings["data"], settings["model"]["init_args"]
    judged = cli.model.depth_model() or cli.model.pose_model()
    multiple, network = judged.network.multiple, model["network"]["init_args"]
    size = {"width": 3 * multiple, "height": 2 * multiple} if multiple > 1 else {"width": 96, "height": 72}
    for lengths in (model, network, model.get("pose_network", {}).get("init_args", {})):
        if "focal_length" in lengths:
            lengths["focal_length"] *= size["width"] / data["width"]
    if size.keys() <= network.keys():  # its layers are as large as the image
        network |= size
    sources = [_small(source) for source in cli.datamodule.training]
    validation = cli.datamodule.validation
    data |= size | {"street": None, "videos": [], "sources": sources}
    data |= {"validation": None if validation is None else _small(validation)}
    data |= {"samples": 2 * STEPS, "batch_size": 2, "workers": 0, "validation_step": 1}
    _without_pretraining(settings["model"])
    settings["checkpoint"] |= {"save_top_k": 0, "save_last": True, "save_weights_only": True}
    settings["trainer"] |= {
        "accelerator": "cpu",
        "devices": 1,
        "max_epochs": 1,
        "max_steps": -1,
        "limit_val_batches": 1,
        "num_sanity_val_steps": 0,
        "log_every_n_steps": 1,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "callbacks": None,
    }
    return settings


def _small(source: SourceSettings) -> Settings:
    """A source in small, as a configuration file has it."""
    few, kind = source.small(), type(source)
    return {"class_path": f"{kind.__module__}.{kind.__qualname__}", "init_args": json.loads(json.dumps(asdict(few)))}  # type: ignore[call-overload]


def _without_pretraining(settings: Any) -> None:
    """Has every encoder begin with random weights."""
    if isinstance(settings, dict):
        if settings.get("weights") not in (None, "random"):
            settings["weights"] = "random"
        for value in settings.values():
            _without_pretraining(value)


def _build_plan(path: Path) -> None:
    """With TensorRT for RTX, which needs no GPU for that, where it is installed: a robot with a GPU will want one."""
    try:
        found = library()
    except EngineError:
        return
    build_plan(found, path.read_bytes())


def _frames(data: DrivingData, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Images ``[n, H, W, 3]`` of the validation data, or what is learnt from, in the shape that a model takes."""
    count, height, width, _ = shape
    loader = data.train_dataloader() if data.validation is None else data.val_dataloader()
    assert isinstance(loader, DataLoader), "all validation is of one kind"
    batch: Sample = next(iter(loader))
    images = batch["inputs"][0].numpy()
    return np.stack([resized(images[min(k, len(images) - 1)], width, height) for k in range(count)])


def main(arguments: Sequence[str]) -> None:
    """The command line, of ``fit`` with ``--smoke``."""
    names = smoke(arguments)
    print(
        "trained, judged and exported in small, on a little of each source of its data:"
        f" {', '.join(path.stem for path in names)} answer as torch does"
    )
