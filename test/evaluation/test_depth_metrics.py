"""The metrics against a second implementation, written pixel by pixel from the paper's formulas."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from depth_perception.evaluation.depth_metrics import depth_metrics, mean_of, pooled
from depth_perception.evaluation.errors import EvaluationError


def by_hand(truth: np.ndarray, prediction: np.ndarray, median: bool, low: float, high: float) -> dict[str, float]:
    pairs = [
        (float(t), float(p))
        for t, p in zip(truth.flat, prediction.flat, strict=True)
        if math.isfinite(t) and low < t < high
    ]
    scale = 1.0
    if median:
        scale = statistics.median(t for t, _ in pairs) / statistics.median(p for _, p in pairs)
    pairs = [(t, min(max(p * scale, low), high)) for t, p in pairs]
    n = len(pairs)
    return {
        "abs_rel": sum(abs(t - p) / t for t, p in pairs) / n,
        "sq_rel": sum((t - p) ** 2 / t for t, p in pairs) / n,
        "rmse": math.sqrt(sum((t - p) ** 2 for t, p in pairs) / n),
        "rmse_log": math.sqrt(sum((math.log(t) - math.log(p)) ** 2 for t, p in pairs) / n),
        "log10": sum(abs(math.log10(t / p)) for t, p in pairs) / n,
        "a1": sum(max(t / p, p / t) < 1.25 for t, p in pairs) / n,
        "a2": sum(max(t / p, p / t) < 1.25**2 for t, p in pairs) / n,
        "a3": sum(max(t / p, p / t) < 1.25**3 for t, p in pairs) / n,
        "ratio": statistics.median(p / t for t, p in pairs),
        "scale": scale,
        "pixels": n,
    }


@pytest.mark.parametrize("scale", ["median", None])
@pytest.mark.parametrize("maximum", [80.0, 30.0])
def test_agrees_with_the_formulas_written_out(scale, maximum):
    random = np.random.default_rng(3)
    truth = random.uniform(1, 100, (12, 17)).astype(np.float32)
    truth[0, :5] = [np.nan, np.inf, 0.0, -1.0, 5e-4]
    prediction = (truth * random.lognormal(0.3, 0.4, truth.shape)).astype(np.float32)
    prediction[~np.isfinite(prediction) | (prediction <= 0)] = 5.0
    got = depth_metrics(truth, prediction, scale=scale, maximum=maximum)
    for name, value in by_hand(truth, prediction, scale == "median", 1e-3, maximum).items():
        assert getattr(got, name) == pytest.approx(value, rel=1e-9), name


def test_with_a_mask_truth_counts_there_and_nowhere_else_whatever_its_distance():
    random = np.random.default_rng(4)
    truth = random.uniform(1, 160, (12, 17))
    mask = random.random(truth.shape) < 0.5
    prediction = truth * random.lognormal(0.0, 0.4, truth.shape)
    truth[0, :4] = [np.nan, np.inf, 0.0, -1.0]
    mask[0, :4] = True
    masked = np.where(mask, truth, np.nan)
    expected = by_hand(masked, prediction, True, 0.0, math.inf)
    scale = expected["scale"]
    clamped = np.clip(prediction * scale, 1e-3, 80.0)
    expected = by_hand(masked, clamped, False, 0.0, math.inf) | {"scale": scale}
    got = depth_metrics(truth, prediction, mask=mask)
    for name, value in expected.items():
        assert getattr(got, name) == pytest.approx(value, rel=1e-9), name


def test_pooled_images_are_judged_as_one():
    """Of three images, each with holes in the truth and in the prediction of its own number."""
    random = np.random.default_rng(5)
    images = []
    for height in (3, 10, 30):
        truth = random.uniform(1, 70, (height, 20))
        prediction = truth * random.lognormal(0.1, 0.1 * height / 3, truth.shape)
        truth[random.random(truth.shape) < 0.2] = np.nan
        prediction[random.random(truth.shape) < 0.3] = np.nan
        images.append((truth, prediction))
    metrics = [depth_metrics(*image, scale=None) for image in images]
    got = pooled(metrics)
    whole = [np.concatenate(parts) for parts in zip(*images, strict=True)]
    expected = depth_metrics(*whole, scale=None)
    for name in ("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "a1", "a2", "a3", "pixels", "coverage"):
        assert getattr(got, name) == pytest.approx(getattr(expected, name), rel=1e-9), name
    assert abs(got.abs_rel / mean_of(metrics).abs_rel - 1) > 0.05


def test_what_is_off_by_just_a_threshold_is_beyond_it():
    truth = np.ones(4)
    got = depth_metrics(truth, np.array([1.0, 1.25, 1.25**2, 1.25**3]), scale=None)
    assert (got.a1, got.a2, got.a3) == (0.25, 0.5, 0.75)


def test_a_given_scale_is_used():
    truth = np.array([[10.0, 20.0]])
    got = depth_metrics(truth, truth * 5, scale=0.2)
    assert (got.scale, got.rmse) == (0.2, pytest.approx(0.0))


def test_a_perfect_prediction_has_no_error():
    truth = np.linspace(1, 79, 100).reshape(10, 10)
    got = depth_metrics(truth, truth, scale=None)
    assert (got.abs_rel, got.sq_rel, got.rmse, got.rmse_log) == (0, 0, 0, 0)
    assert (got.a1, got.a2, got.a3, got.scale, got.coverage, got.pixels) == (1, 1, 1, 1, 1, 100)


def test_scale_is_taken_before_the_clamp():
    """Clamped first, the far pixels of this twofold prediction would be cut to 80 m and come out wrong."""
    truth = np.array([[10.0, 20.0, 30.0, 60.0, 70.0]])
    assert depth_metrics(truth, truth * 2, scale="median").abs_rel == pytest.approx(0, abs=1e-12)


def test_beyond_range_counts_as_the_maximum_and_invalid_lowers_coverage():
    truth = np.array([[10.0, 40.0, 20.0, 5.0]])
    prediction = np.array([[10.0, np.inf, np.nan, 0.0]])
    got = depth_metrics(truth, prediction, scale=None)
    assert got.pixels == 2
    assert got.coverage == pytest.approx(0.5)
    assert got.abs_rel == pytest.approx((0 + (80 - 40) / 40) / 2)


@pytest.mark.parametrize("scale", ["median", None])
def test_an_image_that_is_beyond_range_all_over_counts_as_the_maximum(scale):
    """It is the worst there is, and must not leave the mean."""
    truth = np.array([[10.0, 20.0, 40.0]])
    seen = depth_metrics(truth, np.array([[np.inf, np.inf, 8.0]]), scale=scale)
    factor = 20.0 / 80.0 if scale else 1.0
    assert seen.scale == factor
    assert seen.abs_rel == pytest.approx((7.0 + 3.0 + abs(8.0 * factor - 40) / 40) / 3)
    assert seen.coverage == 1.0


def test_mean_is_over_images_not_over_pixels():
    small = depth_metrics(np.full((1, 1), 10.0), np.full((1, 1), 20.0), scale=None)
    large = depth_metrics(np.full((9, 9), 10.0), np.full((9, 9), 10.0), scale=None)
    assert mean_of([small, large]).abs_rel == pytest.approx(0.5)
    assert mean_of([small, large]).pixels == 82


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (np.ones((2, 3)), np.ones((3, 2)), r"\(2, 3\).*\(3, 2\)"),
        (np.full((2, 2), np.nan), np.ones((2, 2)), "no pixel to compare: 0 have a true depth"),
        (np.ones((2, 2)), np.full((2, 2), np.nan), "no pixel to compare: 4 have.* 0 a predicted one"),
    ],
)
def test_what_cannot_be_compared_is_refused(truth, prediction, message):
    with pytest.raises(EvaluationError, match=message):
        depth_metrics(truth, prediction)


def test_a_mask_of_another_shape_or_over_nothing_is_refused():
    ones = np.ones((2, 2))
    with pytest.raises(EvaluationError, match=r"\(2, 2\), its mask \(3, 2\)"):
        depth_metrics(ones, ones, mask=np.ones((3, 2), bool))
    with pytest.raises(EvaluationError, match="0 have a true depth within the mask"):
        depth_metrics(ones, ones, mask=np.zeros((2, 2), bool))


def test_mean_of_nothing_is_refused():
    with pytest.raises(EvaluationError, match="no images"):
        mean_of([])
