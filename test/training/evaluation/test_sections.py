"""Errors in each metre of true depth, against a loop over all pixels."""

import json
import math
import statistics
from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers.models import luma_depth

from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import DepthProtocol
from training.commands import evaluate
from training.evaluation.benchmark import benchmarks
from training.evaluation.benchmarks.make3d import MAKE3D
from training.evaluation.depth import evaluate_depth
from training.evaluation.sections import Sections

PROTOCOL = DepthProtocol("rooms", "somewhere", maximum=10.0, scaling="none")


def frames(number=3):
    """Of four by five pixels with a hole; the second network is 10 % better and silent at one pixel."""
    rng = np.random.default_rng(0)
    items, answers = [], {}
    for index in range(number):
        truth = rng.uniform(0.3, 8.9, (4, 5)).astype(np.float32)
        first = (truth * rng.lognormal(0.3, 0.5, truth.shape)).astype(np.float32)
        second = (truth + 0.9 * (first - truth)).astype(np.float32)
        truth[0, 0] = np.nan
        second[1, 1] = np.nan
        first[2, 2] = np.inf  # sky: as far as the protocol goes
        items.append(Frame(str(index), np.zeros((4, 5, 3), np.uint8), truth))
        answers[str(index)] = {"a/first.ckpt": first, "a/second.ckpt": second}
    return items, answers


def by_loops(items, answers, name, scales):
    """Each section's pixels, errors and outliers; and each frame's differences of logarithms."""
    sections: dict[int, list[tuple[float, bool]]] = {}
    differences = []
    for frame in items:
        logs = []
        for truth, predicted in zip(frame.truth.flat, answers[frame.name][name].flat, strict=True):
            if math.isnan(truth) or math.isnan(predicted):
                continue
            predicted = min(max(float(predicted) * scales[frame.name], 1e-3), 10.0)
            section = sections.setdefault(math.floor(truth), [])
            section.append((abs(truth - predicted), max(truth / predicted, predicted / truth) > 1.25**3))
            logs.append(math.log(predicted) - math.log(truth))
        differences.append(logs)
    return sections, differences


@pytest.mark.parametrize("scaling", ["none", "median"])
def test_is_what_a_loop_over_all_pixels_finds(scaling):
    items, answers = frames()
    protocol = replace(PROTOCOL, scaling=scaling)
    sections = Sections(protocol)
    scales: dict[str, dict[str, float]] = {name: {} for name in answers["0"]}

    def draw(number, frame, depth, used):
        sections(number, frame, depth, used)
        for name, scale in used.items():
            scales[name][frame.name] = scale

    predictors = {name: lambda frame, name=name: answers[frame.name][name] for name in answers["0"]}
    evaluate_depth(predictors, items, protocol, draw)
    reports = {report["model"]: report for report in sections.reports()}
    assert list(reports) == list(answers["0"])
    for name, report in reports.items():
        expected, logs = by_loops(items, answers, name, scales[name])
        pixels = sum(map(len, expected.values()))
        assert pixels == 3 * (19 if name == "a/first.ckpt" else 18)
        assert [item["from"] for item in report["sections"]] == sorted(expected)
        for item in report["sections"]:
            errors, outliers = zip(*expected[item["from"]], strict=True)
            assert item["frequency"] == pytest.approx(len(errors) / pixels)
            assert item["mae"] == pytest.approx(statistics.fmean(errors), rel=1e-5)
            assert item["outliers"] == pytest.approx(statistics.fmean(outliers))
        assert sum(item["frequency"] for item in report["sections"]) == pytest.approx(1.0)
        everything = [error for section in expected.values() for error, _ in section]
        assert report["mae"] == pytest.approx(statistics.fmean(everything), rel=1e-5)
        sc_inv = [statistics.fmean(x**2 for x in log) - statistics.fmean(log) ** 2 for log in logs]
        assert report["sc_inv"] == pytest.approx(statistics.fmean(sc_inv), rel=1e-5)
    assert any(0 < item["outliers"] < 1 for item in reports["a/first.ckpt"]["sections"])


def test_the_command_line_writes_a_table_figures_and_plots(tmp_path, monkeypatch, capsys, depth_model):
    rng = np.random.default_rng(0)
    image = np.full((64, 128, 3), 30, np.uint8)  # the model says 6.8 m
    image[:, 64:] = rng.integers(5, 250, (64, 64, 3))
    truth = luma_depth(image) + np.float32(0.5)
    make3d = type(benchmarks()["make3d"])
    monkeypatch.setattr(make3d, "frames", lambda *_: iter([Frame("one", image, truth)]))
    words = ["--protocol", "make3d", "--data", "x", "--scaling", "none"]
    evaluate.main([*words, "--depth", str(depth_model), "--sections", str(tmp_path / "out")])
    (report,) = json.loads((tmp_path / "out/sections.json").read_text())["sections"]
    (seven,) = (item for item in report["sections"] if item["from"] == 7)
    assert seven["mae"] == pytest.approx(0.5, rel=1e-3)
    assert seven["frequency"] > 0.5
    assert "all truth" not in report["protocol"]
    assert MAKE3D.truth in report["protocol"]
    printed = capsys.readouterr().out
    assert f"  7 to 8 m    {100 * seven['frequency']:.1f} %" in printed
    assert "MAE m, depth.onnx" in printed
    for name in ("mae", "frequency", "outliers"):
        picture = cv2.imread(str(tmp_path / f"out/{name}.png"))
        assert picture is not None
        assert picture.std() > 5  # something is drawn
    evaluate.main([*words, "--depth", str(depth_model)])
    assert "MAE m" not in capsys.readouterr().out
