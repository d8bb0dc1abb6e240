"""Every backend on small real models: the same answers, the same refusals."""

import os
import threading
import time

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from helpers.models import (
    answer_of,
    luma_depth,
    redescribe,
    write_depth_model,
    write_pose_model,
)
from onnx import TensorProto, helper, numpy_helper

from depth_perception import model_outputs
from depth_perception.engines.backend import Options
from depth_perception.engines.choose import BACKENDS, open_engine
from depth_perception.engines.engine import EngineError
from depth_perception.engines.openvino_engine import OpenVinoSession
from depth_perception.model_file import ModelDescription, ModelFileError, SemanticClass, write_model

HERE = [name for name, backend in BACKENDS.items() if backend.devices()]
HEIGHT, WIDTH = 24, 40
EXTRAS = tuple(output.name for output in model_outputs.EXTRAS)
CLASSES = tuple(SemanticClass(f"class {number}", (number, 0, 0)) for number in range(5))


@pytest.fixture(scope="session")
def image():
    return np.random.default_rng(0).integers(0, 256, (1, 32, 64, 3), np.uint8)


@pytest.fixture(scope="session")
def depth_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "depth.onnx"
    write_depth_model(path)
    return path


@pytest.fixture(scope="session")
def convolution(tmp_path_factory):
    """A model with what networks are made of, and the same computed by OpenCV: ``(path, image, depth)``."""
    random = np.random.default_rng(0)
    kernel = random.normal(0, 0.01, (1, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node("Pad", ["channels", "border"], ["padded"], mode="reflect"),
        helper.make_node("Conv", ["padded", "kernel"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["share"]),
        helper.make_node("Squeeze", ["share", "axis"], ["flat"]),
        helper.make_node("Mul", ["flat", "farthest"], ["scaled"]),
        helper.make_node("Add", ["scaled", "nearest"], ["depth"]),
    ]
    constants: dict[str, npt.NDArray] = {
        "border": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
        "kernel": kernel,
        "axis": np.array([1], np.int64),
        "farthest": np.array(80.0, np.float32),
        "nearest": np.array(0.5, np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, HEIGHT, WIDTH, 3])],
        [helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, HEIGHT, WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    path = tmp_path_factory.mktemp("models") / "convolution.onnx"
    description = ModelDescription("convolution", "depth", HEIGHT, WIDTH, 40.0, True, "convolution", "none")
    write_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), description, path)

    pixels = random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    total: npt.NDArray = np.zeros((HEIGHT, WIDTH))
    for channel in range(3):
        plane = pixels[..., channel].astype(np.float64)
        weights = kernel[0, channel].astype(np.float64)
        total = total + np.asarray(cv2.filter2D(plane, -1, weights, borderType=cv2.BORDER_REFLECT_101), np.float64)
    return path, pixels[None], 0.5 + 80 / (1 + np.exp(-total))


@pytest.mark.parametrize("backend", HERE)
def test_network_layers_agree_with_opencv(backend, convolution):
    path, pixels, expected = convolution
    engine = open_engine(path, backend)
    found = engine.run({"image": pixels})["depth"][0]
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    assert engine.description.precision == "f32"
    assert engine.description.backend == backend


def test_auto_precision_stays_near_and_says_what_it_is(convolution):
    path, pixels, expected = convolution
    engine = open_engine(path, "openvino", precision="auto")
    np.testing.assert_allclose(engine.run({"image": pixels})["depth"][0], expected, rtol=0.05)
    assert engine.description.precision in ("f32", "f16", "bf16")


@pytest.mark.parametrize("backend", HERE)
def test_depth_and_pose_models_run(backend, depth_model, image, tmp_path):
    engine = open_engine(depth_model, backend, threads=1)
    np.testing.assert_allclose(engine.run({"image": image})["depth"], luma_depth(image), rtol=1e-5)
    engine.close()
    motion = np.eye(4)
    motion[:3, 3] = [0.1, 0.2, 0.7]
    write_pose_model(tmp_path / "pose.onnx", motion=motion, frames=("before", "previous", "current"))
    engine = open_engine(tmp_path / "pose.onnx", backend)
    found = engine.run({"images": np.zeros((3, 32, 64, 3), np.uint8)})["motion"]
    np.testing.assert_allclose(found, np.stack([motion, motion]), atol=1e-6)


