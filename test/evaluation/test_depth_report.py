"""Reports of depth: written, read back, compared; and breakdowns, which are any function of a frame."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from depth_perception.evaluation.breakdown import DISTANCE, Breakdown
from depth_perception.evaluation.depth_metrics import depth_metrics
from depth_perception.evaluation.depth_report import DepthReport, read_depth_reports
from depth_perception.evaluation.depth_tally import DepthTally
from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import DepthProtocol
from depth_perception.model_file import Score

PROTOCOL = DepthProtocol("somewhere", "somewhere", ranges=(4.0,), maximum=60.0)
TRUTH = np.linspace(1.0, 50.0, 200, dtype=np.float32).reshape(10, 20)
FRAME = Frame("one", np.zeros((10, 20, 3), np.uint8), TRUTH)


def left(frame, protocol):
    columns = np.arange(frame.truth.shape[1])
    return {"left": np.broadcast_to(columns < 5, frame.truth.shape), "nowhere": np.zeros(frame.truth.shape, bool)}


def tally(protocol=PROTOCOL):
    return DepthTally(
        "mine", protocol, [DISTANCE, Breakdown("side", left)], {"rows": lambda frame, depth: [10.0, 20.0]}
    )


def report_of(prediction, protocol=PROTOCOL, **options):
    made = tally(protocol)
    made.add(FRAME, prediction.astype(np.float32), **options)
    return made.report()


def test_a_report_is_read_back_as_it_was():
    whole = replace(
        report_of(1.1 * TRUTH), baselines={"guess": depth_metrics(TRUTH, TRUTH)}, scores=(Score("p", "abs_rel", 0.1),)
    )
    for report in (whole, report_of(TRUTH, metric=False)):
        assert DepthReport.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_a_breakdown_is_one_function():
    """By hand, with the scale of the whole image."""
    prediction = np.where(np.arange(20) < 5, 0.4 * TRUTH, 0.5 * TRUTH)
    report = report_of(prediction)
    expected = depth_metrics(TRUTH[:, :5], prediction[:, :5], scale=report.median_scaled.scale, maximum=60.0)
    assert report.parts["side"]["left"].errors == expected
    assert report.parts["side"]["left"].images == 1
    assert list(report.parts["side"]) == ["left"]
    assert list(report.parts["distance"]) == ["up to 20 m", "beyond 20 m", "up to 4 m"]
    assert (report.extras["rows"].number, report.extras["rows"].mean) == (2, 15.0)


def test_depth_that_is_not_metric_has_no_errors_in_metres():
    report = report_of(3.0 * TRUTH, replace(PROTOCOL, scaling="none"), metric=False)
    assert report.metric is None
    assert report.errors == report.median_scaled
    mixed = tally()
    mixed.add(FRAME, TRUTH)
    mixed.add(FRAME, TRUTH, metric=False)
    assert mixed.report().metric is None


def test_a_frame_that_cannot_be_compared_leaves_no_trace():
    made = tally()
    for prediction in (TRUTH[:5], np.full_like(TRUTH, np.nan)):
        with pytest.raises(EvaluationError):
            made.add(FRAME, prediction)
    made.add(FRAME, TRUTH)
    report = made.report()
    assert report.images == report.parts["side"]["left"].images == 1
    assert report.extras["rows"].number == 2


@pytest.mark.parametrize("many", [False, True])
def test_files_of_both_evaluations_are_read(tmp_path, many):
    report = report_of(TRUTH)
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"kind": "any", "depth": [report.to_json()] * 2 if many else report.to_json()}))
    assert read_depth_reports(path) == [report] * (2 if many else 1)


@pytest.mark.parametrize("content", ["", "{}", '{"depth": null}', '{"depth": {"model": "x"}}', '{"depth": [3]}'])
def test_a_file_without_a_report_is_named(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(EvaluationError, match=r"x\.json: "):
        read_depth_reports(tmp_path / "x.json")
    with pytest.raises(EvaluationError, match=r"none\.json: "):
        read_depth_reports(tmp_path / "none.json")
