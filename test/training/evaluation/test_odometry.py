"""Trajectories of pose models whose answer is known, and how windows are joined."""

from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest
from helpers.models import write_depth_model, write_pose_model

from depth_perception.engines.choose import open_engine
from depth_perception.engines.engine import Engine
from depth_perception.estimators.odometry import VisualOdometry
from depth_perception.evaluation.snippet_metrics import ate_sfmlearner
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, inverse, pose_from, rotation_from_vector
from depth_perception.model_file import ModelDescription
from training.errors import TrainingError
from training.evaluation.benchmarks.street import STREET
from training.evaluation.odometry import Drive, evaluate_pose, snippets, trajectory, window_motions
from training.evaluation.tables import pose_tables

BEND = pose_from(rotation_from_vector([0.0, 0.03, 0.01]), [0.05, 0.0, 0.6])


def random_motions(windows, frames, seed=0):
    rng = np.random.default_rng(seed)
    rotations = rotation_from_vector(rng.normal(0, 0.05, (windows, frames - 1, 3)))
    return pose_from(rotations, rng.normal([0, 0, 0.5], 0.05, (windows, frames - 1, 3)))


class Answers:
    """An engine that answers what it is given, one window after the other."""

    def __init__(self, engine: Engine, motions):
        self.model: ModelDescription = engine.model
        self._left = list(motions)

    def run(self, inputs):
        return {"motion": self._left.pop(0)}


def evaluate(path, drive):
    street = replace(STREET, render=lambda _: [drive])
    drives = street.drives(Namespace(seeds=(1000, 1), frames=len(drive.images), cache=None))
    return evaluate_pose(path, drives, "somewhere")


def test_the_true_motion_gives_the_true_trajectory(tmp_path, drive_of):
    write_pose_model(tmp_path / "pose.onnx", motion=BEND, focal_length=40.0)
    report = evaluate(tmp_path / "pose.onnx", drive_of(motion=BEND))
    scores = {score["name"]: score["value"] for score in report["scores"]}
    assert scores["ATE, percent of the path (no alignment but the first pose)"] == pytest.approx(0.0, abs=1e-3)
    assert scores["scale of the alignment"] == pytest.approx(1.0, abs=1e-3)
    (drive,) = report["drives"]
    assert drive["name"] == "seed 1000"
    assert [item["frames"] for item in drive["ate_sfmlearner"]] == [5, 3]
    assert all(item["mean"] == pytest.approx(0.0, abs=1e-4) for item in drive["ate_sfmlearner"])


def test_a_wrong_scale_is_aligned_and_a_wrong_turn_is_not(tmp_path, drive_of):
    write_pose_model(tmp_path / "half.onnx", motion=pose_from(np.eye(3), [0.0, 0.0, 0.25]))
    half = evaluate(tmp_path / "half.onnx", drive_of())["drives"][0]
    assert half["scale"] == pytest.approx(2.0, rel=1e-4)
    assert half["ate_percent"] == pytest.approx(0.0, abs=1e-3)
    assert half["alignments"]["origin"]["ate_percent"] > 20
    turn = pose_from(rotation_from_vector([0.0, 0.05, 0.0]), [0.0, 0.0, 0.5])
    write_pose_model(tmp_path / "turn.onnx", motion=turn)
    turned = evaluate(tmp_path / "turn.onnx", drive_of())["drives"][0]
    assert turned["ate_percent"] > 2.0
    assert turned["rpe_rotation"] == pytest.approx(np.degrees(0.05), rel=1e-3)
    assert turned["ate_sfmlearner"][0]["mean"] > turned["ate_sfmlearner"][1]["mean"] > 1e-3


