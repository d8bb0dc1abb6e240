"""Small real ONNX models, made without torch, whose output a test can compute by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from depth_perception.model_file import ModelDescription, write_model

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601: a mono8 camera gives what a colour camera gives
NEAR, SPAN = 1.0, 49.0


def luma_depth(image: npt.NDArray) -> npt.NDArray[np.float32]:
    """What `write_depth_model`'s model answers: uint8 RGB ``[..., 3]`` to metres, black 1 m, white 50 m."""
    return (NEAR + SPAN * (image.astype(np.float32) @ LUMA) / 255.0).astype(np.float32)


def write_depth_model(
    path: Path,
    *,
    width: int = 64,
    height: int = 32,
    focal_length: float = 40.0,
    metric: bool = True,
    work: int = 0,
    maximum_depth: float = 100.0,
) -> ModelDescription:
    """A depth model that answers `luma_depth` of its input.

    Args:
        work: full-resolution 3x3 convolutions with 16 channels whose result is added times zero: time to burn.
    """
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["pixels", "weights"], ["luma"]),
        helper.make_node("Squeeze", ["luma", "last"], ["flat"]),
        helper.make_node("Add", ["flat", "near"], ["plain"]),
    ]
    constants: dict[str, npt.NDArray] = {
        "weights": (LUMA * SPAN / 255.0)[:, None].astype(np.float32),
        "last": np.array([3], np.int64),
        "near": np.array(NEAR, np.float32),
    }
    answer = "plain"
    if work:
        random = np.random.default_rng(0)
        nodes.append(helper.make_node("Transpose", ["pixels"], ["layer0"], perm=[0, 3, 1, 2]))
        for index in range(work):
            channels = 3 if index == 0 else 16
            constants[f"kernel{index}"] = random.normal(0, 0.1, (16, channels, 3, 3)).astype(np.float32)
            nodes += [
                helper.make_node("Conv", [f"layer{index}", f"kernel{index}"], [f"sum{index}"], pads=[1, 1, 1, 1]),
                helper.make_node("Tanh", [f"sum{index}"], [f"layer{index + 1}"]),
            ]
        constants |= {"channel": np.array([1], np.int64), "nothing": np.array(1e-30, np.float32)}
        nodes += [
            helper.make_node("ReduceMean", [f"layer{work}", "channel"], ["burnt"], keepdims=0),
            helper.make_node("Mul", ["burnt", "nothing"], ["trace"]),
            helper.make_node("Add", ["plain", "trace"], ["worked"]),
        ]
        answer = "worked"
    nodes.append(helper.make_node("Identity", [answer], ["depth"]))
    graph = helper.make_graph(
        nodes,
        "luma_depth",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, height, width, 3])],
        [helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, height, width])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
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
    )
    _write(graph, description, path)
    return description


def write_pose_model(
    path: Path,
    *,
    motion: npt.NDArray | None = None,
    width: int = 64,
    height: int = 32,
    focal_length: float = 40.0,
    frames: tuple[str, ...] = ("previous", "current"),
    metric: bool = True,
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
