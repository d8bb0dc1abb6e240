"""Lengths in metres, in a street whose geometry is known, with depth that is wrong by a factor."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from helpers.corridor import CAMERA, HEIGHT, Corridor, View, driven
from helpers.models import write_pose_model

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.measured_speed import SpeedComparison
from depth_perception.estimators.odometry import Motion
from depth_perception.estimators.road_height import RoadHeight, RoadHeightMeter, largest_tilt
from depth_perception.estimators.scale import UNKNOWN_SCALE, ScaleEstimate
from depth_perception.estimators.scale_fusion import ScaleFusion
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, inverse, pose_from, rotation_from_vector
from depth_perception.settings import SettingError

MOUNT = pose_from(np.eye(3), [0.8, 0.1, HEIGHT]) @ BODY_FROM_OPTICAL
STEP = 100_000_000
SPEED = 7.0
FRAMES = 30


@pytest.fixture(scope="module")
def views():
    street, step = Corridor(), pose_from(rotation_from_vector([0.0, 0.01, 0.0]), [0.0, 0.0, SPEED * STEP * 1e-9])
    return [street.see(pose) for pose in driven([step] * (FRAMES - 1))]


@pytest.fixture
def engine(tmp_path):
    write_pose_model(tmp_path / "pose.onnx", motion=pose_from(np.eye(3), [0.0, 0.0, 0.5]), focal_length=50.0)
    return open_engine(tmp_path / "pose.onnx")


def drive(engine, views, source, *, depth_error=0.8, scale=1.0, speed=lambda index: SPEED) -> list[Motion]:
    """The motions; the speed is measured in the middle between images."""
    odometry = CameraOdometry(engine, CAMERA, MOUNT, OdometrySettings(scale_source=source))
    return drive_with(odometry, views, depth_error=depth_error, scale=ScaleEstimate(scale, 0.2, "model"), speed=speed)


def drive_with(odometry, views, *, depth_error, scale, speed=lambda index: SPEED, each=lambda: None) -> list[Motion]:
    motions = []
    for index, view in enumerate(views):
        stamp = (index + 1) * STEP
        if speed(index) is not None:
            odometry.add_speed(stamp - STEP // 2, speed(index))
        motion = odometry.update(view.image, stamp)
        odometry.add_depth(stamp, depth_error * view.depth, CAMERA, scale)
        if motion is not None:
            motions.append(motion)
        each()
    return motions


def lengths(motions):
    """As shares of what they are."""
    return np.array([motion.linear_velocity[0] for motion in motions]) / SPEED


def settled(motions):
    return float(np.mean(lengths(motions)[FRAMES // 2 :]))


def test_depth_that_is_wrong_makes_wrong_lengths(engine, views):
    assert settled(drive(engine, views, "auto")) == pytest.approx(0.8, rel=0.03)


MODEL = ScaleEstimate(1.0, 0.2, "model")
OFF_THE_GROUND = pose_from(np.eye(3), [0.8, 0.1, HEIGHT - 0.4]) @ BODY_FROM_OPTICAL


@pytest.mark.parametrize("depth_error", [0.92, 1.08])
def test_the_height_that_nobody_asked_for_mends_what_it_does_not_contradict(engine, views, depth_error):
    odometry = CameraOdometry(engine, CAMERA, MOUNT)
    motions = drive_with(odometry, views, depth_error=depth_error, scale=MODEL)
    assert settled(motions) == pytest.approx(1.0, abs=0.03)
    assert motions[-1].scale.source == "ground_plane"
    assert odometry.mismatch is None


@pytest.mark.parametrize(("depth_error", "mount", "posed", "seen"), [
    (1.0, OFF_THE_GROUND, HEIGHT - 0.4, HEIGHT), (0.8, MOUNT, HEIGHT, 0.8 * HEIGHT),
], ids=["the base frame is not on the ground", "depth is wrong"])  # fmt: skip
def test_what_it_contradicts_stays_and_is_said(engine, views, depth_error, mount, posed, seen):
    """Which of the two it is, the images cannot tell."""
    odometry, said = CameraOdometry(engine, CAMERA, mount), []
    motions = drive_with(
        odometry, views, depth_error=depth_error, scale=MODEL, each=lambda: said.append(odometry.mismatch)
    )
    assert settled(motions) == pytest.approx(depth_error, rel=0.03)
    assert motions[-1].scale == MODEL
    assert odometry.depth_scale is None
    (height,) = {mismatch for mismatch in said if mismatch is not None}
    assert height.posed == pytest.approx(posed)
    assert height.seen == pytest.approx(seen, rel=0.05)
    assert said.index(height) < 14  # images, a second and a half
    assert said[-3:].count(None) > 0  # nothing has been measured just then


def test_lengths_of_no_known_unit_contradict_nothing(tmp_path, views):
    write_pose_model(tmp_path / "pose.onnx", focal_length=50.0, metric=False)
    odometry = CameraOdometry(open_engine(tmp_path / "pose.onnx"), CAMERA, OFF_THE_GROUND)
    motions = drive_with(odometry, views, depth_error=3.0, scale=UNKNOWN_SCALE)
    assert settled(motions) == pytest.approx((HEIGHT - 0.4) / HEIGHT, abs=0.03)


@pytest.mark.parametrize("mount", [
    BODY_FROM_OPTICAL, pose_from(np.diag([1.0, -1.0, -1.0]), [0.0, 0.0, 2.0]),
], ids=["in the base frame's origin", "looking straight down"])  # fmt: skip
def test_a_camera_that_sees_no_road_is_none_the_worse(engine, views, mount):
    odometry = CameraOdometry(engine, CAMERA, mount)
    motions = drive_with(odometry, views, depth_error=1.0, scale=MODEL)
    assert {motion.scale.source for motion in motions} == {"model"}
    assert odometry.mismatch is None


@pytest.mark.parametrize(("source", "tells", "step", "looks"), [
    ("auto", True, 1.6, range(29, 33)), ("ground_plane", True, 1.6, range(170, 200)),
    ("auto", False, 1.6, range(108, 116)), ("ground_plane", False, 1.6, range(170, 200)),
    ("auto", False, 0.2, range(118, 126)),
])  # fmt: skip
def test_who_was_not_asked_for_it_looks_once_a_second(engine, monkeypatch, source, tells, step, looks):
    """For twenty seconds: as soon as the height is known, and where the road tells nothing after ten; a look that takes
    a second is followed by four without."""
    count = looks_of(monkeypatch, tells=tells)
    drive(engine, ahead(step, 200), source, depth_error=1.0)
    assert len(count) in looks


def looks_of(monkeypatch, *, tells=True):
    """Grows by one with each look at the road."""
    count, measure = [], RoadHeightMeter.measure

    def counted(self, *arguments):
        count.append(0)
        return measure(self, *arguments) if tells else None

    monkeypatch.setattr(RoadHeightMeter, "measure", counted)
    return count


def ahead(step, frames):
    """Views of a street, a step apart."""
    street = Corridor()
    return [street.see(pose) for pose in driven([pose_from(np.eye(3), [0.0, 0.0, step])] * (frames - 1))]


def test_what_was_recognised_anew_is_given_ten_seconds_again(engine, monkeypatch):
    """For fifteen seconds it says something in each fifth look: never is one left out."""
    count = []

    def measure(self, image, pose, expected, *rest):
        count.append(0)
        return None if len(count) % 5 else RoadHeight(expected * np.exp(0.5 * (-1) ** len(count)), 0.01, np.zeros(3))

    monkeypatch.setattr(RoadHeightMeter, "measure", measure)
    drive(engine, ahead(1.6, 150), "auto", depth_error=1.0)
    assert len(count) > 140


def test_an_image_that_is_left_out_ends_no_pause(engine, monkeypatch, views):
    count = looks_of(monkeypatch)
    odometry = CameraOdometry(engine, CAMERA, MOUNT)
    for index, view in enumerate(views):
        for _ in range(2):  # a driver that sends each image twice
            odometry.update(view.image, (index + 1) * STEP)
        odometry.add_depth((index + 1) * STEP, view.depth, CAMERA, MODEL)
    assert len(count) < 16


def test_after_time_went_back_it_looks_again(engine, monkeypatch, views):
    count = looks_of(monkeypatch)
    odometry = CameraOdometry(engine, CAMERA, MOUNT)
    for start in (100, 1):
        before = len(count)
        for index, view in enumerate(views):
            odometry.update(view.image, (start + index) * STEP)
        assert len(count) - before >= 3


@pytest.mark.parametrize("source", ["auto", "ground_plane"])
def test_at_rest_nothing_is_looked_at(engine, monkeypatch, source):
    count, moving = looks_of(monkeypatch), ahead(0.7, 20)
    standing = [View(moving[-1].image ^ np.uint8(k % 2), moving[-1].depth) for k in range(40)]
    odometry = CameraOdometry(engine, CAMERA, MOUNT, OdometrySettings(scale_source=source))
    drive_with(odometry, moving, depth_error=1.0, scale=MODEL)
    before = len(count)
    for index, view in enumerate(standing, len(moving)):
        odometry.update(view.image, (index + 1) * STEP)
        odometry.add_depth((index + 1) * STEP, view.depth, CAMERA, MODEL)
    assert odometry.source == "standstill"
    assert len(count) - before < 5


def test_who_drives_backwards_is_not_asked(engine):
    """A look would find the road 8 % too near: what comes into view was never seen sharply."""
    odometry = CameraOdometry(engine, CAMERA, MOUNT)
    motions = drive_with(odometry, ahead(0.5, 40)[::-1], depth_error=1.0, scale=MODEL)
    assert motions[-1].linear_velocity[0] < 0
    assert {motion.scale.source for motion in motions} == {"model"}
    assert odometry.depth_scale is None


@pytest.mark.parametrize("source", ["auto", "ground_plane"])
def test_lengths_in_another_unit_are_measured_anew(tmp_path, monkeypatch, source):
    """Depth comes two seconds late; until then the network says lengths, an eighth too short."""
    count, looks = looks_of(monkeypatch), []
    write_pose_model(tmp_path / "pose.onnx", motion=pose_from(np.eye(3), [0.0, 0.0, 0.62]), focal_length=50.0)
    odometry = CameraOdometry(open_engine(tmp_path / "pose.onnx"), CAMERA, MOUNT, OdometrySettings(scale_source=source))
    speeds, said = [], []
    for index, view in enumerate(ahead(0.7, 45)):
        motion = odometry.update(view.image, (index + 1) * STEP)
        if index >= 20:
            odometry.add_depth((index + 1) * STEP, view.depth, CAMERA, MODEL)
        speeds.append(np.nan if motion is None else motion.linear_velocity[0] / 7.0)
        said.append(odometry.mismatch)
        looks.append(len(count))
    assert looks[24] > looks[21]  # at once
    np.testing.assert_allclose(speeds[22:], 1.0, atol=0.06)
    assert np.mean(speeds[30:]) == pytest.approx(1.0, abs=0.03)
    assert said[22:] == [None] * len(said[22:])


@pytest.mark.parametrize(("depth_error", "scale"), [(0.8, 1.0), (1.0, 1.0), (1.25, 1.0), (0.8, 0.8), (1.0, 10.0)])
def test_the_height_above_the_road_makes_them_right(engine, views, depth_error, scale):
    """Whether the network's depth is wrong, or what it was multiplied with."""
    motions = drive(engine, views, "ground_plane", depth_error=depth_error, scale=scale)
    assert settled(motions) == pytest.approx(1.0, abs=0.03)
    assert motions[-1].scale.source == "ground_plane"
    assert motions[-1].scale.value == pytest.approx(scale / depth_error, rel=0.06)  # lengths, and their unit, 3 % each
    assert 0.01 < motions[-1].scale.sigma < 0.06


