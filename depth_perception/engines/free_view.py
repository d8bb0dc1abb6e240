"""Models whose view is free: one file, a static graph for each size that a camera asks for."""

from __future__ import annotations

import onnx

from depth_perception.engines.contract import expected_inputs, expected_outputs
from depth_perception.engines.engine import TensorInfo
from depth_perception.model_file import ModelDescription


def best_view(model: ModelDescription, aspect: float) -> tuple[int, int]:
    """Width and height of the view in which a model sees most of a camera of this aspect (width by height).

    Of the sizes that its budget of pixels allows, the one with most pixels that show something of the camera's image
    and most of that image in them. A model whose view is not free has but one.
    """
    free = model.free_view
    if free is None:
        return model.width, model.height

    def worth(size: tuple[int, int]) -> float:
        width, height = size
        seen = min(width / height / aspect, aspect * height / width)  # the rest of the image is cut off
        return width * height * seen

    steps = range(free.multiple, free.pixels // free.multiple + 1, free.multiple)
    return max(((w, h) for h in steps for w in steps if w * h <= free.pixels), key=worth)


def of_size(model: ModelDescription, graph: bytes) -> bytes:
    """The graph for images of the size that the description says, where that is free; else as it is."""
    if model.free_view is None:
        return graph
    proto = onnx.load_model_from_string(graph)
    tensors = {tensor.name: tensor for tensor in (*expected_inputs(model), *expected_outputs(model))}
    for value in (*proto.graph.input, *proto.graph.output):
        if value.name in tensors:
            _set_shape(value, tensors[value.name])
    del proto.graph.value_info[:]  # of any size
    return bytes(proto.SerializeToString())


def _set_shape(value: onnx.ValueInfoProto, tensor: TensorInfo) -> None:
    for dimension, length in zip(value.type.tensor_type.shape.dim, tensor.shape, strict=True):
        dimension.Clear()
        dimension.dim_value = length
