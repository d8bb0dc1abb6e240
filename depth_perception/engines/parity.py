"""Whether a backend answers a graph as ONNX Runtime does, the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.engines.backend import Options, Session
from depth_perception.engines.camera_graph import VIEW
from depth_perception.engines.engine import EngineError, TensorInfo
from depth_perception.engines.onnxruntime_engine import OnnxRuntime

LARGEST = {"f32": 1e-3, "f16": 1e-2, "int8": 1e-2}
"""Of the mean relative difference, by the graph's types; of classes, the share of pixels that differ."""
FRAMES = 3


def check(session: Session, graph: bytes, types: str, frames: Sequence[Mapping[str, npt.NDArray]] = ()) -> str:
    """Compares with ONNX Runtime on `frames`, or on smooth random pictures where there are none.

    Returns: how far apart they are, in words.

    Raises: `EngineError` with the figure if they are farther apart than `LARGEST`.
    """
    reference = OnnxRuntime().session(graph, Options())
    worst = 0.0
    for inputs in frames or random_inputs(session.inputs, FRAMES):
        expected = reference.run(inputs)
        for name, found in session.run(inputs).items():
            kind = np.float32 if name == VIEW else found.dtype  # a picture's bytes are no classes
            worst = max(worst, difference(found.astype(kind), expected[name].astype(kind)))
    reference.close()
    if not worst <= LARGEST[types]:
        raise EngineError(
            f"its answers differ from ONNX Runtime's by {worst:.2g} in the mean (relative), allowed for {types} are"
            f" {LARGEST[types]:g}: it is not used"
        )
    return f"{worst:.2g} from ONNX Runtime, mean relative difference"


def difference(found: npt.NDArray, expected: npt.NDArray) -> float:
    """Mean relative difference; of classes the share that differ. Infinite where one is finite and the other not."""
    if found.shape != expected.shape or not np.array_equal(np.isfinite(found), np.isfinite(expected)):
        return float("inf")
    if found.dtype == np.uint8:
        return float(np.mean(found != expected))
    finite = np.isfinite(expected)
    size = np.maximum(np.abs(expected), np.abs(expected).max(initial=0.0, where=finite) * 1e-3)
    return float(np.mean((np.abs(found - expected) / np.maximum(size, 1e-12))[finite]))


def random_inputs(tensors: Sequence[TensorInfo], count: int) -> list[dict[str, npt.NDArray]]:
    """As many inputs of a model, of `smooth_pictures`."""
    random = np.random.default_rng(0)
    return [{tensor.name: smooth_pictures(random, tensor.shape) for tensor in tensors} for _ in range(count)]


def smooth_pictures(random: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Smooth random colours with noise ``[n, height, width, 3]``: closer to what networks see than noise alone."""
    count, height, width, channels = shape
    pictures = []
    for _ in range(count):
        coarse = random.integers(0, 256, (6, 18, channels), np.uint8)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        pictures.append(np.clip(smooth + random.normal(0, 10, smooth.shape), 0, 255).astype(np.uint8))
    return np.stack(pictures)
