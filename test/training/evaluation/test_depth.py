"""Protocols against the published steps written out again, on random depth maps."""

import math
import statistics
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import DepthProtocol
from training.errors import TrainingError
from training.evaluation.benchmark import benchmarks
from training.evaluation.benchmarks.kitti_raw import KITTI_EIGEN, KITTI_IMPROVED
from training.evaluation.benchmarks.make3d import MAKE3D
from training.evaluation.depth import evaluate_depth
from training.evaluation.tables import depth_tables
from training.street.labels import ROAD, TERRAIN, VEGETATION

BLACK = np.zeros((2, 2, 3), np.uint8)


def random_frames(shape, number=3, farthest=100.0, labels=False):
    """Sparse truth as LiDAR's, and predictions of another unit."""
    rng = np.random.default_rng(0)
    frames, predictions = [], {}
    for index in range(number):
        truth = rng.uniform(0.5, farthest, shape).astype(np.float32)
        predictions[str(index)] = (truth * rng.lognormal(-1.0, 0.5, shape)).astype(np.float32)
        truth[rng.random(shape) < 0.6] = np.nan
        classes = rng.choice(np.array([ROAD, TERRAIN, VEGETATION, 255], np.uint8), shape) if labels else None
        frames.append(Frame(str(index), BLACK, truth, labels=classes))
    return frames, lambda frame: predictions[frame.name]


def pixels(frame, rows, columns, low, high):
    """Row, column and truth of every pixel that counts."""
    truth = frame.truth
    for v in range(rows.start, rows.stop):
        for u in range(columns.start, columns.stop):
            if math.isfinite(truth[v, u]) and low < truth[v, u] < high:
                yield v, u, float(truth[v, u])


def errors(pairs, scale, low, high):
    """The published figures of one image from its pairs of true and predicted depth."""
    pairs = [(t, min(max(p * scale, low), high)) for t, p in pairs]
    n = len(pairs)
    return {
        "abs_rel": sum(abs(t - p) / t for t, p in pairs) / n,
        "sq_rel": sum((t - p) ** 2 / t for t, p in pairs) / n,
        "rmse": math.sqrt(sum((t - p) ** 2 for t, p in pairs) / n),
        "rmse_log": math.sqrt(sum((math.log(t) - math.log(p)) ** 2 for t, p in pairs) / n),
        "log10": sum(abs(math.log10(t) - math.log10(p)) for t, p in pairs) / n,
        "a1": sum(max(t / p, p / t) < 1.25 for t, p in pairs) / n,
        "a2": sum(max(t / p, p / t) < 1.25**2 for t, p in pairs) / n,
        "a3": sum(max(t / p, p / t) < 1.25**3 for t, p in pairs) / n,
    }


def mean(dictionaries):
    return {name: statistics.fmean(item[name] for item in dictionaries) for name in dictionaries[0]}


def judge(frames, predict, rows, columns, truth_range, clamp, where=lambda frame, v, u, t: True):
    """All steps: pixels that count, the ratio of their medians, the clamp, the errors, the mean over images."""
    results, scales = [], []
    for frame in frames:
        prediction = predict(frame)
        counted = list(pixels(frame, rows, columns, *truth_range))
        pairs = [(t, float(prediction[v, u])) for v, u, t in counted]
        scale = statistics.median(t for t, _ in pairs) / statistics.median(p for _, p in pairs)
        chosen = [(t, float(prediction[v, u])) for v, u, t in counted if where(frame, v, u, t)]
        results.append(errors(chosen, scale, *clamp))
        scales.append(scale)
    return mean(results), scales


@pytest.mark.parametrize(
    ("protocol", "shape", "rows", "columns", "truth_range", "clamp"),
    [
        (KITTI_EIGEN, (94, 310), slice(38, 93), slice(11, 298), (1e-3, 80.0), (1e-3, 80.0)),
        (replace(KITTI_EIGEN, crop="eigen"), (94, 310), slice(31, 85), slice(11, 298), (1e-3, 80.0), (1e-3, 80.0)),
        (KITTI_IMPROVED, (40, 60), slice(0, 40), slice(0, 60), (0.0, math.inf), (1e-3, 80.0)),
        (MAKE3D, (21, 305), slice(0, 21), slice(0, 305), (0.0, 70.0), (1e-9, 70.0)),
    ],
)
def test_agrees_with_the_published_steps_written_out(protocol, shape, rows, columns, truth_range, clamp):
    frames, predict = random_frames(shape)
    (report,) = evaluate_depth({"x": predict}, frames, protocol)
    expected, scales = judge(frames, predict, rows, columns, truth_range, clamp)
    for name, value in expected.items():
        assert getattr(report.median_scaled, name) == pytest.approx(value, rel=1e-6), name
    scores = benchmarks()[protocol.name].scores(report, Namespace())
    assert {score.name: score.value for score in scores} == pytest.approx(expected, rel=1e-3)
    assert {score.protocol for score in scores} == {protocol.words}
    assert report.scale_median == pytest.approx(statistics.median(scales), rel=1e-6)
    spread = statistics.pstdev(scales) / statistics.median(scales)
    assert report.scale_spread == pytest.approx(spread, rel=1e-6)
    assert report.images == 3


