"""From a checkpoint to the model file that a robot runs: ``python -m training.export``.

Normalisation and disparity-to-depth are part of the graph; weights are stored in half precision and computed with in
single; what ONNX Runtime answers is compared with torch before anything is written.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from depth_perception.errors import DepthPerceptionError
from depth_perception.model_file import ModelDescription, Score, TrainingData, write_model
from training.checkpoint import read_checkpoint
from training.errors import TrainingError
from training.motion import matrix_from_motion
from training.networks.depth_network import DepthNetwork
from training.networks.dual_networks import REDUCTION
from training.networks.normalise import normalise
from training.networks.pose_net import PoseNet
from training.systems.dual_networks import DualNetworksSystem

OPSET = 18
MEAN_TOLERANCE, MAXIMUM_TOLERANCE = 1e-4, 1e-3
"""Largest relative differences to torch that are let through."""

FULL_SIZE = (384, 1248)
"""Height and width of what the depth network sees; PoseNet sees it reduced as LR-Net does."""

PAPERS = {
    "depth": (
        "Dual Networks, light",
        "Zhou et al., Unsupervised High-Resolution Depth Learning From Videos, ICCV 2019",
    ),
    "pose": ("PoseNet", "Zhou et al., Unsupervised Learning of Depth and Ego-Motion from Video, CVPR 2017"),
}

Task = Literal["depth", "pose"]


class DepthModel(nn.Module):
    """uint8 RGB ``[1, H, W, 3]`` -> canonical depth ``[1, H, W]`` in metres."""

    def __init__(self, network: DepthNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return 1.0 / self.network.finest(normalise(image).permute(0, 3, 1, 2))[:, 0]


class PoseModel(nn.Module):
    """uint8 RGB ``[n, H, W, 3]``, oldest first -> canonical motions ``[n - 1, 4, 4]``."""

    def __init__(self, network: PoseNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return matrix_from_motion(self.network(normalise(images).permute(0, 3, 1, 2)[None])[0])


def export(
    model: nn.Module,
    description: ModelDescription,
    path: str | Path,
    half: bool = True,
    samples: int = 3,
) -> None:
    """Writes `model` with its description, after ONNX Runtime has answered as torch does.

    Args:
        model: `DepthModel` or `PoseModel`; its normalisations are folded and, with `half`, its weights are rounded in
            place, so that torch and the file hold the same numbers and the comparison is of the graphs alone.
        description: what the file says of itself.
        path: of the file; complete or as it was before.
        half: stores weights in half precision, at half the size.
        samples: random inputs to compare with.

    Raises: `TrainingError` if the difference is larger than `MEAN_TOLERANCE` or `MAXIMUM_TOLERANCE`.
    """
    model = fold_batch_norm(model.eval()).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    if half:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(parameter.half().float())
    rng = np.random.default_rng(0)
    shape = (max(1, len(description.frames)), description.height, description.width, 3)
    inputs = [_random_images(rng, shape) for _ in range(samples)]
    name, answer = ("image", "depth") if description.task == "depth" else ("images", "motion")
    proto = _traced(model, torch.from_numpy(inputs[0]), name, answer)
    if half:
        store_half(proto)
    onnx.checker.check_model(proto)
    _compare(model, proto, inputs, name, answer)
    write_model(proto, description, path)


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """Folds each BatchNorm2d, in place, into the convolution that was registered just before it."""
    for parent in list(model.modules()):
        previous: tuple[str, nn.Module] | None = None
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d) and previous is not None and isinstance(previous[1], nn.Conv2d):
                setattr(parent, previous[0], fuse_conv_bn_eval(previous[1], child))
                setattr(parent, name, nn.Identity())
            previous = (name, child)
    return model


def store_half(model: onnx.ModelProto, smallest: int = 256) -> None:
    """Turns float32 constants that half precision holds exactly into float16 with a Cast before their use.

    Args:
        smallest: number of values from which it is worth it.
    """
    graph = model.graph
    casts = []
    for initialiser in graph.initializer:
        if initialiser.data_type != onnx.TensorProto.FLOAT:
            continue
        values = onnx.numpy_helper.to_array(initialiser)
        halves = values.astype(np.float16)
        if values.size < smallest or not np.array_equal(halves.astype(np.float32), values):
            continue
        name = initialiser.name
        initialiser.CopyFrom(onnx.numpy_helper.from_array(halves, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _traced(model: nn.Module, example: Tensor, name: str, answer: str) -> onnx.ModelProto:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            model,
            (example,),
            input_names=[name],
            output_names=[answer],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    opset = {entry.domain: entry.version for entry in proto.opset_import}.get("")
    if opset != OPSET:
        raise TrainingError(
            f"the exporter wrote opset {opset}, expected {OPSET}: another version of torch may be needed"
        )
    for node in proto.graph.node:  # names of source files on this machine, stack traces
        del node.metadata_props[:]
    del proto.graph.value_info[:]
    return proto


def _compare(
    model: nn.Module, proto: onnx.ModelProto, inputs: Sequence[npt.NDArray[np.uint8]], name: str, answer: str
) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    for images in inputs:
        with torch.no_grad():
            expected = model(torch.from_numpy(images)).numpy()
        (given,) = session.run([answer], {name: images})
        if given.shape != expected.shape or not np.all(np.isfinite(given)):
            raise TrainingError(f"exported model answers {given.shape} or values that are not finite: not written")
        # Entries of a motion matrix may be zero: they are judged against the largest of their row.
        size = np.abs(expected) if answer == "depth" else np.abs(expected).max(-1, keepdims=True)
        difference = np.abs(given - expected) / size
        if difference.mean() > MEAN_TOLERANCE or difference.max() > MAXIMUM_TOLERANCE:
            raise TrainingError(
                f"exported model differs from torch by {difference.mean():.1e} on average and {difference.max():.1e} at"
                f" most (relative), allowed are {MEAN_TOLERANCE} and {MAXIMUM_TOLERANCE}: not written"
            )


def _random_images(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Smooth random colours with noise on them: closer to what networks see than noise alone."""
    import cv2

    frames, height, width, _ = shape
    images = []
    for _ in range(frames):
        coarse = rng.integers(0, 256, (6, 18, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        images.append(np.clip(smooth + rng.normal(0, 10, smooth.shape), 0, 255).astype(np.uint8))
    return np.stack(images)


def export_checkpoint(
    checkpoint: str | Path,
    task: Task,
    path: str | Path,
    name: str,
    scores: Sequence[Score] = (),
    half: bool = True,
) -> ModelDescription:
    """The depth or pose network of a checkpoint as a model file.

    Raises: `TrainingError` if the checkpoint has none, or the export is not faithful.
    """
    saved = read_checkpoint(checkpoint)
    if "hyper_parameters" not in saved:
        raise TrainingError(f"{checkpoint}: does not say how its networks are built: train with python -m training fit")
    system = DualNetworksSystem.load_from_checkpoint(checkpoint, map_location="cpu", weights_only=True)
    if task == "depth" and system.stage != "hr":
        raise TrainingError(f"{checkpoint}: is of stage {system.stage}, its HR-Net is untrained: give one of stage hr")
    data, metric = _what_it_learned_from(saved)
    method, paper = PAPERS[task]
    height, width = FULL_SIZE
    common: dict[str, Any] = {
        "name": name,
        "task": task,
        "metric": metric,
        "method": method,
        "paper": paper,
        "training_data": data,
        "scores": tuple(scores),
        "revision": _revision(),
    }
    model: nn.Module
    if task == "depth":
        network = system.network
        description = ModelDescription(
            height=height,
            width=width,
            focal_length=system.focal_length,
            minimum_depth=network.minimum_depth,
            maximum_depth=network.maximum_depth,
            **common,
        )
        model = DepthModel(network)
    else:
        frames = system.pose_network.frames
        names = (*(f"previous {frames - 1 - k}" for k in range(frames - 2)), "previous", "current")
        description = ModelDescription(
            height=height // REDUCTION,
            width=width // REDUCTION,
            focal_length=system.focal_length / REDUCTION,
            frames=names,
            **common,
        )
        model = PoseModel(system.pose_network)
    export(model, description, path, half)
    return description


STREET = "procedural street world of this package (training.street)"


def _what_it_learned_from(checkpoint: dict[str, Any]) -> tuple[tuple[TrainingData, ...], bool]:
    """The sources that the checkpoint's configuration and its earlier stage name, and whether one is metric."""
    used: dict[tuple[str, str], list[str]] = {}  # what of each source, by its name and licence
    for stage in _stages(checkpoint):
        settings = stage.get("datamodule_hyper_parameters", {})
        losses = stage["hyper_parameters"].get("losses") or {}
        for source in _sources(settings):
            truths = used.setdefault(_name_and_licence(source), ["images"])
            for truth, weight in (("depth", "depth"), ("poses", "motion"), ("distances", "speed")):
                if truth in source.get("truth", ()) and losses.get(weight) and f"true {truth}" not in truths:
                    truths.append(f"true {truth}")
    metric = any(len(truths) > 1 for truths in used.values())
    return tuple(TrainingData(*source, ", ".join(truths)) for source, truths in used.items()), metric


def _sources(settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The settings of every source of a configuration's data."""
    if street := settings.get("street"):
        yield street
    yield from settings.get("videos") or ()
    for source in settings.get("sources") or ():
        yield source["init_args"]


def _name_and_licence(source: dict[str, Any]) -> tuple[str, str]:
    if "seeds" in source:
        return f"{STREET}, seeds {source['seeds'][0]} to {sum(source['seeds']) - 1}", "Apache-2.0"
    name = source["name"] or Path(source["path"]).name
    if "first" in source:
        last = "the last" if source["last"] is None else source["last"] - 1
        name = f"{name}, frames {source['first']} to {last}"
    return name, source["licence"]


def _stages(checkpoint: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The checkpoint, and the one its networks began with, where that is still there."""
    yield checkpoint
    earlier = checkpoint["hyper_parameters"].get("lr_checkpoint")
    if earlier and Path(earlier).is_file():
        yield from _stages(read_checkpoint(earlier))


def _revision() -> str:
    """The git revision of this code, with ``+`` if files differ from it; empty outside a checkout."""
    folder = Path(__file__).resolve().parent
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no", "."],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit[:12] + ("+" if changed else "")


def read_scores(path: str | Path, task: Task) -> tuple[Score, ...]:
    """The scores of a task from what ``python -m training evaluate`` wrote.

    Raises: `TrainingError` if the file is not of that kind.
    """
    names = [field.name for field in fields(Score)]
    try:
        report = json.loads(Path(path).read_text())
        return tuple(Score(**{name: entry[name] for name in names}) for entry in report[task]["scores"])
    except FileNotFoundError:
        raise TrainingError(f"{path}: there is no such file of scores") from None
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path}: holds no scores of a {task} model ({error}): write it with python -m training evaluate"
        ) from None


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", required=True, help="of python -m training fit")
    parser.add_argument("--task", required=True, choices=("depth", "pose"))
    parser.add_argument("--output", required=True, help="the .onnx to write")
    parser.add_argument("--name", required=True, help="what the model is called")
    parser.add_argument("--scores", help="JSON written by python -m training evaluate")
    parser.add_argument("--single", action="store_true", help="store weights in single precision, twice the size")
    options = parser.parse_args(arguments)
    scores = read_scores(options.scores, options.task) if options.scores else ()
    description = export_checkpoint(
        options.checkpoint, options.task, options.output, options.name, scores, not options.single
    )
    size = Path(options.output).stat().st_size / 1e6
    print(f"{options.output}: {description.task} model '{description.name}', {size:.1f} MB")


if __name__ == "__main__":
    try:
        main()
    except DepthPerceptionError as error:
        sys.exit(f"error: {error}")