def test_drift_of_a_long_drive_is_named_with_its_alignment(tmp_path, drive_of):
    step = pose_from(np.eye(3), [0.0, 0.0, 5.0])
    write_pose_model(tmp_path / "pose.onnx", motion=pose_from(np.eye(3), [0.0, 0.0, 4.0]))
    report = evaluate(tmp_path / "pose.onnx", drive_of(frames=60, motion=step))
    aligned = report["drives"][0]["alignments"]
    assert aligned["scale"]["t_err"] == pytest.approx(0.0, abs=1e-3)
    assert aligned["origin"]["t_err"] == pytest.approx(100 * 0.2 * (1 + 5 / 165), rel=0.02)  # segments end a pose late
    printed = pose_tables(report)
    for word in ("origin", "scale", "se3", "sim3", "t_err", "ate_sfmlearner, 5 frames", "seed 1000"):
        assert word in printed


@pytest.mark.parametrize("frames", [2, 3])
def test_windows_are_joined_as_the_robot_does(tmp_path, drive_of, frames):
    """Every motion differs; the robot's odometry, in body axes, must come to the same places."""
    names = ("before", "previous", "current")[-frames:]
    write_pose_model(tmp_path / "pose.onnx", frames=names, focal_length=40.0)
    drive = drive_of(frames=12)
    given = random_motions(13 - frames, frames)
    engine = open_engine(tmp_path / "pose.onnx", "onnxruntime")
    answers = Answers(engine, given)
    ours = trajectory(window_motions(answers, drive.camera, drive.images))  # type: ignore[arg-type]
    odometry = VisualOdometry(Answers(engine, given), drive.camera, BODY_FROM_OPTICAL)  # type: ignore[arg-type]
    pose, theirs = np.eye(4), {0: np.eye(4)}
    for number, image in enumerate(drive.images):
        motion = odometry.update(image, number * 10**8)
        if motion is not None:
            pose = pose @ motion.transform
            theirs[number] = inverse(BODY_FROM_OPTICAL) @ pose @ BODY_FROM_OPTICAL
    assert ours.shape == (12, 4, 4)
    assert len(theirs) == 14 - frames
    for number, place in theirs.items():
        np.testing.assert_allclose(ours[number], place, atol=1e-9)


def test_snippets_are_windows_of_their_own_length_or_joined_ones():
    motions = random_motions(10, 3)
    own = snippets(motions, 3)
    assert own.shape == (10, 3, 4, 4)
    np.testing.assert_allclose(own[4, 2], motions[4, 0] @ motions[4, 1])
    joined = snippets(motions, 5)
    assert joined.shape == (8, 5, 4, 4)
    whole = trajectory(motions)
    for first in range(8):
        expected = np.linalg.inv(whole[first]) @ whole[first : first + 5]
        np.testing.assert_allclose(joined[first], expected, atol=1e-12)


def test_snippet_errors_are_of_every_place(tmp_path, drive_of):
    write_pose_model(tmp_path / "pose.onnx", motion=BEND, focal_length=40.0)
    drive = drive_of(motion=pose_from(rotation_from_vector([0.0, 0.0, 0.02]), [0.0, 0.1, 0.7]))
    five, three = evaluate(tmp_path / "pose.onnx", drive)["drives"][0]["ate_sfmlearner"]
    chain = [np.linalg.matrix_power(BEND, k) for k in range(5)]
    for item, frames in ((five, 5), (three, 3)):
        assert item["snippets"] == 13 - frames
        expected = ate_sfmlearner(drive.poses[:frames], np.stack(chain[:frames]))
        assert item["mean"] == pytest.approx(expected, rel=1e-4)  # the same motion everywhere
        assert item["std"] == pytest.approx(0.0, abs=1e-6)


def test_what_cannot_be_judged_is_named(tmp_path, drive_of):
    write_depth_model(tmp_path / "depth.onnx")
    with pytest.raises(TrainingError, match=r"depth\.onnx: is a depth model, expected one of pose"):
        evaluate(tmp_path / "depth.onnx", drive_of())
    write_pose_model(tmp_path / "pose.onnx")
    with pytest.raises(TrainingError, match="fewer frames than the 2"):
        evaluate_pose(tmp_path / "pose.onnx", {"x": Drive(drive_of().camera, [])}, "x")
