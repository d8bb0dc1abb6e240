"""Small real ONNX models, made without torch, whose output a test can compute by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from depth_perception.model_file import DEPTH_FRAMES, ModelDescription, SemanticClass, write_model
from depth_perception.model_outputs import EXTRAS, OUTPUTS, ModelOutput, outputs_of

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601: a mono8 camera gives what a colour camera gives
NEAR, SPAN = 1.0, 49.0


def luma_depth(image: npt.NDArray) -> npt.NDArray[np.float32]:
    """What `write_depth_model`'s model answers: uint8 RGB ``[..., 3]`` to metres, black 1 m, white 50 m."""
    return (NEAR + SPAN * (image.astype(np.float32) @ LUMA) / 255.0).astype(np.float32)


def red_classes(image: npt.NDArray, count: int) -> npt.NDArray[np.uint8]:
    """The ``semantics`` of `write_depth_model`'s model: no red is the first of `count` classes, full red the last."""
    return (image[..., 0].astype(int) * count // 256).astype(np.uint8)


def green_share(image: npt.NDArray, before: npt.NDArray | None = None) -> npt.NDArray[np.float32]:
    """How green an image is, 0 to 1; or how alike in green it is to the one before."""
    green = np.asarray(image[..., 1] / 255.0, np.float32)
    if before is None:
        return green
    return np.asarray(1.0 - np.abs(green - before[..., 1] / 255.0), np.float32)


def answer_of(name: str, image: npt.NDArray, before: npt.NDArray | None = None, classes: int = 0) -> npt.NDArray:
    """One of the extras of `write_depth_model`'s model: `red_classes` are its ``semantics``, all other values of a
    pixel are its `green_share`."""
    if name == "semantics":
        return red_classes(image, classes)
    size, rest = image.shape[:-1], _rest(OUTPUTS[name])
    return np.broadcast_to(green_share(image, before).reshape(*size, *(1 for _ in rest)), (*size, *rest))


def _rest(output: ModelOutput) -> tuple[int, ...]:
    """The shape of what an output says of one pixel."""
    return tuple(length for length in output.shape[3:] if isinstance(length, int))


def write_depth_model(
    path: Path,
    *,
    width: int = 64,
    height: int = 32,
    focal_length: float = 40.0,
    metric: bool = True,
    maximum_depth: float = 100.0,
    classes: tuple[SemanticClass, ...] = (),
    extras: tuple[str, ...] = (),
    two_frames: bool = False,
    work: int = 0,
    work_for: str = "depth",
) -> ModelDescription:
    """A depth model that answers `luma_depth` of its (newest) input, and `answer_of` for each of its extras.

    Args:
        extras: beside ``semantics``, which come with the classes.
        work: full-resolution 3x3 convolutions with 16 channels whose result is added times zero: time to burn.
        work_for: the output it is added to, ``depth`` or ``confidence``.
    """
    extras = (*(("semantics",) if classes else ()), *extras)
    graph = _Graph()
    newest = "image"
    if two_frames:
        newest = graph.add("Slice", "images", graph.constant(1), graph.constant(2), graph.constant(0))
    pixels = graph.add("Cast", newest, to=TensorProto.FLOAT)
    color = [graph.add("Gather", pixels, graph.constant(np.array(k)), axis=3) for k in range(3)]
    luma = graph.add("MatMul", pixels, graph.constant((LUMA * SPAN / 255.0)[:, None].astype(np.float32)))
    answers = {"depth": graph.add("Add", graph.add("Squeeze", luma, graph.constant(3)), graph.number(NEAR))}
    for output in (output for output in EXTRAS if output.name in extras):
        if output.name == "semantics":
            share = graph.add("Mul", color[0], graph.number(len(classes) / 256.0))
            answers[output.name] = graph.add("Cast", graph.add("Floor", share), to=TensorProto.UINT8)
            continue
        green = graph.constant(np.full(_rest(output), 1))
        share = graph.add("Mul", graph.add("Gather", pixels, green, axis=3), graph.number(1 / 255.0))
        if two_frames:
            oldest = graph.add("Slice", "images", graph.constant(0), graph.constant(1), graph.constant(0))
            before = graph.add("Gather", graph.add("Cast", oldest, to=TensorProto.FLOAT), green, axis=3)
            change = graph.add("Abs", graph.add("Sub", share, graph.add("Mul", before, graph.number(1 / 255.0))))
            share = graph.add("Sub", graph.number(1.0), change)
        answers[output.name] = share
    if work:
        answers[work_for] = graph.add("Add", answers[work_for], _worked(graph, pixels, work))
    for name, answer in answers.items():
        graph.nodes.append(helper.make_node("Identity", [answer], [name]))

    frames = DEPTH_FRAMES if two_frames else ()
    description = ModelDescription(
        name="luma_depth",
        task="depth",
        height=height,
        width=width,
        focal_length=focal_length,
        metric=metric,
        method="luma",
        paper="none",
        minimum_depth=NEAR,
        maximum_depth=maximum_depth,
        frames=frames,
        classes=classes,
        extras=extras,
    )
    name, count = ("images", 2) if two_frames else ("image", 1)
    _write(
        helper.make_graph(
            graph.nodes,
            "luma_depth",
            [helper.make_tensor_value_info(name, TensorProto.UINT8, [count, height, width, 3])],
            [
                helper.make_tensor_value_info(
                    output.name, helper.np_dtype_to_tensor_dtype(np.dtype(output.dtype)), output.shape_of(description)
                )
                for output in outputs_of(description)
            ],
            graph.constants,
        ),
        description,
        path,
    )
    return description


class _Graph:
    """Nodes that name their own outputs."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value: npt.NDArray | int) -> str:
        """An integer becomes a list of one, which is what operators take as axes and positions."""
        array = np.array([value], np.int64) if isinstance(value, int) else value
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))


def _worked(graph: _Graph, pixels: str, work: int) -> str:
    random = np.random.default_rng(0)
    layer = graph.add("Transpose", pixels, perm=[0, 3, 1, 2])
    for index in range(work):
        kernel = random.normal(0, 0.1, (16, 3 if index == 0 else 16, 3, 3)).astype(np.float32)
        layer = graph.add("Tanh", graph.add("Conv", layer, graph.constant(kernel), pads=[1, 1, 1, 1]))
    return graph.add("Mul", graph.add("ReduceMean", layer, graph.constant(1), keepdims=0), graph.number(1e-30))


def write_pose_model(
    path: Path,
    *,
    motion: npt.NDArray | None = None,
    width: int = 64,
    height: int = 32,
    focal_length: float = 40.0,
    frames: tuple[str, ...] = ("previous", "current"),
    metric: bool = True,
    **said: Any,
) -> ModelDescription:
    """A pose model that answers one constant `motion` (``[4, 4]``, default half a metre forward) for every pair."""
    if motion is None:
        motion = np.eye(4)
        motion[2, 3] = 0.5
    constant = np.repeat(np.asarray(motion, np.float32)[None], len(frames) - 1, axis=0)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
            helper.make_node("Mul", ["mean", "nothing"], ["trace"]),
            helper.make_node("Add", ["constant", "trace"], ["motion"]),
        ],
        "constant_motion",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, [len(frames), height, width, 3])],
        [helper.make_tensor_value_info("motion", TensorProto.FLOAT, list(constant.shape))],
        [
            numpy_helper.from_array(constant, "constant"),
            numpy_helper.from_array(np.array(1e-30, np.float32), "nothing"),
        ],
    )
    description = ModelDescription(
        name="constant_motion",
        task="pose",
        height=height,
        width=width,
        focal_length=focal_length,
        metric=metric,
        method="constant",
        paper="none",
        frames=frames,
        **said,
    )
    _write(graph, description, path)
    return description


def redescribe(source: Path, target: Path, **changes: object) -> None:
    """Writes the model at `source` to `target` with entries of its description changed."""
    from depth_perception.model_file import read_description

    model = onnx.load_model(str(source))
    write_model(model, replace(read_description(source), **changes), target)  # type: ignore[arg-type]


def _write(graph: onnx.GraphProto, description: ModelDescription, path: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    write_model(model, description, path)