@pytest.mark.parametrize("backend", HERE)
def test_images_that_are_windows_of_others_are_taken(backend, depth_model):
    wide = np.random.default_rng(1).integers(0, 256, (1, 32, 100, 3), np.uint8)
    window = wide[:, :, 20:84, ::-1]
    found = open_engine(depth_model, backend).run({"image": window})["depth"]
    np.testing.assert_allclose(found, luma_depth(window), rtol=1e-5)


@pytest.mark.parametrize("backend", HERE)
def test_other_threads_run_meanwhile(backend, tmp_path):
    """A node must take messages while its network runs: the engine holds no lock that Python needs."""
    write_depth_model(tmp_path / "slow.onnx", width=832, height=256, work=6)
    engine = open_engine(tmp_path / "slow.onnx", backend, threads=1)
    pixels = np.zeros((1, 256, 832, 3), np.uint8)
    engine.run({"image": pixels})
    running, done, steps = threading.Event(), threading.Event(), 0

    def run():
        running.set()
        engine.run({"image": pixels})
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert running.wait(10)
    while not done.is_set():
        steps += 1
        done.wait(0.001)
    thread.join(10)
    assert steps > 3  # with the lock held there would be one, after the run


@pytest.mark.parametrize("backend", HERE)
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, r"inputs \[\] given, the model takes \['image'\]"),
        ({"picture": np.zeros((1, 32, 64, 3), np.uint8)}, "picture"),
        (
            {"image": np.zeros((1, 32, 65, 3), np.uint8)},
            r"uint8 \(1, 32, 65, 3\), the model takes uint8 \(1, 32, 64, 3\)",
        ),
        ({"image": np.zeros((1, 32, 64, 3), np.float32)}, "float32"),
    ],
)
def test_wrong_inputs_are_named(backend, inputs, message, depth_model):
    with pytest.raises(EngineError, match=message):
        open_engine(depth_model, backend).run(inputs)


@pytest.mark.parametrize("backend", HERE)
def test_missing_and_corrupt_models_are_refused_in_one_line(backend, depth_model, tmp_path):
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(depth_model.read_bytes()[:200])
    text = tmp_path / "text.onnx"
    text.write_text("not a model")
    for path in (tmp_path / "none.onnx", cut, text):
        with pytest.raises(ModelFileError, match=path.name) as refusal:
            open_engine(path, backend)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("backend", HERE)
def test_a_graph_the_backend_cannot_run_is_refused_in_one_line(backend, depth_model, tmp_path):
    model = onnx.load_model(str(depth_model))
    model.graph.node[0].op_type = "NoSuchOperator"
    path = tmp_path / "strange.onnx"
    onnx.save_model(model, str(path))
    with pytest.raises(EngineError, match=r"strange.onnx.*NoSuchOperator") as refusal:
        open_engine(path, backend)
    assert "\n" not in str(refusal.value)


@pytest.fixture(scope="session")
def rich_model(tmp_path_factory):
    """A depth model with all that a depth model may have."""
    path = tmp_path_factory.mktemp("models") / "rich.onnx"
    write_depth_model(path, classes=CLASSES, extras=EXTRAS[1:], two_frames=True)
    return path


@pytest.mark.parametrize("backend", HERE)
def test_models_of_two_frames_with_all_extras_run(backend, rich_model):
    before, now = images = np.random.default_rng(2).integers(0, 256, (2, 32, 64, 3), np.uint8)
    engine = open_engine(rich_model, backend)
    found = engine.run({"images": images})
    assert set(found) == {tensor.name for tensor in engine.outputs} == {"depth", *EXTRAS}
    np.testing.assert_allclose(found["depth"][0], luma_depth(now), rtol=1e-5)
    for name in EXTRAS:
        np.testing.assert_allclose(found[name][0], answer_of(name, now, before, len(CLASSES)), atol=1e-5)
    assert [found[tensor.name].dtype for tensor in engine.outputs] == [tensor.dtype for tensor in engine.outputs]
    engine.close()


