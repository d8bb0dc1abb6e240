"""What is said in words is what the figures say, and figures decide what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.models import write_depth_model
from helpers.recordings import write_recording

from depth_perception.engines.choose import open_engine
from depth_perception.evaluation.replay import replay
from depth_perception.evaluation.result import TOO_FAR, FrameResult, TrajectoryResult
from depth_perception.evaluation.trajectory_metrics import straight_line, trajectory_metrics
from depth_perception.evaluation.verdict import FEWEST_IMAGES, verdict
from depth_perception.geometry.pose import pose_from, rotation_from_vector
from depth_perception.recordings.recording import Recording


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    """Of three frames whose depth is right."""
    folder = tmp_path_factory.mktemp("verdict")
    write_recording(folder / "drive", encoding="png", frames=3)
    write_depth_model(folder / "depth.onnx")
    with Recording.open(folder / "drive") as recording:
        return replay(recording, open_engine(folder / "depth.onnx", "onnxruntime"), None)


def said(evaluation, about: str) -> str:
    return next((item.text for item in verdict(evaluation) if item.about == about), "")


def with_obstacles(evaluation, ratios):
    frames = [replace(evaluation.frames[0], stamp=index, obstacles=ratio) for index, ratio in enumerate(ratios)]
    return replace(evaluation, frames=tuple(frames))


def test_where_obstacles_are_placed(evaluation):
    placed = said(with_obstacles(evaluation, [1.3, 1.4, 1.5]), "obstacles")
    assert "placed 40 % too far" in placed
    assert "3 images" in placed
    assert "placed 20 % too near" in said(with_obstacles(evaluation, [0.8]), "obstacles")


def test_braking_is_spoken_against_by_the_images_that_put_obstacles_too_far(evaluation):
    good, bad = [1.0] * FEWEST_IMAGES, [TOO_FAR + 0.01] * 2
    assert "Nothing here speaks against braking by it: in 0 of 20 images" in said(
        with_obstacles(evaluation, good), "braking"
    )
    assert "Do not use it for braking: in 2 of 22 images obstacles are placed more than 10 % too far" in said(
        with_obstacles(evaluation, good + bad), "braking"
    )
    assert "it would brake for nothing: in 3 of 23 images obstacles are placed more than 25 % too near" in said(
        with_obstacles(evaluation, good + [0.7] * 3), "braking"
    )
    assert "not known: 19 images with obstacles say too little, 20 are needed" in said(
        with_obstacles(evaluation, good[1:]), "braking"
    )
    assert "not known: nothing stood up to 10 m away" in said(with_obstacles(evaluation, [None]), "braking")
    assert "not known: no true depth can be used" in said(replace(evaluation, depth=None), "braking")
    assert "not in metres" in said(replace(evaluation, depth_is_metric=False), "braking")


def test_depth_stands_beside_what_does_not_look(evaluation):
    worse = replace(evaluation.depth, median_scaled=replace(evaluation.depth.median_scaled, abs_rel=0.9))
    assert "no better" not in said(evaluation, "depth")
    assert "It is no better than what does not look" in said(replace(evaluation, depth=worse), "depth")


def arc(radius: float, count: int = 60) -> np.ndarray:
    """4 m a pose along a circle to the left."""
    angles = 4.0 / radius * np.arange(count)
    return np.array(
        [
            pose_from(rotation_from_vector([0, 0, angle]), [radius * np.sin(angle), radius * (1 - np.cos(angle)), 0])
            for angle in angles
        ]
    )


def trajectory(estimate: np.ndarray, truth: np.ndarray) -> TrajectoryResult:
    metrics = tuple(trajectory_metrics(truth, estimate, name) for name in ("origin", "scale"))
    straight = trajectory_metrics(truth, straight_line(truth), "origin")
    return TrajectoryResult(np.arange(len(truth)), estimate, truth, metrics, 0.0, True, straight)


def test_odometry_stands_beside_a_straight_line(evaluation):
    truth = arc(50.0)
    long = truth.copy()
    long[:, :3, 3] *= 1.1
    judged = trajectory(long, truth)
    text = said(replace(evaluation, trajectory=judged), "odometry")
    assert f"drifts by {judged.metrics[0].t_err:.1f} % of the way and 0.00° in 100 m" in text
    assert "Its lengths come out 10 % long" in text
    assert "no better" not in text
    assert "no better" in said(replace(evaluation, trajectory=trajectory(arc(-200.0), arc(200.0))), "odometry")


def test_a_straight_line_is_the_mean_of_the_motion():
    truth = np.array([pose_from(np.eye(3), [0, 0, z]) for z in (0.0, 1.0, 3.0)])  # of a camera that looks along z
    assert straight_line(truth)[:, 2, 3] == pytest.approx([0.0, 1.5, 3.0])


def test_frames_of_which_nothing_is_known_say_nothing(evaluation):
    frame = FrameResult(0, None, None, None, None, None)
    bare = replace(evaluation, depth=None, road=None, trajectory=None, frames=(frame,))
    assert [item.about for item in verdict(bare)] == ["braking"]
