"""The evaluation on street drives, with models whose answer is known."""

import json
from argparse import Namespace
from dataclasses import dataclass, replace

import numpy as np
import pytest
from helpers.models import luma_depth, write_depth_model

from depth_perception.evaluation.baselines import PIXELS
from depth_perception.evaluation.depth_report import DepthReport, Extra
from depth_perception.model_file import Score
from training.errors import TrainingError
from training.evaluation.benchmarks.street import STREET
from training.evaluation.checkpoint_engine import open_network
from training.evaluation.depth import evaluate_depth
from training.evaluation.figures import score_lines
from training.evaluation.predictors import predictor
from training.evaluation.tables import depth_tables, write_json
from training.exporting.export import read_scores
from training.street.labels import CAR, POLE


def evaluate(models, drives, draw=None, **changes):
    """Reports as the street benchmark gives them, of drives in place of rendered ones: first those to judge by."""
    rendered = iter([drives, [Baseline()]])
    street = replace(STREET, render=lambda data: next(rendered))
    options = Namespace(seeds=(1000, 1), frames=12, step=4, baseline_seeds=(0, 1), cache=None)
    protocol = replace(street.protocol, truth="somewhere", **changes)
    predictors = {str(model): predictor(open_network(model), protocol.view, protocol.resize) for model in models}
    frames = street.frames(options, protocol)
    reports = evaluate_depth(predictors, frames, protocol, draw, street.baselines(options), street.extras)
    return [replace(report, scores=street.scores(report, options)) for report in reports]


@dataclass
class Baseline:
    """A training drive that is 10 m away everywhere."""

    depth = np.full((1, 64, 128), 10.0, np.float32)


def test_a_model_that_is_right_scores_zero(depth_model, drive_of):
    (report,) = evaluate([depth_model], [drive_of()])
    assert report.images == 3
    assert report.metric.abs_rel == pytest.approx(0.0, abs=1e-4)
    assert report.baselines[PIXELS].abs_rel > 0.1
    assert (report.scale_median, report.scale_spread) == (pytest.approx(1.0, abs=1e-3), pytest.approx(0.0, abs=1e-3))


def test_frames_that_show_nothing_are_passed_over_and_counted_unless_all_do(depth_model, drive_of):
    drive = drive_of()
    drive.images[4] = 0
    drawn = []
    reports = evaluate([depth_model], [drive], lambda number, frame, *_: drawn.append((number, frame.name)))
    assert (reports[0].images, reports[0].blank) == (2, 1)
    assert reports[0].metric.abs_rel == pytest.approx(0.0, abs=1e-4)
    assert drawn == [(0, "0_000"), (2, "0_008")]
    assert depth_tables(reports).endswith("\n1 of 3 images show nothing, and were passed over")
    assert DepthReport.from_json(json.loads(json.dumps(reports[0].to_json()))).blank == 1
    drive.images[:] = 0
    with pytest.raises(TrainingError, match="street: all 3 frames show nothing"):
        evaluate([depth_model], [drive])


def test_a_model_that_is_twice_too_far_is_right_but_for_its_scale(depth_model, drive_of):
    (report,) = evaluate([depth_model], [drive_of(model_says=2.0)])
    assert report.median_scaled.abs_rel == pytest.approx(0.0, abs=1e-3)
    assert report.metric.abs_rel == pytest.approx(1.0, abs=1e-3)
    assert report.median_scaled.scale == pytest.approx(0.5, abs=1e-3)
    assert report.parts["class"]["road"].errors.abs_rel == pytest.approx(0.0, abs=1e-3)
    assert report.sharpness == pytest.approx(report.true_sharpness, rel=1e-3)


def test_models_are_judged_at_the_size_of_the_truth_whatever_their_own(depth_model, drive_of, tmp_path):
    """A model that sees half of the pixels cannot know what the other half of them shows."""
    write_depth_model(tmp_path / "small.onnx", width=64, height=32, focal_length=40.0)
    large, small = evaluate([depth_model, tmp_path / "small.onnx"], [drive_of()])
    assert small.median_scaled.pixels == large.median_scaled.pixels
    assert large.median_scaled.abs_rel < 1e-3
    assert small.median_scaled.abs_rel > 0.1
    assert list(small.sharpness) == ["5", "20", "80"]
    shares = [small.sharpness[limit] / large.sharpness[limit] for limit in small.sharpness]
    assert shares == sorted(shares, reverse=True)  # the higher the threshold, the more a sharp edge beats a soft one
    assert shares[1] < 0.7
    printed = depth_tables([large, small])
    for word in ("depth.onnx", "small.onnx", "up to 20 m", "beyond 20 m", "Tenengrad", "road", "row median"):
        assert word in printed


def test_errors_are_told_apart_by_distance_and_class(depth_model, drive_of):
    drive = drive_of()
    drive.labels[:, :, :64] = CAR
    truth = luma_depth(drive.images)
    drive.depth[:, :, :64] = truth[:, :, :64] / 1.25  # of the cars alone the model says too much
    (report,) = evaluate([depth_model], [drive], scaling="none")
    assert report.parts["class"]["car"].errors.abs_rel == pytest.approx(0.25, abs=1e-4)
    assert report.parts["class"]["road"].errors.abs_rel == pytest.approx(0.0, abs=1e-4)
    assert report.errors == report.metric
    near, far = (part.errors.pixels for part in report.parts["distance"].values())
    assert near == (drive.depth[::4] <= 20).sum()
    assert near + far == report.median_scaled.pixels


def test_poles_are_found(depth_model, drive_of):
    drive = drive_of()
    drive.images[:] = 220
    drive.images[:, 10:60, 60:64] = 80
    drive.depth[:] = luma_depth(drive.images)
    drive.labels[:, 10:60, 60:64] = POLE
    (report,) = evaluate([depth_model], [drive])
    assert report.extras == {"poles seen": Extra(3, 1.0)}
    assert (report.scores[-1].name, report.scores[-1].value) == ("poles seen", 1.0)


def test_frames_are_drawn_without_the_baseline(depth_model, drive_of):
    drawn = []
    evaluate([depth_model], [drive_of()], draw=lambda number, frame, depth, scales: drawn.append((frame.name, *depth)))
    assert drawn == [("0_000", str(depth_model)), ("0_004", str(depth_model)), ("0_008", str(depth_model))]


def test_scores_travel_from_the_report_into_the_model_file(depth_model, drive_of, tmp_path):
    (report,) = evaluate([depth_model], [drive_of()])
    write_json({"depth": report.to_json()}, tmp_path / "scores.json")
    read = read_scores(tmp_path / "scores.json", "depth")
    assert read == report.scores
    assert all(isinstance(score, Score) and score.protocol.startswith("somewhere") for score in read)
    printed = score_lines(read)
    assert all(score.name in printed for score in read)
    with pytest.raises(TrainingError, match="no scores of a pose model"):
        read_scores(tmp_path / "scores.json", "pose")
