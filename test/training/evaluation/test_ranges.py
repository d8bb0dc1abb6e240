"""Depth judged up to 4, 6 and 8 m: by true depth, with the scale of the whole image."""

from dataclasses import replace

import numpy as np
import pytest

from depth_perception.evaluation.frame import Frame
from training.evaluation.benchmarks.rooms import ROOMS
from training.evaluation.depth import evaluate_depth
from training.evaluation.tables import depth_tables

TRUTH = np.linspace(0.5, 9.5, 91, dtype=np.float32).reshape(7, 13)
FRAME = Frame("one", np.zeros((7, 13, 3), np.uint8), TRUTH)
PROTOCOL = replace(ROOMS.protocol, ranges=(4.0, 6.0, 8.0))


def judged(prediction, **changes):
    (report,) = evaluate_depth({"model": lambda _: prediction}, [FRAME], replace(PROTOCOL, **changes))
    return report


def test_errors_count_up_to_each_range():
    error = np.where(TRUTH > 5.0, 0.04, 0.0).astype(np.float32)
    report = judged(TRUTH * (1 + error))
    parts = report.parts["distance"]
    assert parts["up to 4 m"].errors.abs_rel == pytest.approx(0.0, abs=1e-6)
    for limit in (6.0, 8.0):
        expected = error[limit >= TRUTH].mean()
        assert parts[f"up to {limit:g} m"].errors.abs_rel == pytest.approx(expected, rel=1e-4)
        assert parts[f"up to {limit:g} m"].errors.pixels == np.sum(limit >= TRUTH)
    assert report.errors.abs_rel == pytest.approx(error.mean(), rel=1e-3)


def test_the_scale_is_the_whole_images():
    near = judged(2 * TRUTH, scaling="median").parts["distance"]["up to 4 m"].errors
    assert near.scale == pytest.approx(0.5)
    assert near.abs_rel == pytest.approx(0.0, abs=1e-6)


def test_printed_and_written():
    report = judged(TRUTH)
    assert report.to_json()["protocol"]["ranges"] == (4.0, 6.0, 8.0)
    printed = depth_tables([report])
    for limit in (4, 6, 8):
        assert f"up to {limit} m" in printed


def test_without_ranges_there_are_none():
    assert list(judged(TRUTH, ranges=()).parts["distance"]) == ["up to 3 m", "beyond 3 m"]
