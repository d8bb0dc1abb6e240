"""The depth estimator with a model whose answer is known."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from helpers.models import answer_of, green_share, luma_depth, write_depth_model, write_pose_model

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.depth import DepthEstimator, DepthResult
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.settings import DepthSettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import camera_mount
from depth_perception.model_file import SCALE_SIGMA, SemanticClass
from depth_perception.model_outputs import OUTPUTS

CAMERA = Camera(64, 32, 80.0, 80.0, 31.5, 15.5)  # twice the focal length the model was trained at
IMAGE = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
OTHER = np.random.default_rng(1).integers(0, 256, (32, 64, 3), np.uint8)
CLASSES = tuple(SemanticClass(f"class {number}", (number, 0, 0)) for number in range(7))
EXTRAS = set(OUTPUTS) - {"depth", "motion"}
SECOND = 1_000_000_000


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "depth.onnx"
    write_depth_model(path, focal_length=40.0)
    return open_engine(path)


EDGE = 8
"""Columns at the left of `grey`."""


def grey(value, width=64, height=32):
    """Of one grey beside an edge of another one: what shows nothing at all is refused."""
    image = np.full((height, width, 3), value, np.uint8)
    image[:, :EDGE] = 255 - value
    return image


def test_depth_scales_with_the_focal_length(engine):
    result = DepthEstimator(engine, CAMERA).estimate(IMAGE)
    np.testing.assert_allclose(result.depth, 2.0 * luma_depth(IMAGE), rtol=1e-5)
    assert result.depth.dtype == np.float32
    np.testing.assert_array_equal(result.image, IMAGE)
    assert result.camera == CAMERA
    assert result.valid.all()
    assert (result.metric, result.scale.source) == (True, "model")


def test_a_larger_image_of_the_same_camera_has_the_same_depth(engine):
    large = Camera(256, 128, 320.0, 320.0, 127.5, 63.5)
    image = IMAGE.repeat(4, axis=0).repeat(4, axis=1)
    result = DepthEstimator(engine, large).estimate(image)
    np.testing.assert_allclose(result.depth, 2.0 * luma_depth(IMAGE), rtol=1e-5)
    assert result.camera.fx == 80.0


def test_a_result_outlives_the_next_one(engine):
    estimator = DepthEstimator(engine, CAMERA)
    first = estimator.estimate(grey(50))
    kept = first.depth.copy()
    estimator.estimate(grey(200))
    np.testing.assert_array_equal(first.depth, kept)


def test_beyond_the_range_is_infinite_and_closer_is_minus_infinite(engine):
    result = DepthEstimator(engine, CAMERA, DepthSettings(minimum_range=20.0, maximum_range=60.0)).estimate(IMAGE)
    depth = 2.0 * luma_depth(IMAGE)
    np.testing.assert_array_equal(np.isposinf(result.depth), depth > 60)
    np.testing.assert_array_equal(np.isneginf(result.depth), depth < 20)
    np.testing.assert_array_equal(result.valid, (depth >= 20) & (depth <= 60))
    assert 0 < result.valid.mean() < 1


@pytest.mark.parametrize(
    ("saturation", "limits"),
    [
        (60.0, DepthSettings(maximum_range=70.0)),  # twice the focal length: it answers up to 114
        (60.0, DepthSettings(maximum_range=70.0, scale_source="constant", scale=0.9)),
        (30.0, DepthSettings(maximum_range=100.0, scale_source="constant", scale=3.0)),
        (60.0, DepthSettings(minimum_range=0.9, maximum_range=200.0, scale_source="constant", scale=0.2)),
    ],
)
def test_the_range_holds_beside_what_the_model_saturates_at(tmp_path, saturation, limits):
    write_depth_model(tmp_path / "depth.onnx", focal_length=40.0, maximum_depth=saturation)
    depth = DepthEstimator(open_engine(tmp_path / "depth.onnx"), CAMERA, limits).estimate(IMAGE).depth
    answer = luma_depth(IMAGE)
    scaled = 2.0 * answer * (1.0 if limits.scale is None else limits.scale)
    far = (answer >= 0.95 * saturation) | (scaled > limits.maximum_range)
    near = scaled < limits.minimum_range
    np.testing.assert_allclose(depth, np.where(far, np.inf, np.where(near, -np.inf, scaled)), rtol=1e-5)
    assert 0 < (far | near).mean() < 1


def test_what_the_model_saturates_at_is_far_away_and_not_a_distance(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", focal_length=40.0, maximum_depth=40.0)
    result = DepthEstimator(open_engine(tmp_path / "depth.onnx"), CAMERA).estimate(grey(255))
    assert np.isposinf(result.depth[:, EDGE:]).all()
    assert not result.valid[:, EDGE:].any()
    assert result.valid[:, :EDGE].all()


@pytest.mark.parametrize(("share", "is_far"), [(0.945, False), (0.955, True)])
def test_a_model_saturates_within_a_twentieth_of_its_largest_depth(tmp_path, share, is_far):
    answer = luma_depth(grey(180))[0, EDGE]
    write_depth_model(tmp_path / "depth.onnx", focal_length=40.0, maximum_depth=float(answer / share))
    result = DepthEstimator(open_engine(tmp_path / "depth.onnx"), CAMERA).estimate(grey(180))
    assert np.isposinf(result.depth[:, EDGE:]).all() == is_far
    assert result.valid[:, EDGE:].all() != is_far


def test_what_the_camera_did_not_see_is_nan(engine):
    pincushion = Camera(64, 32, 40.0, 40.0, 31.5, 15.5, (0.3, 0.1, 0.0, 0.0, 0.0))
    estimator = DepthEstimator(engine, pincushion)
    result = estimator.estimate(IMAGE)
    np.testing.assert_array_equal(np.isnan(result.depth), ~estimator.view.valid)
    assert 0 < np.isnan(result.depth).mean() < 0.5


def test_a_relative_model_is_not_metric_until_it_has_a_scale(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", focal_length=40.0, metric=False)
    engine = open_engine(tmp_path / "depth.onnx")
    relative = DepthEstimator(engine, CAMERA).estimate(IMAGE)
    assert (relative.metric, relative.scale.source, relative.scale.value) == (False, "unknown", 1.0)
    scaled = DepthEstimator(engine, CAMERA, DepthSettings(scale_source="constant", scale=1.5)).estimate(IMAGE)
    assert (scaled.metric, scaled.scale) == (True, ScaleEstimate(1.5, 0.05, "constant"))
    np.testing.assert_allclose(scaled.depth, 1.5 * relative.depth, rtol=1e-5)


def test_the_scale_may_be_what_odometry_measures(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", focal_length=40.0)
    engine = open_engine(tmp_path / "depth.onnx")
    estimator = DepthEstimator(engine, CAMERA, DepthSettings(scale_source="odometry"))
    before = estimator.estimate(IMAGE)
    assert before.scale == ScaleEstimate(1.0, SCALE_SIGMA, "model")
    estimator.measured = ScaleEstimate(1.3, 0.02, "odometry")
    after = estimator.estimate(IMAGE)
    assert after.scale == estimator.measured
    np.testing.assert_allclose(after.depth, 1.3 * before.depth, rtol=1e-5)
    by_model = DepthEstimator(engine, CAMERA)
    by_model.measured = estimator.measured
    assert by_model.estimate(IMAGE).scale == before.scale


def test_odometry_has_no_depth_to_measure_a_model_without_metres_by(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", metric=False)
    with pytest.raises(EstimatorError, match="corrects the metres of a model, and 'luma_depth' knows none"):
        DepthEstimator(open_engine(tmp_path / "depth.onnx"), CAMERA, DepthSettings(scale_source="odometry"))


def test_range_is_in_metres_after_the_scale(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", focal_length=80.0, metric=False)
    settings = DepthSettings(maximum_range=100.0, scale_source="constant", scale=10.0)
    estimator = DepthEstimator(open_engine(tmp_path / "depth.onnx"), CAMERA, settings)
    assert estimator.estimate(grey(30)).valid[:, EDGE:].all()  # 6.8 units, 68 m
    assert not estimator.estimate(grey(100)).valid[:, EDGE:].any()  # 20.2 units, 202 m


ROAD = Camera(320, 128, 160.0, 160.0, 159.5, 20.0)
FALL = ROAD.rays()[..., 1]


def road(height_in_units):
    """The picture of a road whose grey is its depth, so many units below the camera."""
    units = np.where(FALL > 0.06, height_in_units / np.where(FALL > 0.06, FALL, 1.0), 50.0)
    grey_levels = np.clip(np.rint((units - 1.0) / 49.0 * 255.0), 0, 255).astype(np.uint8)
    return np.repeat(grey_levels[..., None], 3, axis=2)


@pytest.fixture
def on_the_road(tmp_path):
    """Of a camera 1.5 m above the ground, with a model that does not know metres."""
    write_depth_model(tmp_path / "depth.onnx", width=320, height=128, focal_length=160.0, metric=False)
    settings = DepthSettings(scale_source="ground_plane", maximum_range=100.0)
    mount = camera_mount([0.0, 0.0, 1.5, 0.0, 0.0, 0.0])
    return DepthEstimator(open_engine(tmp_path / "depth.onnx"), ROAD, settings, body_from_camera=mount), settings


def test_scale_from_the_ground(on_the_road):
    result = on_the_road[0].estimate(road(3.0))  # 2 units a metre
    assert (result.metric, result.scale.source) == (True, "ground_plane")
    assert result.scale.value == pytest.approx(0.5, rel=0.01)
    assert result.depth[60, 160] == pytest.approx(1.5 / FALL[60, 160], rel=0.05)


def test_another_limit_does_not_forget_the_scale_that_was_measured(on_the_road):
    estimator, settings = on_the_road
    for _ in range(10):
        before = estimator.estimate(road(3.0))
    estimator.change(replace(settings, maximum_range=20.0))
    after = estimator.estimate(grey(178, 320, 128))  # a wall 35.2 units away, and no road in sight
    assert after.scale == before.scale
    np.testing.assert_allclose(after.depth[:, EDGE:], 35.2 * before.scale.value, rtol=1e-3)
    assert np.isposinf(estimator.estimate(grey(255, 320, 128)).depth[:, EDGE:]).all()  # 25 m now


def test_a_constant_scale_changes_while_it_runs(engine):
    settings = DepthSettings(scale_source="constant", scale=1.0)
    estimator = DepthEstimator(engine, CAMERA, settings)
    before = estimator.estimate(IMAGE)
    estimator.change(replace(settings, scale=1.5, scale_sigma=0.01))
    after = estimator.estimate(IMAGE)
    assert after.scale == ScaleEstimate(1.5, 0.01, "constant")
    np.testing.assert_allclose(after.depth, 1.5 * before.depth, rtol=1e-5)
    with pytest.raises(EstimatorError, match="scale_source is constant, model asked for: make a new estimator"):
        estimator.change(DepthSettings())


@pytest.mark.parametrize(
    ("mount", "message"),
    [(None, "set camera_pose"), (camera_mount([1.0, 0.0, -0.1, 0.0, 0.0, 0.0]), "camera height is -0.1 m above")],
)
def test_the_ground_needs_a_camera_above_it(engine, mount, message):
    with pytest.raises(EstimatorError, match=message):
        DepthEstimator(engine, CAMERA, DepthSettings(scale_source="ground_plane"), body_from_camera=mount)


def test_a_pose_model_is_refused(tmp_path):
    write_pose_model(tmp_path / "pose.onnx")
    with pytest.raises(EstimatorError, match="pose model, expected a depth model"):
        DepthEstimator(open_engine(tmp_path / "pose.onnx"), CAMERA)


@pytest.mark.parametrize(("grey_level", "noise"), [(0, 0), (128, 0), (255, 0), (10, 4), (128, 4)])
def test_an_image_that_shows_nothing_is_refused(engine, grey_level, noise):
    """A covered lens, with its sensor's noise; that of a street at night is not one."""
    random = np.random.default_rng(0)
    image = np.clip(random.normal(grey_level, noise, (128, 256, 1)).repeat(3, axis=2), 0, 255).astype(np.uint8)
    estimator = DepthEstimator(engine, Camera(256, 128, 320.0, 320.0, 127.5, 63.5))
    with pytest.raises(EstimatorError, match="the image shows nothing"):
        estimator.estimate(image)
    image[40:60, 100:120] += 40 if grey_level < 200 else 216  # a lamp, or in the light a shade
    assert estimator.estimate(image).valid.all()


