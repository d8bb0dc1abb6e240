"""Figures of pairs, of pose models whose answers are known."""

import numpy as np
import pytest
from helpers.models import write_pose_model

from depth_perception.engines.choose import open_engine
from depth_perception.geometry.pose import inverse, pose_from, rotation_from_vector
from training.evaluation.odometry import Drive, evaluate_pose
from training.evaluation.pairs import PairTally, pair_figures
from training.evaluation.tables import pose_tables

FRAMES = 24
STEP = pose_from(rotation_from_vector([0.0, 0.01, 0.0]), [0.0, 0.0, 0.5])


class Measures:
    """An engine that knows at which frame each picture was taken, from its grey level, and answers the true motion."""

    def __init__(self, model, error=None):
        self.model, self._error = model, np.eye(4) if error is None else error

    def run(self, inputs):
        first, second = (round(float(image.mean())) for image in inputs["images"])
        step = np.linalg.matrix_power(STEP if second >= first else inverse(STEP), abs(second - first))
        return {"motion": (step @ self._error)[None].astype(np.float32)}


class Guesses(Measures):
    """One that says what it always says."""

    def run(self, inputs):
        return {"motion": STEP[None].astype(np.float32)}


@pytest.fixture
def tally(tmp_path, drive_of):
    write_pose_model(tmp_path / "pose.onnx", focal_length=40.0)
    model = open_engine(tmp_path / "pose.onnx").model

    def asked(kind, frames=FRAMES, **options):
        drive = drive_of(frames=frames, motion=STEP)
        tally = PairTally(kind(model, **options), drive.camera)
        for number, (image, pose) in enumerate(zip(drive.images, drive.poses, strict=True)):
            tally.add(np.full_like(image, number), pose)
        return tally

    return asked


def test_what_measures_has_no_error(tally):
    figures = pair_figures([tally(Measures)])
    assert figures["same picture twice, largest step, m"] < 1e-6
    assert figures["swapped pair, largest step left, m"] < 1e-6
    assert figures["swapped pair, largest turn left, degrees"] < 1e-4
    for stride in (1, 2, 3, 4):
        assert figures[f"length of steps of {stride}, over the true one"] == pytest.approx(1.0, abs=1e-6)
    assert figures["correlation of all steps' lengths with the true ones"] == pytest.approx(1.0, abs=1e-6)
    assert figures["reversed pairs answered backwards, share"] == 1.0


def test_what_guesses_is_found_out(tally):
    figures = pair_figures([tally(Guesses)])
    assert figures["same picture twice, largest step, m"] == pytest.approx(0.5, abs=1e-6)
    assert figures["same picture twice, largest turn, degrees"] == pytest.approx(np.degrees(0.01), abs=1e-4)
    assert figures["swapped pair, largest step left, m"] == pytest.approx(1.0, rel=1e-3)
    assert figures["swapped pair, largest turn left, degrees"] == pytest.approx(np.degrees(0.02), abs=1e-4)
    assert figures["length of steps of 4, over the true one"] == pytest.approx(0.25, rel=1e-3)
    assert figures["correlation of all steps' lengths with the true ones"] == pytest.approx(0.0, abs=1e-6)
    assert figures["reversed pairs answered backwards, share"] == 0.0


def test_the_largest_error_of_all_drives_counts(tally):
    off = pose_from(np.eye(3), [0.0, 0.0, 0.03])
    figures = pair_figures([tally(Measures), tally(Measures, error=off)])
    assert figures["same picture twice, largest step, m"] == pytest.approx(0.03, rel=1e-3)


def test_pairs_stand_beside_trajectories(tmp_path, drive_of):
    write_pose_model(tmp_path / "pose.onnx", motion=STEP, focal_length=40.0)
    drive = drive_of(frames=FRAMES)
    report = evaluate_pose(
        tmp_path / "pose.onnx",
        {"seed 1000": Drive(drive.camera, list(zip(drive.images, drive.poses, strict=True)))},
        "somewhere",
    )
    assert report["pairs"]["same picture twice, largest step, m"] == pytest.approx(0.5, abs=1e-5)
    scores = {score["name"]: score for score in report["scores"]}
    assert "pairs of every" in scores["reversed pairs answered backwards, share"]["protocol"]
    assert scores["same picture twice, largest step, m"]["value"] == pytest.approx(0.5, abs=1e-3)
    assert "t_err, percent (no alignment)" not in scores  # no segment of 100 m
    assert "seed 1000" in pose_tables(report)


def test_a_short_drive_has_no_pairs(tally):
    assert pair_figures([tally(Measures, frames=4)]) == {}
    assert pair_figures([]) == {}
