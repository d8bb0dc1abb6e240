"""One model file for cameras of any aspect."""

import numpy as np
import onnx
import pytest
from helpers.models import luma_depth, write_depth_model

from depth_perception.engines.choose import BACKENDS, open_engine
from depth_perception.engines.contest import contest
from depth_perception.engines.engine import EngineError
from depth_perception.engines.free_view import best_view
from depth_perception.estimators.depth import DepthEstimator
from depth_perception.estimators.settings import DepthSettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import FreeView, ModelFileError, read_description, write_model
from depth_perception.settings import SettingError

HERE = [name for name, backend in BACKENDS.items() if backend.devices()]


def free(source, target, view):
    """The model at `source` with free height and width: none of its nodes minds."""
    from dataclasses import replace

    model = onnx.load_model(str(source))
    for value in (*model.graph.input, *model.graph.output):
        sizes = value.type.tensor_type.shape.dim
        sizes[1].dim_param, sizes[2].dim_param = "height", "width"
    write_model(model, replace(read_description(source), free_view=view), target)
    return target


@pytest.fixture
def model(tmp_path):
    write_depth_model(tmp_path / "fixed.onnx", width=128, height=32, extras=("confidence",), focal_length=100.0)
    return free(tmp_path / "fixed.onnx", tmp_path / "depth.onnx", FreeView(32, 128 * 32))


@pytest.mark.parametrize(
    ("pixels", "multiple", "aspect", "view"),
    [
        (384 * 1248, 96, 3.25, (1248, 384)),
        (384 * 1248, 32, 16 / 9, (928, 512)),
        (384 * 1248, 32, 4 / 3, (768, 576)),
        (384 * 1248, 96, 4 / 3, (768, 576)),
        (192 * 640, 32, 1.0, (320, 320)),
        (32 * 32, 32, 2.0, (32, 32)),
    ],
)
def test_the_view_has_the_camera_s_aspect_and_the_budget_s_pixels(pixels, multiple, aspect, view, model):
    from dataclasses import replace

    described = replace(read_description(model), height=multiple, width=multiple, free_view=FreeView(multiple, pixels))
    width, height = best_view(described, aspect)
    assert (width, height) == view
    assert width * height <= pixels


@pytest.mark.parametrize("backend", HERE)
def test_one_file_answers_at_every_size(model, backend):
    engine = open_engine(model, backend)
    for width, height in ((128, 32), (64, 64), (32, 96)):
        image = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
        other = engine.at(width, height)
        assert other.at(width, height) is other is engine.at(width, height)
        assert (other.model.width, other.model.height) == (width, height)
        answer = other.run({"image": image})
        np.testing.assert_allclose(answer["depth"], luma_depth(image), rtol=1e-5)
        assert answer["confidence"].shape == (1, height, width)
        np.testing.assert_allclose(other.run({"image": image}, {"depth"})["depth"], luma_depth(image), rtol=1e-5)
    engine.close()


@pytest.mark.parametrize(("size", "message"), [((64, 96), "at most 4096 pixels"), ((40, 32), "multiples of 32")])
def test_sizes_beyond_what_is_free_are_refused(model, size, message):
    with pytest.raises(EngineError, match=f"does not take images of {size[0]}x{size[1]}: .*{message}"):
        open_engine(model).at(*size)


def test_a_model_whose_view_is_not_free_takes_its_own_alone(model):
    engine = open_engine(model.with_name("fixed.onnx"))
    assert engine.at(128, 32) is engine
    with pytest.raises(EngineError, match="takes images of 128x32 alone, 64x64 asked for"):
        engine.at(64, 64)


def test_a_description_that_contradicts_its_free_view_is_refused(model, tmp_path):
    with pytest.raises(ModelFileError, match="its view is 128x32, expected multiples of 96"):
        free(model.with_name("fixed.onnx"), tmp_path / "other.onnx", FreeView(96, 4096))


@pytest.mark.parametrize(
    ("view", "size", "share"), [("auto", (64, 64), 1.0), ("crop", (128, 32), 0.25), ("96x32", (96, 32), 1 / 3)]
)
def test_a_square_camera_is_seen_whole(model, view, size, share):
    """Depth is that of the pixels it belongs to, and of a camera with the view's own focal length."""
    camera = Camera(200, 200, 150.0, 150.0, 99.5, 99.5)
    estimator = DepthEstimator(open_engine(model), camera, DepthSettings(view=view))
    assert (estimator.view.camera.width, estimator.view.camera.height) == size
    seen = estimator.view.camera.height / estimator.view.camera.fy / (200 / 150)
    assert seen == pytest.approx(share, rel=0.01)
    image = np.full((200, 200, 3), 100, np.uint8)
    image[:, :100] = 60
    expected = luma_depth(image[:1])[0, [0, -1]] * estimator.view.camera.fx / 100.0
    depth = estimator.estimate(image).depth
    np.testing.assert_allclose(depth[:, [0, -1]], np.tile(expected, (len(depth), 1)), rtol=1e-4)


@pytest.mark.parametrize("view", ["wide", "0x32", "64x", "64x32x3"])
def test_a_view_that_is_none_is_refused(view):
    with pytest.raises(SettingError, match="expected auto, crop, or a size such as 928x512"):
        DepthSettings(view=view)


def test_a_view_with_hardly_any_pixels_is_refused(tmp_path):
    write_depth_model(tmp_path / "fixed.onnx", width=256, height=64)
    engine = open_engine(free(tmp_path / "fixed.onnx", tmp_path / "depth.onnx", FreeView(32, 256 * 64)))
    camera = Camera(200, 200, 150.0, 150.0, 99.5, 99.5)
    assert DepthEstimator(engine, camera, DepthSettings(view="64x32")).view.camera.width == 64  # an eighth
    with pytest.raises(EstimatorError, match="the view 32x32 has less than an eighth of the pixels of 256x64"):
        DepthEstimator(engine, camera, DepthSettings(view="32x32"))


def test_tensorrt_for_rtx_builds_a_plan_for_each_view(model):
    pytest.importorskip("tensorrt_rtx")
    from depth_perception.engines.build import graphs_of
    from depth_perception.engines.plan_builder import build_plan
    from depth_perception.engines.tensorrt_library import library

    for name, graph in graphs_of(model, (64, 64)).items():
        assert name.endswith("of 64x64")
        assert build_plan(library(), graph)


def test_it_is_timed_against_others_at_the_size_it_describes(model):
    entries = contest([model, model.with_name("fixed.onnx")], rounds=1)
    assert {entry.model for entry in entries} == {str(model), str(model.with_name("fixed.onnx"))}