def test_what_a_sensor_writes_into_its_first_row_is_nothing_to_see(engine):
    image = np.full((128, 256, 3), 30, np.uint8)
    image[0, ::2] = 110
    estimator = DepthEstimator(engine, Camera(256, 128, 320.0, 320.0, 127.5, 63.5))
    with pytest.raises(EstimatorError, match="the image shows nothing"):
        estimator.estimate(image)


def test_a_fine_texture_is_something_to_see(engine):
    """Of asphalt before the camera, or a chessboard, whose brightness is the same all over."""
    random = np.random.default_rng(0)
    estimator = DepthEstimator(engine, Camera(256, 128, 320.0, 320.0, 127.5, 63.5))
    asphalt = np.clip(random.normal(100, 10, (128, 256, 1)).repeat(3, axis=2), 0, 255).astype(np.uint8)
    board = np.where((np.indices((128, 256)) // 8).sum(axis=0) % 2, 64, 192).astype(np.uint8)
    for image in (asphalt, np.repeat(board[..., None], 3, axis=2)):
        assert estimator.estimate(image).valid.all()


def test_an_image_of_another_resolution_is_refused(engine):
    with pytest.raises(EstimatorError, match="another resolution"):
        DepthEstimator(engine, CAMERA).estimate(np.zeros((64, 64, 3), np.uint8))


@pytest.fixture(scope="session")
def rich(tmp_path_factory):
    """A model of one frame that answers all there is."""
    path = tmp_path_factory.mktemp("models") / "rich.onnx"
    write_depth_model(path, focal_length=40.0, classes=CLASSES, extras=tuple(EXTRAS - {"semantics"}))
    return open_engine(path)


@pytest.fixture(scope="session")
def two_frames(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "two_frames.onnx"
    write_depth_model(path, focal_length=40.0, extras=("confidence",), two_frames=True)
    return open_engine(path)


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_extras_come_when_asked_for_and_outlive_the_next_ones(rich, name):
    estimator = DepthEstimator(rich, CAMERA)
    assert estimator.estimate(IMAGE).extras == {}
    alone, result = estimator.estimate(IMAGE, extras=[name]), estimator.estimate(IMAGE, extras=EXTRAS)
    estimator.estimate(OTHER, extras=EXTRAS)
    assert (set(alone.extras), set(result.extras)) == ({name}, EXTRAS)
    for values in (alone.extras[name], result.extras[name]):
        np.testing.assert_allclose(values, answer_of(name, IMAGE, classes=7), atol=1e-6)
        assert values.dtype == OUTPUTS[name].dtype
    np.testing.assert_allclose(result.depth, 2.0 * luma_depth(IMAGE), rtol=1e-5)


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_extras_of_what_the_camera_did_not_see_are_invalid(rich, name):
    pincushion = Camera(64, 32, 40.0, 40.0, 31.5, 15.5, (0.3, 0.1, 0.0, 0.0, 0.0))
    estimator = DepthEstimator(rich, pincushion)
    found = estimator.estimate(IMAGE, extras=[name]).extras[name]
    unseen = ~estimator.view.valid
    assert 0 < unseen.mean() < 0.5
    invalid = found == 255 if name == "semantics" else np.isnan(found)
    assert invalid[unseen].all()
    assert not invalid[~unseen].any()


def test_what_the_model_does_not_have_is_refused(engine, two_frames):
    with pytest.raises(EstimatorError, match="semantics asked for, 'luma_depth' has nothing beside depth"):
        DepthEstimator(engine, CAMERA).estimate(IMAGE, extras={"semantics"})
    with pytest.raises(EstimatorError, match="semantics asked for, 'luma_depth' has confidence beside depth"):
        DepthEstimator(two_frames, CAMERA).estimate(IMAGE, extras={"semantics", "confidence"})


def confidence(result: DepthResult) -> npt.NDArray[np.float32]:
    return result.extras["confidence"]


def test_two_frames_are_the_one_before_and_the_current_one(two_frames):
    estimator = DepthEstimator(two_frames, CAMERA)
    first = estimator.estimate(IMAGE, 10 * SECOND, extras={"confidence"})
    np.testing.assert_allclose(first.depth, 2.0 * luma_depth(IMAGE), rtol=1e-5)
    assert np.isnan(confidence(first)).all()
    second = estimator.estimate(OTHER, 11 * SECOND, extras={"confidence"})
    np.testing.assert_allclose(second.depth, 2.0 * luma_depth(OTHER), rtol=1e-5)
    np.testing.assert_allclose(confidence(second), green_share(OTHER, IMAGE), atol=1e-5)
    third = estimator.estimate(OTHER, 12 * SECOND, extras={"confidence"})
    np.testing.assert_allclose(confidence(third), 1.0, atol=1e-5)


def test_the_frame_before_counts_although_its_confidence_was_not_asked_for(two_frames):
    estimator = DepthEstimator(two_frames, CAMERA)
    estimator.estimate(IMAGE, 10 * SECOND)
    result = estimator.estimate(OTHER, 11 * SECOND, extras={"confidence"})
    np.testing.assert_allclose(confidence(result), green_share(OTHER, IMAGE), atol=1e-5)


@pytest.mark.parametrize(
    "stamp",
    [None, 10 * SECOND, 9 * SECOND, 11 * SECOND + 1],
    ids=["without a stamp", "the same stamp", "time went back", "a gap"],
)
def test_a_frame_that_follows_nothing_has_no_confidence(two_frames, stamp):
    estimator = DepthEstimator(two_frames, CAMERA)
    estimator.estimate(IMAGE, 10 * SECOND)
    result = estimator.estimate(OTHER, stamp, extras={"confidence"})
    assert np.isnan(confidence(result)).all()
    np.testing.assert_allclose(result.depth, 2.0 * luma_depth(OTHER), rtol=1e-5)
    if stamp is not None:  # and the next one follows it
        again = estimator.estimate(IMAGE, stamp + 1, extras={"confidence"})
        np.testing.assert_allclose(confidence(again), green_share(IMAGE, OTHER), atol=1e-5)