def test_bands_and_classes_share_the_scale_of_the_whole_image():
    frames, predict = random_frames((30, 50), labels=True)
    (report,) = evaluate_depth({"x": predict}, frames, replace(KITTI_EIGEN, crop="none"))
    regions = {
        "up to 20 m": lambda frame, v, u, t: t <= 20.0,
        "beyond 20 m": lambda frame, v, u, t: t > 20.0,
        "road": lambda frame, v, u, t: frame.labels[v, u] == ROAD,
        "tree & grass": lambda frame, v, u, t: frame.labels[v, u] in (VEGETATION, TERRAIN),
    }
    parts = {name: part for parts in report.parts.values() for name, part in parts.items()}
    assert set(parts) == set(regions)
    for region, where in regions.items():
        expected, _ = judge(frames, predict, slice(0, 30), slice(0, 50), (1e-3, 80.0), (1e-3, 80.0), where)
        for name, value in expected.items():
            assert getattr(parts[region].errors, name) == pytest.approx(value, rel=1e-6), (region, name)


def test_unscaled_depth_is_judged_when_the_protocol_says_so():
    frames, predict = random_frames((20, 20))
    (report,) = evaluate_depth({"x": predict}, frames, replace(KITTI_EIGEN, scaling="none"))
    assert report.metric is not None
    assert report.errors.abs_rel == report.metric.abs_rel != report.median_scaled.abs_rel
    assert report.errors.scale == 1.0
    assert "metres as they come" in report.protocol.words


def test_an_image_without_far_pixels_does_not_count_as_far():
    near = Frame("near", BLACK, np.full((4, 4), 10.0, np.float32))
    far = Frame("far", BLACK, np.full((4, 4), 40.0, np.float32))
    (report,) = evaluate_depth({"x": lambda frame: frame.truth}, [near, far], replace(KITTI_EIGEN, crop="none"))
    assert {name: part.images for name, part in report.parts["distance"].items()} == {"up to 20 m": 1, "beyond 20 m": 1}


def test_every_protocol_says_what_it_is():
    protocols = [item.protocol for item in benchmarks().values()]
    for protocol in protocols:
        written = protocol.to_json()
        assert DepthProtocol.from_json(written) == protocol
        mean = {"images": "mean over images", "pixels": "mean over all pixels of all images together"}[protocol.mean]
        for word in (mean, f"{protocol.maximum:g} m", protocol.truth):
            assert word in written["words"]
    assert "LiDAR" in KITTI_EIGEN.words
    assert "optical axis" in replace(KITTI_EIGEN, depth_axis="optical").words
    assert len({protocol.words for protocol in protocols}) == len(protocols)


def test_a_frame_that_cannot_be_judged_is_named():
    frame = Frame("drive/69", BLACK, np.full((4, 4), np.nan, np.float32))
    with pytest.raises(TrainingError, match=r"mine\.onnx on drive/69: no pixel to compare"):
        evaluate_depth({"mine.onnx": lambda frame: np.ones((4, 4), np.float32)}, [frame], KITTI_EIGEN)
    with pytest.raises(TrainingError, match="kitti_eigen: there is no frame"):
        evaluate_depth({"x": lambda frame: frame.truth}, [], KITTI_EIGEN)


def test_metres_are_not_said_of_depth_that_has_none():
    """Depth of half the size, from a model that knows metres and from one that does not."""
    frames, _ = random_frames((12, 20))
    protocol = replace(KITTI_EIGEN, crop="none", scaling="none")
    predictors = dict.fromkeys(("knows", "guesses"), lambda frame: np.nan_to_num(frame.truth, nan=1.0) / 2)
    extras = {"mean": lambda frame, depth: [float(np.nanmean(depth / frame.truth))]}
    knows, guesses = evaluate_depth(predictors, frames, protocol, extras=extras, relative={"guesses"})
    assert knows.metric is not None
    assert knows.errors.abs_rel == pytest.approx(0.5, abs=0.01)
    assert guesses.metric is None
    assert guesses.errors.abs_rel == pytest.approx(0.0, abs=1e-6)
    assert (knows.extras["mean"].mean, guesses.extras["mean"].mean) == pytest.approx((0.5, 1.0))
    for report in (knows, guesses):
        words = " ".join(score.name for score in benchmarks()["pairs"].scores(report, Namespace()))
        assert ("metres as they come" in words) == (report is knows)
    assert "guesses (no metres: scaled)" in depth_tables([knows, guesses])
