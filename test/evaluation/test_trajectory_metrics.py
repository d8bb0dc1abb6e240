"""Alignment against Horn's quaternion method, drift against KITTI's loops, errors against hand-made ones."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.trajectory_metrics import (
    align,
    path_length,
    relative_errors,
    segment_drift,
    straight_line,
    trajectory_metrics,
    umeyama,
)


def rotation_z(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def pose(rotation: np.ndarray, translation) -> np.ndarray:
    result = np.eye(4)
    result[:3, :3] = rotation
    result[:3, 3] = translation
    return result


def drive(steps: int, turn: float = 0.01, step: float = 1.0, climb: float = 0.02) -> np.ndarray:
    """A car that goes `step` metres a pose and turns `turn` radians."""
    poses = [np.eye(4)]
    for _ in range(steps - 1):
        poses.append(poses[-1] @ pose(rotation_z(turn), [step, 0, climb]))
    return np.array(poses)


def moved(poses: np.ndarray, scale: float, transform: np.ndarray) -> np.ndarray:
    """The same drive seen from another fixed frame, in another unit of length."""
    result = poses.copy()
    result[:, :3, 3] *= scale
    return transform @ result


def random_rotation(random: np.random.Generator) -> np.ndarray:
    q, _ = np.linalg.qr(random.normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def horn(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """Rotation and scale by Horn, "Closed-form solution of absolute orientation using unit quaternions" (1987)."""
    x, y = source - source.mean(0), target - target.mean(0)
    s = x.T @ y
    n = np.array(
        [
            [s[0, 0] + s[1, 1] + s[2, 2], s[1, 2] - s[2, 1], s[2, 0] - s[0, 2], s[0, 1] - s[1, 0]],
            [s[1, 2] - s[2, 1], s[0, 0] - s[1, 1] - s[2, 2], s[0, 1] + s[1, 0], s[2, 0] + s[0, 2]],
            [s[2, 0] - s[0, 2], s[0, 1] + s[1, 0], -s[0, 0] + s[1, 1] - s[2, 2], s[1, 2] + s[2, 1]],
            [s[0, 1] - s[1, 0], s[2, 0] + s[0, 2], s[1, 2] + s[2, 1], -s[0, 0] - s[1, 1] + s[2, 2]],
        ]
    )
    w, a, b, c = np.linalg.eigh(n)[1][:, -1]
    rotation = np.array(
        [
            [1 - 2 * (b * b + c * c), 2 * (a * b - w * c), 2 * (a * c + w * b)],
            [2 * (a * b + w * c), 1 - 2 * (a * a + c * c), 2 * (b * c - w * a)],
            [2 * (a * c - w * b), 2 * (b * c + w * a), 1 - 2 * (a * a + b * b)],
        ]
    )
    return rotation, float(np.sum(y * (x @ rotation.T)) / np.sum(x**2))


def test_umeyama_agrees_with_horn_on_noisy_points():
    random = np.random.default_rng(0)
    for _ in range(5):
        source = random.normal(size=(40, 3)) * [20, 10, 1]
        target = 2.5 * source @ random_rotation(random).T + random.normal(size=3) + random.normal(size=(40, 3))
        rotation, scale = horn(source, target)
        got = umeyama(source, target, with_scale=True)
        np.testing.assert_allclose(got.rotation, rotation, atol=1e-9)
        assert got.scale == pytest.approx(scale, rel=1e-9)


def test_umeyama_never_answers_a_reflection():
    """Points in a plane, mirrored: the best orthogonal matrix would be a reflection."""
    random = np.random.default_rng(1)
    source = random.normal(size=(30, 3)) * [5, 5, 0.1]
    got = umeyama(source, source * [1, 1, -1], with_scale=False)
    assert np.linalg.det(got.rotation) == pytest.approx(1.0)


@pytest.mark.parametrize("alignment", ["origin", "se3", "scale", "sim3"])
def test_a_frame_is_aligned_away_and_a_unit_only_where_the_alignment_says_so(alignment):
    random = np.random.default_rng(2)
    truth = drive(200)
    transform = pose(random_rotation(random), [100.0, -40.0, 3.0])
    same_unit = trajectory_metrics(truth, moved(truth, 1.0, transform), alignment)
    assert same_unit.ate_rmse == pytest.approx(0, abs=1e-6)
    assert same_unit.rpe_translation == pytest.approx(0, abs=1e-6)
    assert same_unit.rpe_rotation == pytest.approx(0, abs=1e-6)
    assert same_unit.t_err == pytest.approx(0, abs=1e-6)
    assert same_unit.alignment == alignment
    third = trajectory_metrics(truth, moved(truth, 1 / 3, transform), alignment)
    if alignment in ("scale", "sim3"):
        assert third.scale == pytest.approx(3.0)
        assert third.ate_rmse == pytest.approx(0, abs=1e-6)
        assert third.t_err == pytest.approx(0, abs=1e-6)
    else:
        assert third.scale == 1.0
        assert third.ate_percent > 10


def test_figures_of_a_known_error():
    """Straight ahead at 1 m a pose; the estimate takes every step 2 % too long."""
    truth = drive(301, turn=0, climb=0)
    got = trajectory_metrics(truth, moved(truth, 1.02, np.eye(4)), "origin")
    distances = 0.02 * np.arange(301)
    assert got.path_length == pytest.approx(300)
    assert got.ate_rmse == pytest.approx(math.sqrt(np.mean(distances**2)))
    assert got.ate_percent == pytest.approx(100 * got.ate_rmse / 300)
    assert got.ate_median == pytest.approx(3.0)
    assert got.ate_max == pytest.approx(6.0)
    assert got.end_error_percent == pytest.approx(2.0)
    assert got.rpe_translation == pytest.approx(0.02)
    assert got.poses == 301


def test_rotation_errors_are_in_degrees():
    got = trajectory_metrics(drive(300, turn=0), drive(300, turn=math.radians(0.1)), "origin")
    assert got.rpe_rotation == pytest.approx(0.1, rel=1e-6)
    # the path is a little longer than 1 m a pose (it climbs), and segments end one pose late
    assert got.r_err == pytest.approx(10.0, rel=0.02)


def kitti_drift(truth: np.ndarray, estimate: np.ndarray) -> tuple[float, float]:
    """The loops of the benchmark's development kit, written out again."""
    distances = [0.0]
    for a, b in itertools.pairwise(truth):
        distances.append(distances[-1] + math.dist(a[:3, 3], b[:3, 3]))
    errors = []
    for first in range(0, len(truth), 10):
        for length in range(100, 801, 100):
            last = next((i for i in range(first, len(truth)) if distances[i] > distances[first] + length), None)
            if last is None:
                continue
            true = np.linalg.inv(truth[first]) @ truth[last]
            estimated = np.linalg.inv(estimate[first]) @ estimate[last]
            error = np.linalg.inv(estimated) @ true
            angle = math.acos(max(min(0.5 * (np.trace(error[:3, :3]) - 1), 1.0), -1.0))
            errors.append((float(np.linalg.norm(error[:3, 3])) / length, angle / length))
    t, r = np.mean(errors, axis=0)
    return 100 * t, 100 * math.degrees(r)