@pytest.mark.parametrize("backend", HERE)
def test_what_is_not_asked_for_costs_nothing(backend, tmp_path):
    path = tmp_path / "rich.onnx"
    write_depth_model(path, width=416, height=128, extras=("confidence",), work=8, work_for="confidence")
    engine = open_engine(path, backend, threads=1)
    image = np.random.default_rng(3).integers(0, 256, (1, 128, 416, 3), np.uint8)

    def seconds(outputs):
        start = time.perf_counter()
        answer = engine.run({"image": image}, outputs)
        taken = time.perf_counter() - start
        np.testing.assert_allclose(answer["depth"], luma_depth(image), rtol=1e-5)
        return taken, answer

    everything = min(seconds(None)[0] for _ in range(3))
    for outputs in ({"depth"}, ()):
        assert min(seconds(outputs)[0] for _ in range(10)) < 0.2 * everything
    assert "confidence" in seconds({"depth", "confidence"})[1]


@pytest.mark.parametrize("backend", HERE)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"width": 100},
            r"depth at 100x32\) means input image uint8 \(1, 32, 100, 3\), its graph has image uint8 \(1, 32, 64, 3\)",
        ),
        (
            {"task": "pose", "frames": ("previous", "current")},
            r"\(pose at 64x32 with frames previous, current\) means input images uint8 \(2, 32, 64, 3\)",
        ),
        ({"frames": ("previous", "current")}, r"means input images uint8 \(2, .* has image uint8 \(1, 32, 64, 3\)"),
        (
            {"extras": ("confidence",)},
            r"means output confidence float32 \(1, 32, 64\), its graph has none of it: export it",
        ),
        (
            {"classes": CLASSES, "extras": ("semantics",)},
            r"means output semantics uint8 \(1, 32, 64\), its graph has none of it: export it again",
        ),
    ],
    ids=["size", "task", "frames", "confidence", "classes"],
)
def test_a_graph_that_is_not_what_its_description_says_is_refused(backend, changes, message, depth_model, tmp_path):
    path = tmp_path / "liar.onnx"
    redescribe(depth_model, path, **changes)
    with pytest.raises(EngineError, match=message):
        open_engine(path, backend)


@pytest.mark.parametrize("backend", HERE)
def test_outputs_that_the_description_is_silent_about_are_refused(backend, rich_model, tmp_path):
    redescribe(rich_model, tmp_path / "shy.onnx", classes=(), extras=EXTRAS[1:])
    with pytest.raises(EngineError, match=r"means output nothing else, its graph has semantics uint8 \(1, 32, 64\)"):
        open_engine(tmp_path / "shy.onnx", backend)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "tensorflow"}, "backend is 'tensorflow', expected 'auto'"),
        ({"threads": 0}, "0 threads"),
        ({"precision": "int4"}, "precision is 'int4'"),
    ],
)
def test_impossible_options_are_refused(options, message, depth_model):
    with pytest.raises(EngineError, match=message):
        open_engine(depth_model, **options)


def test_what_openvino_has_compiled_is_kept_by_its_content(tmp_path, monkeypatch, image):
    """Not by its path and time: a file that was exchanged and has the old time is another model."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "depth.onnx"
    write_depth_model(path)
    graph, time = path.read_bytes(), path.stat().st_mtime_ns
    assert [OpenVinoSession(graph, Options()).was_kept for _ in range(2)] == [False, True]
    np.testing.assert_allclose(open_engine(path, "openvino").run({"image": image})["depth"], luma_depth(image), 1e-5)
    write_depth_model(path, work=1, work_for="depth")
    os.utime(path, ns=(time, time))
    assert not OpenVinoSession(path.read_bytes(), Options()).was_kept
    (tmp_path / "cache/depth_perception/openvino").chmod(0o777)  # anybody could have put it there
    assert not OpenVinoSession(graph, Options()).was_kept
