"""The evaluation of exported models, on drives and models whose answer is known."""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from helpers.models import luma_depth, write_depth_model, write_pose_model

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import pose_from, rotation_from_vector
from depth_perception.model_file import Score
from training.errors import TrainingError
from training.evaluate import evaluate_depth, evaluate_pose, main, pole_contrasts, table, write_json
from training.export import read_scores
from training.street.labels import POLE, ROAD

CAMERA = Camera(128, 64, 80.0, 80.0, 63.5, 31.5)


@dataclass
class Drive:
    """As the cache of the street world gives it."""

    images: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    poses: npt.NDArray[np.float64]
    stamps: npt.NDArray[np.float64]
    camera: Camera


def drive_of(model_says=1.0, frames=12, motion=None):
    """Depth is what the luma model answers, times a factor; motion is the same from frame to frame."""
    rng = np.random.default_rng(0)
    images = np.repeat(rng.integers(60, 256, (frames, 64, 128, 1), dtype=np.uint8), 3, axis=-1)
    poses = [np.eye(4)]
    step = pose_from(np.eye(3), [0.0, 0.0, 0.5]) if motion is None else motion
    for _ in range(frames - 1):
        poses.append(poses[-1] @ step)
    depth = (luma_depth(images) / model_says).astype(np.float32)
    stamps = np.arange(frames) / 10.0
    labels = np.full((frames, 64, 128), ROAD, np.uint8)
    return Drive(images, depth, labels, np.stack(poses), stamps, CAMERA)


@pytest.fixture
def depth_model(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", width=128, height=64, focal_length=80.0)
    return tmp_path / "depth.onnx"


class TestDepth:
    def test_a_model_that_is_right_scores_zero(self, depth_model):
        baseline = np.full((64, 128), 10.0, np.float32)
        report = evaluate_depth(depth_model, [drive_of()], baseline, "somewhere", step=4)
        assert report["metric"]["abs_rel"] == pytest.approx(0.0, abs=1e-4)
        assert report["baseline"]["abs_rel"] > 0.1

    def test_a_model_that_is_twice_too_far_is_right_but_for_its_scale(self, depth_model):
        report = evaluate_depth(depth_model, [drive_of(model_says=2.0)], np.ones((64, 128), np.float32), "x", step=4)
        assert report["median"]["abs_rel"] == pytest.approx(0.0, abs=1e-3)
        assert report["metric"]["abs_rel"] == pytest.approx(1.0, abs=1e-3)
        assert report["median"]["scale"] == pytest.approx(0.5, abs=1e-3)

    def test_pictures_are_written(self, depth_model, tmp_path):
        evaluate_depth(depth_model, [drive_of()], np.ones((64, 128), np.float32), "x", 4, tmp_path / "pictures")
        assert len(list((tmp_path / "pictures").glob("*.png"))) == 1


class TestPoles:
    def scene(self, seen):
        truth = np.full((120, 200), 50.0, np.float32)
        poles = np.zeros((120, 200), bool)
        poles[20:100, 90:95] = True
        truth[poles] = 15.0
        prediction = np.full_like(truth, 50.0)
        prediction[poles] = 50.0 * (15.0 / 50.0) ** seen
        return truth, prediction, poles

    @pytest.mark.parametrize("seen", [0.0, 0.5, 1.0])
    def test_contrast_is_the_share_of_the_step(self, seen):
        assert pole_contrasts(*self.scene(seen)) == pytest.approx([seen], abs=1e-5)

    def test_poles_elsewhere_and_before_near_walls_do_not_count(self):
        truth, prediction, poles = self.scene(1.0)
        assert pole_contrasts(np.where(poles, 30.0, truth), prediction, poles) == []
        assert pole_contrasts(np.where(poles, truth, 18.0), prediction, poles) == []
        poles[30:100] = False  # too short to be one
        assert pole_contrasts(truth, prediction, poles) == []

    def test_they_are_found_in_a_drive(self, depth_model):
        drive = drive_of()
        drive.images[:] = 220
        drive.images[:, 10:60, 60:64] = 80
        drive.depth[:] = luma_depth(drive.images)
        drive.labels[:, 10:60, 60:64] = POLE
        report = evaluate_depth(depth_model, [drive], np.ones((64, 128), np.float32), "x", step=6)
        assert report["poles"] == {"number": 2, "visible": 1.0}


class TestPose:
    def test_the_true_motion_gives_the_true_trajectory(self, tmp_path):
        motion = pose_from(rotation_from_vector([0.0, 0.03, 0.01]), [0.05, 0.0, 0.6])
        write_pose_model(tmp_path / "pose.onnx", motion=motion, focal_length=40.0)
        report = evaluate_pose(tmp_path / "pose.onnx", [drive_of(motion=motion)], "somewhere")
        scores = {score["name"]: score["value"] for score in report["scores"]}
        assert scores["ATE, percent of the path (no alignment but the first pose)"] == pytest.approx(0.0, abs=1e-3)
        assert scores["scale of the alignment"] == pytest.approx(1.0, abs=1e-3)

    def test_a_wrong_scale_is_aligned_and_a_wrong_turn_is_not(self, tmp_path):
        write_pose_model(tmp_path / "half.onnx", motion=pose_from(np.eye(3), [0.0, 0.0, 0.25]))
        half = evaluate_pose(tmp_path / "half.onnx", [drive_of()], "x")["drives"][0]
        assert half["scale"] == pytest.approx(2.0, rel=1e-4)
        assert half["ate_percent"] == pytest.approx(0.0, abs=1e-3)
        turn = pose_from(rotation_from_vector([0.0, 0.05, 0.0]), [0.0, 0.0, 0.5])
        write_pose_model(tmp_path / "turn.onnx", motion=turn)
        turned = evaluate_pose(tmp_path / "turn.onnx", [drive_of()], "x")["drives"][0]
        assert turned["ate_percent"] > 2.0
        assert turned["rpe_rotation"] == pytest.approx(np.degrees(0.05), rel=1e-3)


def test_scores_travel_from_the_report_into_the_model_file(depth_model, tmp_path):
    report = {"depth": evaluate_depth(depth_model, [drive_of()], np.ones((64, 128), np.float32), "somewhere", step=4)}
    write_json(report, tmp_path / "scores.json")
    scores = read_scores(tmp_path / "scores.json", "depth")
    assert json.loads((tmp_path / "scores.json").read_text()) == report
    assert all(isinstance(score, Score) and score.protocol.startswith("somewhere") for score in scores)
    printed = table(report)
    assert all(score.name in printed for score in scores)
    with pytest.raises(TrainingError, match="no scores of a pose model"):
        read_scores(tmp_path / "scores.json", "pose")


def test_training_seeds_are_refused(depth_model):
    with pytest.raises(TrainingError, match="seed 5 is for training"):
        main(["--depth", str(depth_model), "--seeds", "5", "2"])
