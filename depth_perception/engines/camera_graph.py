"""A model's graph that takes the camera's image as it is: rectified, cropped and resized where the network runs.

On a GPU that leaves one upload, of the image, and one download, of what the network answers and of the view it saw.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from depth_perception.engines.engine import EngineError

CAMERA, VIEW = "camera_image", "camera_view"  # networks have tensors of their own that are called view
"""The input, uint8 RGB ``[1, camera height, camera width, 3]``; and an output beside the model's own, what the network
was given of it, uint8 RGB ``[1, height, width, 3]``."""

HALF = 0.501
"""What is added before rounding down. Between pixels, just one half is common, and would be rounded up on one device
and down on another."""


@dataclass(frozen=True, eq=False)
class Sampling:
    """Where in a camera's image the pixels of a view lie. Those that lie at the same places are equal, so that a camera
    that comes again finds its session; the arrays must not be written to.

    Attributes:
        width, height: of the camera's image.
        columns, rows: float32 ``[blocks * view height, blocks * view width]`` each, in pixels whose centres are whole
            numbers; beyond the image its outermost pixels go on.
        blocks: a pixel of the view is the mean of as many by as many of them.
    """

    width: int
    height: int
    columns: npt.NDArray[np.float32]
    rows: npt.NDArray[np.float32]
    blocks: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sampling) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @cached_property
    def _content(self) -> tuple[int, int, int, tuple[int, ...], bytes]:
        places = hashlib.sha256(self.columns.tobytes() + self.rows.tobytes()).digest()
        return self.width, self.height, self.blocks, self.columns.shape, places


def of_camera(graph: bytes, sampling: Sampling) -> bytes:
    """The graph of a model of one ``image``, with `CAMERA` in its place and `VIEW` among its outputs.

    Raises: `EngineError` if it takes something else.
    """
    model = onnx.load_model_from_string(graph)
    if [tensor.name for tensor in model.graph.input] != ["image"]:
        given = ", ".join(tensor.name for tensor in model.graph.input)
        raise EngineError(f"a model of {given} cannot take a camera's image, one of image alone can")
    height, width = (length // sampling.blocks for length in sampling.columns.shape)
    # From -1 at the centre of the first pixel to 1 at that of the last.
    columns = 2 * sampling.columns / max(sampling.width - 1, 1) - 1
    rows = 2 * sampling.rows / max(sampling.height - 1, 1) - 1
    places = numpy_helper.from_array(np.stack([columns, rows], axis=-1)[None].astype(np.float32), "camera.places")
    nodes = [
        helper.make_node("Cast", [CAMERA], ["camera.float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["camera.float"], ["camera.channels"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "GridSample",
            ["camera.channels", "camera.places"],
            ["camera.sampled"],
            padding_mode="border",
            align_corners=1,
        ),
        helper.make_node(
            "AveragePool",
            ["camera.sampled"],
            ["camera.mean"],
            kernel_shape=[sampling.blocks] * 2,
            strides=[sampling.blocks] * 2,
        ),
        helper.make_node("Transpose", ["camera.mean"], ["camera.view"], perm=[0, 2, 3, 1]),
        helper.make_node("Add", ["camera.view", "camera.half"], ["camera.above"]),
        helper.make_node("Floor", ["camera.above"], ["camera.whole"]),
        helper.make_node("Cast", ["camera.whole"], [VIEW], to=TensorProto.UINT8),
    ]
    for index, node in enumerate(nodes):
        node.name = f"camera {index}"
    for node in model.graph.node:  # float32 in whole numbers: TensorRT has bytes at the ends of a graph alone
        node.input[:] = ["camera.whole" if name == "image" else name for name in node.input]
    all_nodes = [*nodes, *model.graph.node]
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend(all_nodes)
    model.graph.initializer.extend([places, numpy_helper.from_array(np.array(HALF, np.float32), "camera.half")])
    model.graph.input.append(
        helper.make_tensor_value_info(CAMERA, TensorProto.UINT8, [1, sampling.height, sampling.width, 3])
    )
    model.graph.output.append(helper.make_tensor_value_info(VIEW, TensorProto.UINT8, [1, height, width, 3]))
    return bytes(model.SerializeToString())
