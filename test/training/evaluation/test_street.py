"""The evaluation on street drives, with models whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.models import luma_depth, write_depth_model

from depth_perception.model_file import Score
from training.errors import TrainingError
from training.evaluation.checkpoint_engine import open_network
from training.evaluation.predictors import predictor
from training.evaluation.protocol import street_protocol
from training.evaluation.street import evaluate_on_street
from training.evaluation.tables import depth_tables, scores, write_json
from training.exporting.export import read_scores
from training.street.labels import CAR, POLE

NEAR = np.full((64, 128), 10.0, np.float32)


def evaluate(models, drives, step=4, draw=None, baseline=NEAR, scaling="median"):
    protocol = replace(street_protocol("somewhere"), scaling=scaling)
    predictors = {str(model): predictor(open_network(model), protocol.view, protocol.resize) for model in models}
    return evaluate_on_street(predictors, drives, baseline, protocol, step, draw)


def test_a_model_that_is_right_scores_zero(depth_model, drive_of):
    (report,) = evaluate([depth_model], [drive_of()])
    assert report["images"] == 3
    assert report["metric"]["abs_rel"] == pytest.approx(0.0, abs=1e-4)
    assert report["baseline"]["abs_rel"] > 0.1
    assert report["scale"] == {"median": pytest.approx(1.0, abs=1e-3), "spread": pytest.approx(0.0, abs=1e-3)}


def test_a_model_that_is_twice_too_far_is_right_but_for_its_scale(depth_model, drive_of):
    (report,) = evaluate([depth_model], [drive_of(model_says=2.0)])
    assert report["median"]["abs_rel"] == pytest.approx(0.0, abs=1e-3)
    assert report["metric"]["abs_rel"] == pytest.approx(1.0, abs=1e-3)
    assert report["median"]["scale"] == pytest.approx(0.5, abs=1e-3)
    assert report["regions"]["road"]["abs_rel"] == pytest.approx(0.0, abs=1e-3)
    assert report["tenengrad"] == pytest.approx(report["tenengrad of the truth"], rel=1e-3)


def test_models_are_judged_at_the_size_of_the_truth_whatever_their_own(depth_model, drive_of, tmp_path):
    """A model that sees half of the pixels cannot know what the other half of them shows."""
    write_depth_model(tmp_path / "small.onnx", width=64, height=32, focal_length=40.0)
    large, small = evaluate([depth_model, tmp_path / "small.onnx"], [drive_of()])
    assert small["median"]["pixels"] == large["median"]["pixels"]
    assert large["median"]["abs_rel"] < 1e-3
    assert small["median"]["abs_rel"] > 0.1
    assert list(small["tenengrad"]) == ["5", "20", "80"]
    shares = [small["tenengrad"][limit] / large["tenengrad"][limit] for limit in small["tenengrad"]]
    assert shares == sorted(shares, reverse=True)  # the higher the threshold, the more a sharp edge beats a soft one
    assert shares[1] < 0.7
    printed = depth_tables([large, small])
    for word in ("depth.onnx", "small.onnx", "up to 20 m", "beyond 20 m", "Tenengrad", "road", "training drives"):
        assert word in printed


def test_errors_are_told_apart_by_distance_and_class(depth_model, drive_of):
    drive = drive_of()
    drive.labels[:, :, :64] = CAR
    truth = luma_depth(drive.images)
    drive.depth[:, :, :64] = truth[:, :, :64] / 1.25  # of the cars alone the model says too much
    (report,) = evaluate([depth_model], [drive], scaling="none")
    assert report["regions"]["car"]["abs_rel"] == pytest.approx(0.25, abs=1e-4)
    assert report["regions"]["road"]["abs_rel"] == pytest.approx(0.0, abs=1e-4)
    assert report["regions"]["all"] == report["metric"] | {"images": 3}
    near, far = report["regions"]["up to 20 m"], report["regions"]["beyond 20 m"]
    assert near["pixels"] == (drive.depth[::4] <= 20).sum()
    assert near["pixels"] + far["pixels"] == report["median"]["pixels"]


def test_poles_are_found(depth_model, drive_of):
    drive = drive_of()
    drive.images[:] = 220
    drive.images[:, 10:60, 60:64] = 80
    drive.depth[:] = luma_depth(drive.images)
    drive.labels[:, 10:60, 60:64] = POLE
    (report,) = evaluate([depth_model], [drive], step=6)
    assert report["poles"] == {"number": 2, "visible": 1.0}


def test_frames_are_drawn_without_the_baseline(depth_model, drive_of):
    drawn = []
    evaluate([depth_model], [drive_of()], draw=lambda number, frame, depth, scales: drawn.append((frame.name, *depth)))
    assert drawn == [("0_000", str(depth_model)), ("0_004", str(depth_model)), ("0_008", str(depth_model))]


def test_scores_travel_from_the_report_into_the_model_file(depth_model, drive_of, tmp_path):
    (report,) = evaluate([depth_model], [drive_of()])
    write_json({"depth": report}, tmp_path / "scores.json")
    read = read_scores(tmp_path / "scores.json", "depth")
    assert [score.name for score in read] == [score["name"] for score in report["scores"]]
    assert all(isinstance(score, Score) and score.protocol.startswith("somewhere") for score in read)
    printed = scores(report)
    assert all(score.name in printed for score in read)
    with pytest.raises(TrainingError, match="no scores of a pose model"):
        read_scores(tmp_path / "scores.json", "pose")