def test_a_measured_speed_makes_them_right(engine, views):
    rng = np.random.default_rng(0)
    motions = drive(engine, views, "speed", speed=lambda _: SPEED * rng.normal(1.0, 0.02))
    assert settled(motions) == pytest.approx(1.0, abs=0.03)
    assert motions[-1].scale.source == "speed"


def test_a_speed_that_falls_silent_leaves_the_scale_as_it_was(engine, views):
    motions = drive(engine, views, "speed", speed=lambda index: SPEED if index < FRAMES // 2 else None)
    assert settled(motions) == pytest.approx(1.0, abs=0.03)


def test_both_together_are_named_and_surer(engine, views):
    motions = drive(engine, views, "fused")
    assert settled(motions) == pytest.approx(1.0, abs=0.03)
    assert motions[-1].scale.source == "ground_plane+speed"
    assert motions[-1].scale.sigma < drive(engine, views, "ground_plane")[-1].scale.sigma


@pytest.mark.parametrize("source", ["speed", "ground_plane", "fused"])
@pytest.mark.parametrize("depth_error", [0.8, 1.5])
def test_depth_takes_over_what_is_measured_and_neither_follows_the_other(engine, views, source, depth_error):
    """Were its own correction not taken out again of the depth that odometry is given, both would grow without end."""
    odometry = CameraOdometry(engine, CAMERA, MOUNT, OdometrySettings(scale_source=source))
    told, motions, values = ScaleEstimate(1.0, 0.2, "model"), [], []
    for index, view in enumerate(views):
        stamp = (index + 1) * STEP
        odometry.add_speed(stamp, SPEED)
        motion = odometry.update(view.image, stamp)
        told = odometry.depth_scale or told
        odometry.add_depth(stamp, told.value * depth_error * view.depth, CAMERA, told)
        values.append(told.value * depth_error)
        motions += [] if motion is None else [motion]
    assert values[0] == depth_error
    assert told.source == "odometry"
    assert told.sigma < 0.06
    np.testing.assert_allclose(values[FRAMES // 2 :], 1.0, atol=0.06)
    assert settled(motions) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("settings", [
    OdometrySettings(scale_source="model"), OdometrySettings(motion="posenet", scale_source="speed"),
], ids=["nothing is measured", "lengths are the pose network's"])  # fmt: skip
def test_there_is_no_scale_of_depth_where_none_was_measured(engine, views, settings):
    odometry = CameraOdometry(engine, CAMERA, MOUNT, settings)
    for index, view in enumerate(views):
        odometry.add_speed((index + 1) * STEP, SPEED)
        odometry.update(view.image, (index + 1) * STEP)
        odometry.add_depth((index + 1) * STEP, view.depth, CAMERA, ScaleEstimate(1.0, 0.2, "model"))
    assert odometry.depth_scale is None


def test_a_pose_network_alone_takes_the_speed_too(engine, views):
    odometry = CameraOdometry(engine, CAMERA, MOUNT, OdometrySettings(motion="posenet", scale_source="speed"))
    for index, view in enumerate(views):
        odometry.add_speed((index + 1) * STEP, SPEED)
        motion = odometry.update(view.image, (index + 1) * STEP)
    assert motion is not None
    assert motion.linear_velocity[0] == pytest.approx(SPEED, rel=0.02)
    assert odometry.source == "network"


def test_the_road_needs_refined_motion_and_a_camera_above_it(engine):
    with pytest.raises(SettingError, match="expected motion refined"):
        OdometrySettings(motion="posenet", scale_source="ground_plane")
    with pytest.raises(EstimatorError, match="needs a base frame on the ground"):
        CameraOdometry(engine, CAMERA, BODY_FROM_OPTICAL, OdometrySettings(scale_source="ground_plane"))


@pytest.mark.parametrize(("lines", "contrast"), [([4, 508], 0.08), ([3, 509], 0.05)])
def test_solid_lines_on_a_fast_road_of_faint_texture_do_not_hide_how_far_it_moved(lines, contrast):
    """At 87 km/h the road moves by more than it is high, and markings along the way look alike wherever it went to."""
    street, step = Corridor(), pose_from(np.eye(3), [0.0, 0.0, 2.4])
    road = street.textures[0]
    road[:] = 128 + (road - 127.5) * contrast
    road[lines] = 235.0
    greys = [cv2.cvtColor(street.see(pose).image, cv2.COLOR_RGB2GRAY) for pose in driven([step] * 4)]
    meter = RoadHeightMeter(CAMERA, -MOUNT[2, :3])
    for first, second in pairwise(greys):
        for error in (0.85, 1.0, 1.15):
            meter.begin(first)
            found = meter.measure(second, inverse(step), error * HEIGHT, 0.1, 24.0)
            assert found is not None
            assert found.height == pytest.approx(HEIGHT, rel=0.06)


@pytest.mark.parametrize("error", [1.55, 1 / 1.55])
def test_what_fits_best_at_the_end_of_what_is_tried_is_not_believed(error):
    """Nobody knows how much better it would fit beyond; who expects less of what is expected looks further."""
    street, step = Corridor(), pose_from(np.eye(3), [0.0, 0.0, 2.4])
    greys = [cv2.cvtColor(street.see(pose).image, cv2.COLOR_RGB2GRAY) for pose in driven([step])]
    meter = RoadHeightMeter(CAMERA, -MOUNT[2, :3])
    meter.begin(greys[0])
    assert meter.measure(greys[1], inverse(step), error * HEIGHT, 0.1, 7.0) is None
    found = meter.measure(greys[1], inverse(step), error * HEIGHT, 0.5, 7.0)
    assert found is not None
    assert found.height == pytest.approx(HEIGHT, rel=0.06)


@pytest.mark.parametrize("way", [0.3, 0.4, 0.7])
@pytest.mark.parametrize("error", [0.8, 1.0, 1.25])
def test_a_step_that_moves_the_road_by_a_few_pixels_says_how_high_the_camera_is(way, error):
    """Few heights are tried then, up to 1.5 times the expected one: those at the end of these as well."""
    street, step = Corridor(), pose_from(np.eye(3), [0.0, 0.0, way])
    greys = [cv2.cvtColor(street.see(pose).image, cv2.COLOR_RGB2GRAY) for pose in driven([step])]
    meter = RoadHeightMeter(CAMERA, -MOUNT[2, :3])
    meter.begin(greys[0])
    found = meter.measure(greys[1], inverse(step), error * HEIGHT, 0.1, 7.0)
    assert found is not None
    assert found.height == pytest.approx(HEIGHT, rel=0.08)


@pytest.mark.parametrize(("step", "ways"), [(1.4, [1.4, 2.8]), (2.4, [2.4])])
def test_a_road_that_is_soon_out_of_sight_is_looked_for_in_every_image(engine, monkeypatch, step, ways):
    """Two steps of a fast vehicle are more than a camera 1.5 m above the road sees of it."""
    seen = []

    def measure(self, image, pose, *known) -> None:
        seen.append(float(np.linalg.norm(pose[:3, 3])))

    monkeypatch.setattr(RoadHeightMeter, "measure", measure)
    street = Corridor()
    views = [street.see(pose) for pose in driven([pose_from(np.eye(3), [0.0, 0.0, step])] * 8)]
    drive(engine, views, "ground_plane", depth_error=1.0)
    assert sorted({min(ways, key=lambda way: abs(way - one)) for one in seen[1:]}) == ways
    assert all(min(abs(way - one) for way in ways) < 0.15 * step for one in seen[1:])


def test_roads_bend_up_and_down_the_less_the_faster_they_are_driven():
    assert largest_tilt(0.0) == largest_tilt(8.0) == pytest.approx(np.radians(4.6), abs=1e-3)
    assert largest_tilt(24.0) == pytest.approx(np.radians(1.5), abs=1e-3)
    assert np.all(np.diff([largest_tilt(speed) for speed in range(9, 60)]) < 0)


def test_a_road_that_lies_askew_is_none_at_speed():
    """Three degrees: the foot of a hill in town, and no motorway."""
    street, step = Corridor(), pose_from(np.eye(3), [0.0, 0.0, 0.7])
    pitch = pose_from(rotation_from_vector([np.radians(3.0), 0.0, 0.0]), np.zeros(3))
    greys = [cv2.cvtColor(street.see(pose @ pitch).image, cv2.COLOR_RGB2GRAY) for pose in driven([step])]
    meter = RoadHeightMeter(CAMERA, [0.0, 1.0, 0.0])
    meter.begin(greys[0])
    moved = inverse(pitch) @ inverse(step) @ pitch
    assert meter.measure(greys[1], moved, HEIGHT, 0.1, 24.0) is None
    found = meter.measure(greys[1], moved, HEIGHT, 0.1, 7.0)
    assert found is not None
    assert found.height == pytest.approx(HEIGHT, rel=0.08)


def motion(start: int, stamp: int, way: float) -> Motion:
    return Motion(pose_from(np.eye(3), [way, 0, 0]), start, stamp, np.eye(6), ScaleEstimate(2.0, 0.1, "depth"))


def test_ways_are_compared_only_where_the_speed_is_known_all_the_while():
    second = 1_000_000_000
    comparison = SpeedComparison()
    for tenth in range(0, 21):
        if not 11 <= tenth <= 18:  # silent for most of the second second
            comparison.add_speed(tenth * second // 10, 3.0 + tenth * 0.1)
    comparison.add_motion(motion(second, 2 * second, 9.0))
    assert comparison.ratio() is None
    # From 3 to 4 m/s within a second, in units of two metres as the odometry took them to be.
    comparison = SpeedComparison()
    for tenth in range(0, 21):
        comparison.add_speed(tenth * second // 10, 3.0 + tenth * 0.1)
    comparison.add_motion(motion(0, second, 9.0))
    assert comparison.ratio() == pytest.approx(3.5 / 4.5)
    assert comparison.ratio() is None


@pytest.mark.parametrize(("bias", "jitter"), [(0.1, 0.0), (0.0, 0.2), (0.15, 0.02)])
def test_what_adds_up_at_rest_is_not_driving(bias, jitter):
    """A sensor that reads something at rest, odometry that finds something there: for a minute, then 5 m/s."""
    tenth, comparison, ratios = 100_000_000, SpeedComparison(), []
    for index in range(620):
        speed = bias if index < 600 else 5.0 + bias
        way = jitter * 0.1 if index < 600 else 0.5
        comparison.add_speed(index * tenth, speed)
        comparison.add_motion(motion((index - 1) * tenth, index * tenth, 2.0 * way))
        ratios.append(comparison.ratio())
    known = [ratio for ratio in ratios if ratio is not None]
    assert len(known) >= 3
    np.testing.assert_allclose(known, 1.0 + bias / 5.0, rtol=0.15)  # it sets off at once, between two speeds


@pytest.mark.parametrize("speed", [65535.0, -200.0, np.nan, np.inf])
def test_a_speed_that_no_vehicle_has_is_refused(speed):
    with pytest.raises(EstimatorError, match=f"speed is {speed:g} m/s, expected a number up to 150"):
        SpeedComparison().add_speed(0, speed)


def feed(fusion: ScaleFusion, values, first: int = 0) -> None:
    for index, value in enumerate(values, first):
        fusion.drift(0.1)
        fusion.add(ScaleEstimate(value, 0.02, "ground_plane"), index * STEP)


def test_one_measurement_far_off_is_left_out_many_are_believed():
    fusion = ScaleFusion()
    feed(fusion, [1.0] * 20)
    feed(fusion, [2.0], 20)
    assert (fusion.rejected, fusion.value) == (1, pytest.approx(1.0, abs=0.01))
    feed(fusion, [2.0] * 39, 21)
    assert fusion.value == pytest.approx(2.0, rel=0.05)


def test_a_road_is_believed_at_first_only_if_it_says_the_same_for_a_while():
    fusion = ScaleFusion()
    feed(fusion, [2.4, 2.3, 2.1] + [1.3, 1.28, 1.32] * 3)
    assert fusion.estimate(12 * STEP) is None
    feed(fusion, [1.3], 12)
    assert fusion.value == pytest.approx(1.3, rel=0.01)


def test_measurements_far_off_that_do_not_agree_with_one_another_are_never_believed():
    fusion = ScaleFusion()
    feed(fusion, [1.0] * 20)
    feed(fusion, [2.0, 0.5, 3.0] * 20, 20)
    assert fusion.value == pytest.approx(1.0, abs=0.01)
    assert fusion.rejected == 60


def test_the_longer_nothing_is_measured_the_less_is_known():
    fusion = ScaleFusion()
    feed(fusion, [1.0] * 20)
    sure = fusion.estimate(20 * STEP)
    assert fusion.spread(20 * STEP) < 0.05
    for _ in range(100):
        fusion.drift(1.0)
    unsure = fusion.estimate(20 * STEP + 100_000_000_000)
    assert sure is not None
    assert unsure is not None
    assert (unsure.value, unsure.source) == (sure.value, "ground_plane")
    assert unsure.sigma == pytest.approx(np.hypot(sure.sigma, 0.3), rel=0.02)  # 0.03 a second, as a random walk
    assert fusion.spread(200 * STEP) == 0.5  # whoever measures again should look everywhere


def test_who_measures_is_named_and_who_is_silent_is_not():
    fusion, second = ScaleFusion(), 1_000_000_000
    assert fusion.estimate(0) is None
    fusion.add(ScaleEstimate(1.1, 0.0, "speed"), 0)
    fusion.add(ScaleEstimate(1.1, 0.02, "ground_plane"), 3 * second)  # held against the speed
    estimates = [fusion.estimate(time * second) for time in (4, 7, 60)]
    sources = [estimate.source for estimate in estimates if estimate is not None]
    assert sources == ["ground_plane+speed", "ground_plane", "ground_plane"]


def test_when_time_goes_back_what_was_measured_before_is_old():
    fusion, second = ScaleFusion(), 1_000_000_000
    fusion.add(ScaleEstimate(1.1, 0.0, "speed"), 100 * second)
    assert fusion.spread(0) == 0.5
    before = fusion.estimate(0)
    assert before is not None
    assert (before.value, before.source) == (pytest.approx(1.1), "speed")  # it stays as long as nothing says otherwise
    fusion.add(ScaleEstimate(1.1, 0.02, "ground_plane"), second)
    sources = [estimate.source for time in (1, 100) if (estimate := fusion.estimate(time * second)) is not None]
    assert sources == ["ground_plane", "ground_plane"]
    assert fusion.spread(100 * second) == 0.5


def test_measurements_add_up_as_independent_ones_do():
    """A hundred, each 10 % off by chance: 1 % is left."""
    fusion = ScaleFusion()
    for _ in range(100):
        fusion.add(ScaleEstimate(1.2, 0.1, "speed"), STEP)
    assert fusion.spread(STEP) == pytest.approx(0.01)


def test_two_sources_are_surer_than_one_by_what_each_has_wrong_of_its_own():
    """Wheels and road are each 2 % off for good, whatever is measured; their mean by a root of two less."""
    alone, both = ScaleFusion(), ScaleFusion()
    for _ in range(2000):
        alone.add(ScaleEstimate(1.0, 0.0, "speed"), STEP)
        both.add(ScaleEstimate(1.0, 0.0, "speed"), STEP)
        both.add(ScaleEstimate(1.0, 0.0, "ground_plane"), STEP)
    of_one, of_both = alone.estimate(STEP), both.estimate(STEP)
    assert of_one is not None
    assert of_both is not None
    assert of_one.sigma == pytest.approx(0.02, rel=0.01)
    assert of_both.sigma == pytest.approx(0.02 / np.sqrt(2), rel=0.01)


def test_a_second_of_another_road_is_not_believed_two_are():
    """Ten images of a bridge's or a lorry's side, and twenty."""
    for images, value in ((10, 1.0), (20, 2.0)):
        fusion = ScaleFusion()
        feed(fusion, [1.0] * 20 + [2.0] * images)
        assert fusion.value == pytest.approx(value, rel=0.05)


def test_many_far_off_are_believed_only_in_a_row():
    fusion = ScaleFusion()
    feed(fusion, [1.0] * 20 + [2.0, 1.0] * 20)
    assert fusion.rejected == 20
    assert fusion.value == pytest.approx(1.0, abs=0.01)
