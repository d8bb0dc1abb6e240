"""Models in fewer bits: one file for all backends, its loss measured and stated."""

import hashlib
import shutil

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from helpers.models import luma_depth, write_depth_model
from onnx import TensorProto, helper, numpy_helper

from depth_perception.engines import parity, variants
from depth_perception.engines.choose import BACKENDS, open_engine
from depth_perception.engines.engine import EngineError
from depth_perception.engines.measured import Measurement, Way, remember
from depth_perception.engines.onnxruntime_engine import OnnxRuntime, OnnxRuntimeSession
from depth_perception.engines.variants import bfloat16_loss, single_precision, write_variant
from depth_perception.model_file import ModelDescription, read_description, write_model

HEIGHT, WIDTH = 32, 48
FILTERS = 8


def write_network(path, *, sensitive=False):
    """Four convolutions and a disparity head: a network in small, its weights in half precision behind a Cast.

    With `sensitive` the second one has a channel a thousand times as large as the others, which the third takes away.
    """
    random = np.random.default_rng(0)
    weights = {"w0": random.normal(0, 0.3, (FILTERS, 3, 3, 3))}
    weights |= {f"w{k}": random.normal(0, 0.2, (FILTERS, FILTERS, 3, 3)) for k in (1, 2, 3)}
    weights["w4"] = random.normal(0, 0.05, (1, FILTERS, 3, 3))
    if sensitive:
        weights["w1"][0] *= 1000
        weights["w2"][:, 0] /= 1000
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "share"], ["normal"], "normalise"),
        helper.make_node("Transpose", ["normal"], ["x0"], "channels", perm=[0, 3, 1, 2]),
    ]
    for k in range(5):
        nodes.append(helper.make_node("Cast", [f"w{k}.half"], [f"w{k}"], f"single {k}", to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Conv", [f"x{k}", f"w{k}"], [f"y{k}"], f"conv {k}", pads=[1, 1, 1, 1]))
        if k < 4:
            nodes.append(helper.make_node("Relu", [f"y{k}"], [f"x{k + 1}"], f"relu {k}"))
    nodes += [
        helper.make_node("Sigmoid", ["y4"], ["unit"], "sigmoid"),
        helper.make_node("Mul", ["unit", "span"], ["above"], "span"),
        helper.make_node("Add", ["above", "least"], ["disparity"], "disparity"),
        helper.make_node("Reciprocal", ["disparity"], ["far"], "far"),
        helper.make_node("Squeeze", ["far", "axis"], ["depth"], "flat"),
    ]
    constants: dict[str, npt.NDArray] = {f"{name}.half": value.astype(np.float16) for name, value in weights.items()}
    for name, number in {"share": 1 / 255, "span": 1.0, "least": 1e-3}.items():
        constants[name] = np.array(number, np.float32)
    constants["axis"] = np.array([1], np.int64)
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, HEIGHT, WIDTH, 3])],
        [helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, HEIGHT, WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    write_model(model, ModelDescription("network", "depth", HEIGHT, WIDTH, 40.0, True, "network", "none"), path)


@pytest.fixture(scope="module")
def frames():
    random = np.random.default_rng(1)
    return [{"image": random.integers(0, 256, (1, HEIGHT, WIDTH, 3), np.uint8)} for _ in range(6)]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "network.onnx"
    write_network(path)
    return path


@pytest.fixture(scope="module")
def integers(network, frames):
    path = network.with_suffix(".int8.onnx")
    write_variant(network, "int8", frames, path)
    return path


@pytest.fixture(scope="module")
def halves(network, frames):
    path = network.with_suffix(".f16.onnx")
    write_variant(network, "f16", frames, path)
    return path


@pytest.fixture(params=["f16", "int8"])
def variant(request):
    return request.getfixturevalue({"f16": "halves", "int8": "integers"}[request.param]), request.param


@pytest.fixture
def measured_as(network, tmp_path, monkeypatch):
    """Opens the network by ``precision: auto`` after 8-bit integers were measured to be fastest, at such a loss."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def opened(loss):
        if loss is not None:
            found = [Measurement(Way("onnxruntime", "int8", 1), 1.0, loss), Measurement(EXACT, 2.0, 0.0)]
            remember(network, BACKENDS, found)
        engine = open_engine(network, precision="auto")
        engine.close()
        return engine.description

    return opened


EXACT = Way("openvino", "f32", 1)


def reduction_of(path):
    reduction = read_description(path).reduction
    assert reduction is not None
    return reduction


def answer(path, backend, frame):
    engine = open_engine(path, backend)
    return engine.run(frame)["depth"].copy()


def test_every_backend_answers_it_alike_and_near_the_original(network, variant, frames):
    path, types = variant
    loss = reduction_of(path).loss
    assert 0 < loss < variants.LARGEST_LOSS
    measured = {}
    for backend in ("onnxruntime", "openvino"):
        ratios = [answer(path, backend, frame) / answer(network, "onnxruntime", frame) for frame in frames]
        measured[backend] = np.mean(np.abs(np.stack(ratios) - 1))
    if types == "int8":
        assert max(measured.values()) == pytest.approx(loss, rel=0.05)
        assert measured["openvino"] == pytest.approx(measured["onnxruntime"], rel=0.5)
    else:  # a CPU computes in float32
        assert max(measured.values()) < loss < 1e-3


def test_the_file_says_what_it_was_made_of(network, variant, frames):
    path, types = variant
    reduction = reduction_of(path)
    assert (reduction.types, reduction.frames) == (types, len(frames))
    assert reduction.original == hashlib.sha256(network.read_bytes()).hexdigest()
    assert read_description(network).reduction is None


def test_auto_takes_integers_where_they_were_measured_to_be_fastest_and_good(integers, measured_as):
    assert measured_as(None).precision == "f32"  # not measured
    said = measured_as(0.0042)
    assert (said.backend, said.precision) == ("onnxruntime", "int8")
    assert "0.42% from float32" in said.note
    said = measured_as(0.0101)
    assert (said.backend, said.precision, said.note) == ("openvino", "f32", "")
    measured_as(0.0042)
    away = integers.rename(integers.with_suffix(".away"))
    try:
        assert measured_as(None).precision == "f32"  # measured, and gone since
    finally:
        away.rename(integers)


def test_bfloat16_is_compared_where_the_cpu_has_it(network, frames):
    loss = bfloat16_loss(network.read_bytes(), lambda: frames)
    engine = open_engine(network, "openvino", precision="bf16")
    if engine.description.precision != "bf16":
        assert loss is None
        return
    off = [parity.difference(engine.run(one)["depth"], answer(network, "onnxruntime", one)) for one in frames]
    assert loss == pytest.approx(np.mean(off), rel=1e-6)
    assert 1e-4 < np.mean(off) < 0.02


class Gpu(OnnxRuntime):
    """ONNX Runtime in the place of a backend that has a GPU, which notes how it is asked to compute."""

    def devices(self):
        return ("GPU",)

    def session(self, graph, options):
        self.reduced = options.reduced
        return OnnxRuntimeSession(graph, options, ["CPUExecutionProvider"])


@pytest.mark.parametrize("has_variant", [True, False])
def test_auto_on_a_gpu_is_what_build_has_made_plans_of(integers, network, tmp_path, has_variant):
    gpu = Gpu()
    path = network if has_variant else shutil.copy(network, tmp_path / "alone.onnx")
    engine = open_engine(path, precision="auto", backends={gpu.name: gpu})
    assert engine.description.precision == ("int8" if has_variant else "f32")
    assert not gpu.reduced


def test_tensorrt_for_rtx_builds_it(variant):
    pytest.importorskip("tensorrt_rtx")
    from depth_perception.engines.plan_builder import build_plan
    from depth_perception.engines.tensorrt_engine import graph_types
    from depth_perception.engines.tensorrt_library import library

    path, types = variant
    assert build_plan(library(), path.read_bytes())
    assert graph_types(onnx.load_model(str(path)).graph) == types


def test_disparity_to_depth_stays_in_float32(variant):
    path, _ = variant
    graph = onnx.shape_inference.infer_shapes(onnx.load_model(str(path))).graph
    types = {item.name: item.type.tensor_type.elem_type for item in graph.value_info}
    made_of = {output: node.input[0] for node in graph.node for output in node.output}
    name = "depth"
    while made_of[name] != "y4":  # back to what the last convolution answers
        name = made_of[name]
        assert types[name] == TensorProto.FLOAT
    assert not any("conv 4" in node.input[0] for node in graph.node if node.op_type == "QuantizeLinear")


def test_all_integers_are_symmetric(integers):
    """TensorRT takes no others."""
    graph = onnx.load_model(str(integers)).graph
    stored = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    points = [stored[node.input[2]] for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert len(points) > 4
    assert all(point.dtype == np.int8 and not point.any() for point in points)


def quantised_convolutions(path):
    graph = onnx.load_model(str(path)).graph
    dequantised = {node.output[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    return {node.name for node in graph.node if node.op_type == "Conv" and node.input[1] in dequantised}


def test_a_layer_that_costs_too_much_stays_in_float32(integers, frames, tmp_path):
    assert {"conv 2", "conv 3"} <= quantised_convolutions(integers)
    write_network(tmp_path / "sensitive.onnx", sensitive=True)
    write_variant(tmp_path / "sensitive.onnx", "int8", frames, tmp_path / "some.onnx")
    assert "conv 3" in quantised_convolutions(tmp_path / "some.onnx")
    assert "conv 2" not in quantised_convolutions(tmp_path / "some.onnx")


def test_what_loses_too_much_is_refused_with_the_figure(network, frames, tmp_path, monkeypatch):
    monkeypatch.setattr(variants, "LARGEST_LOSS", 1e-6)
    with pytest.raises(EngineError, match=r"'network' in f16 differs from float32 by 0\.\d% in the mean"):
        write_variant(network, "f16", frames, tmp_path / "f16.onnx")
    assert not (tmp_path / "f16.onnx").exists()


def test_what_is_reduced_already_is_refused(variant, frames, tmp_path):
    path, types = variant
    with pytest.raises(EngineError, match=f"computes in {types} already"):
        write_variant(path, "f16", frames, tmp_path / "again.onnx")


def test_without_frames_it_is_refused(network, tmp_path):
    with pytest.raises(EngineError, match="no frames to compare"):
        write_variant(network, "f16", [], tmp_path / "f16.onnx")


def test_weights_come_out_of_their_half_precision(network):
    model = single_precision(onnx.load_model(str(network)))
    assert not any(node.name.startswith("single") for node in model.graph.node)
    assert {item.data_type for item in model.graph.initializer} == {TensorProto.FLOAT, TensorProto.INT64}


def test_models_without_convolutions_are_not_quantised(frames, tmp_path):
    write_depth_model(tmp_path / "luma.onnx")
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 64, 3), np.uint8)
    with pytest.raises(EngineError, match="no layer that could be quantised"):
        write_variant(tmp_path / "luma.onnx", "int8", [{"image": image}], tmp_path / "int8.onnx")
    assert luma_depth(image).shape == (1, 32, 64)