def test_drift_agrees_with_the_benchmark():
    random = np.random.default_rng(4)
    estimate = [np.eye(4)]
    for _ in range(899):
        noise = rotation_z(0.01 + random.normal(0, 0.002))
        estimate.append(estimate[-1] @ pose(noise, [1.03 + random.normal(0, 0.05), 0, 0]))
    truth = drive(900)
    t_err, r_err = kitti_drift(truth, np.array(estimate))
    assert segment_drift(truth, estimate) == (pytest.approx(t_err), pytest.approx(r_err))


def test_no_drift_is_claimed_for_a_path_shorter_than_the_shortest_segment():
    got = trajectory_metrics(drive(60), drive(60), "origin")
    assert got.t_err is None
    assert got.r_err is None


def test_relative_errors_over_more_than_one_step():
    truth, estimate = drive(20, turn=0, climb=0), drive(20, turn=0, climb=0, step=1.1)
    errors = relative_errors(truth, estimate, step=5)
    assert errors.shape == (15, 4, 4)
    np.testing.assert_allclose(errors[:, :3, 3], np.tile([0.5, 0, 0], (15, 1)), atol=1e-9)


def test_path_length_of_a_circle():
    assert path_length(drive(629, turn=0.01, climb=0)) == pytest.approx(628)


@pytest.mark.parametrize(
    ("truth", "estimate", "alignment", "message"),
    [
        (drive(5), drive(6), "se3", r"\(5, 4, 4\).*\(6, 4, 4\)"),
        (drive(1), drive(1), "se3", "N >= 2"),
        (drive(5), drive(5), "best", "'best' is not known, expected one of origin, scale, se3, sim3"),
        (drive(5), np.tile(np.eye(4), (5, 1, 1)), "scale", "estimated trajectory does not move"),
        (drive(5), np.tile(np.eye(4), (5, 1, 1)), "sim3", "estimated trajectory does not move"),
        (np.tile(np.eye(4), (5, 1, 1)), drive(5), "origin", "true trajectory does not move"),
    ],
)
def test_what_cannot_be_compared_is_refused(truth, estimate, alignment, message):
    with pytest.raises(EvaluationError, match=message):
        trajectory_metrics(truth, estimate, alignment)


def test_align_is_what_the_metrics_used():
    truth, estimate = drive(50), moved(drive(50), 0.5, pose(rotation_z(0.4), [1, 2, 3]))
    aligned = align(truth, estimate, "sim3").apply(estimate)
    np.testing.assert_allclose(aligned, truth, atol=1e-9)


def test_a_straight_line_has_the_mean_motion_in_the_axes_of_the_body():
    """Of a circle, driven nose first: straight on."""
    angles = np.linspace(0.0, np.pi, 40)
    circle = np.tile(np.eye(4), (40, 1, 1))
    circle[:, :3, :3] = [rotation_z(angle) for angle in angles]
    circle[:, :2, 3] = 10.0 * np.column_stack([np.sin(angles), 1.0 - np.cos(angles)])
    line = straight_line(circle)
    step, half = 20.0 * np.sin(np.pi / 78), np.pi / 78  # a chord, which lies half a step's turn to the left
    ahead = np.array([np.cos(half), np.sin(half), 0.0]) * step
    np.testing.assert_allclose(line[:, :3, 3], np.arange(40)[:, None] * ahead, atol=1e-9)
    np.testing.assert_allclose(line[:, :3, :3], np.tile(np.eye(3), (40, 1, 1)), atol=1e-12)


def test_a_straight_line_goes_as_far_as_the_truth_however_unevenly_that_went():
    """It crawls for most of the way and then makes up for it: the mean motion ends where it does."""
    steps = [0.1] * 8 + [5.0] * 2
    truth = np.tile(np.eye(4), (11, 1, 1))
    truth[1:, 0, 3] = np.cumsum(steps)
    line = straight_line(truth)
    np.testing.assert_allclose(line[-1], truth[-1])
    np.testing.assert_allclose(np.diff(line[:, 0, 3]), sum(steps) / 10)
