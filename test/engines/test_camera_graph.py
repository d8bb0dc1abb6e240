"""The graph that takes the camera's image sees and answers what the usual way does, in which OpenCV rectifies."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.models import luma_depth, red_classes, write_depth_model

from depth_perception.engines import parity
from depth_perception.engines.backend import Options
from depth_perception.engines.camera_graph import of_camera
from depth_perception.engines.choose import open_engine
from depth_perception.engines.engine import EngineError
from depth_perception.engines.kept_engines import KEPT
from depth_perception.engines.model_engine import ModelEngine
from depth_perception.engines.onnxruntime_engine import OnnxRuntime, OnnxRuntimeSession
from depth_perception.engines.parity import smooth_pictures
from depth_perception.estimators.depth import DepthEstimator
from depth_perception.estimators.view import EstimatorError, NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import SemanticClass

WIDTH, HEIGHT, FOCAL = 96, 32, 40.0
CAMERAS = {
    "enlarged": Camera(60, 30, 50.0, 50.0, 29.0, 15.0),
    "barrel, in blocks of five": Camera(640, 360, 579.7, 577.2, 338.0, 194.7, (-0.268, 0.085, -0.0006, 0.0003, -0.161)),
    "fisheye": Camera(200, 150, 75.0, 75.0, 98.0, 76.0, (0.05, -0.01, 0.002, 0.0), "equidistant"),
}
CLASSES = tuple(SemanticClass(f"class {number}", (number, 0, 0)) for number in range(7))


class OnGpu(OnnxRuntime):
    """ONNX Runtime in the place of a backend that has a GPU."""

    def session(self, graph, options):
        session = OnnxRuntimeSession(graph, options, ["CPUExecutionProvider"])
        session.device = "GPU"
        return session


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "depth.onnx"
    write_depth_model(path, width=WIDTH, height=HEIGHT, focal_length=FOCAL, classes=CLASSES)
    return path


def on_gpu(path):
    return ModelEngine(path, OnGpu(), Options())


@pytest.mark.parametrize("name", CAMERAS)
def test_it_answers_as_the_usual_way_does(model, name):
    camera = CAMERAS[name]
    (image,) = smooth_pictures(np.random.default_rng(0), (1, camera.height, camera.width, 3))
    usual = DepthEstimator(open_engine(model, "onnxruntime"), camera).estimate(image, extras={"semantics"})
    result = DepthEstimator(on_gpu(model), camera).estimate(image, extras={"semantics"})
    difference = np.abs(result.image.astype(int) - usual.image)
    assert difference.max() <= 2
    assert difference.mean() < 0.3
    assert result.camera == usual.camera
    np.testing.assert_array_equal(result.valid, usual.valid)
    np.testing.assert_allclose(result.depth[result.valid], usual.depth[usual.valid], rtol=0.02, atol=0.3)
    # What was computed is of what is shown.
    own = luma_depth(result.image) * np.float32(result.camera.fx / FOCAL)
    np.testing.assert_allclose(result.depth[result.valid], own[result.valid], rtol=1e-5)
    np.testing.assert_array_equal(
        result.extras["semantics"][result.valid], red_classes(result.image, len(CLASSES))[result.valid]
    )


def test_depth_alone_comes_with_its_view(model):
    camera = CAMERAS["enlarged"]
    image = np.random.default_rng(1).integers(0, 256, (camera.height, camera.width, 3), np.uint8)
    estimator = DepthEstimator(on_gpu(model), camera)
    first = estimator.estimate(image)
    kept = first.image.copy()
    np.testing.assert_allclose(first.depth, estimator.estimate(image, extras={"semantics"}).depth)
    estimator.estimate(255 - image)
    np.testing.assert_array_equal(first.image, kept)
    engine = on_gpu(model).at(WIDTH, HEIGHT, estimator.view.sampling)
    wanted = {"depth", "camera_view"}
    assert set(engine.run({"camera_image": image[None]}, wanted)) == wanted  # the classes were not computed
    with pytest.raises(EstimatorError, match="calibration belongs to another resolution"):
        estimator.estimate(image[1:])


def test_a_camera_that_comes_again_finds_its_session(model):
    """As with each loop of a bag, and each start of a node."""
    opened = []

    class Counted(OnGpu):
        def session(self, graph, options):
            opened.append(graph)
            return super().session(graph, options)

    engine = ModelEngine(model, Counted(), Options())
    first, second = CAMERAS["enlarged"], CAMERAS["fisheye"]
    counts = []
    for camera in (first, first, second, replace(first, distortion=(0.1, 0.0, 0.0, 0.0)), first, second):
        DepthEstimator(engine, camera)
        counts.append(len(opened))
    assert counts[0] == counts[1] < counts[2] < counts[3] == counts[4] == counts[5]
    engine.close()


def test_a_camera_that_zooms_without_end_has_few_sessions(model):
    sessions: list[OnnxRuntimeSession] = []

    class Session(OnnxRuntimeSession):
        def close(self):
            super().close()
            sessions.remove(self)

    class Counted(OnnxRuntime):
        def session(self, graph, options):
            session = Session(graph, options, ["CPUExecutionProvider"])
            session.device = "GPU"
            sessions.append(session)
            return session

    engine = ModelEngine(model, Counted(), Options())
    each = len(sessions)
    cameras = [replace(CAMERAS["enlarged"], distortion=(0.01 * zoom, 0.0, 0.0, 0.0)) for zoom in range(3 * KEPT)]
    image = np.random.default_rng(1).integers(0, 256, (30, 60, 3), np.uint8)
    for camera in cameras:
        DepthEstimator(engine, camera).estimate(image)
        assert len(sessions) <= each * (1 + KEPT)
    before = list(sessions)
    for camera in (*cameras[-KEPT:], cameras[-KEPT]):  # the latest are there still
        DepthEstimator(engine, camera).estimate(image)
    assert sessions == before
    DepthEstimator(engine, cameras[0]).estimate(image)
    DepthEstimator(engine, cameras[-KEPT]).estimate(image)  # used last before that one, though it is the oldest
    assert len(set(sessions) - set(before)) == each
    engine.close()
    assert sessions == []


def test_a_cpu_goes_the_usual_way(model):
    assert not open_engine(model).rather_takes_camera
    assert on_gpu(model).rather_takes_camera


def test_models_of_two_images_go_the_usual_way_on_a_gpu_too(tmp_path):
    write_depth_model(tmp_path / "two.onnx", width=WIDTH, height=HEIGHT, two_frames=True)
    assert not on_gpu(tmp_path / "two.onnx").rather_takes_camera
    sampling = NetworkView(CAMERAS["enlarged"], WIDTH, HEIGHT).sampling
    with pytest.raises(EngineError, match="a model of images cannot take a camera's image"):
        of_camera((tmp_path / "two.onnx").read_bytes(), sampling)


class Rounding(OnnxRuntimeSession):
    """ONNX Runtime, with grey levels added to one pixel of the view in fifty."""

    def __init__(self, graph, levels):
        super().__init__(graph, Options(), ["CPUExecutionProvider"])
        self._levels = levels

    def run(self, inputs):
        answers = super().run(inputs)
        answers["camera_view"].flat[::50] += np.uint8(self._levels)  # beyond 255 it is dark
        return answers


def test_pixels_that_another_device_rounds_otherwise_do_not_refuse_it(model):
    graph = of_camera(model.read_bytes(), NetworkView(CAMERAS["enlarged"], WIDTH, HEIGHT).sampling)
    parity.check(Rounding(graph, 1), graph, "f32")
    with pytest.raises(EngineError, match="differ from ONNX Runtime's"):
        parity.check(Rounding(graph, 128), graph, "f32")


@pytest.mark.parametrize("name", ["enlarged", "barrel, in blocks of five"])
def test_tensorrt_for_rtx_builds_it(tmp_path, name):
    pytest.importorskip("tensorrt_rtx")
    from depth_perception.engines.plan_builder import build_plan
    from depth_perception.engines.tensorrt_library import library

    write_depth_model(tmp_path / "depth.onnx", width=WIDTH, height=HEIGHT)
    sampling = NetworkView(CAMERAS[name], WIDTH, HEIGHT).sampling
    assert build_plan(library(), of_camera((tmp_path / "depth.onnx").read_bytes(), sampling))
