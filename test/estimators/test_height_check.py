"""Whether a height above a base frame is that above the road."""

from __future__ import annotations

import numpy as np
import pytest

from depth_perception.estimators.height_check import HeightCheck, HeightMismatch
from depth_perception.estimators.scale import UNKNOWN_SCALE, ScaleEstimate

LENGTHS = ScaleEstimate(2.0, 0.2, "depth")


def road(factor: float, sigma: float = 0.03) -> ScaleEstimate:
    return ScaleEstimate(factor * LENGTHS.value, sigma, "ground_plane")


@pytest.mark.parametrize(("factors", "believed"), [
    ([1.1], [True]), ([1.14], [False]), ([0.9], [True]), ([0.88], [False]), ([1.1, 1.16], [True, True]),
    ([1.14, 1.1, 1.16, 1.21, 1.16], [False, True, True, False, False]),
])  # fmt: skip
def test_it_does_not_come_and_go_at_the_limit(factors, believed):
    """0.6 of a fifth; 0.9 once it is believed."""
    check, found = HeightCheck(1.5), []
    for factor in factors:
        found.append(check.believed(road(factor), LENGTHS) is not None)
        assert (check.mismatch is None) == found[-1]
    assert found == believed


def test_what_is_believed_is_no_surer_than_a_base_frame_can_be():
    believed = HeightCheck(1.5).believed(road(1.05), LENGTHS)
    assert believed is not None
    assert (believed.value, believed.source) == (1.05 * LENGTHS.value, "ground_plane")
    assert believed.sigma == pytest.approx(np.hypot(0.03, 0.07))


@pytest.mark.parametrize("factor", [0.5, 0.99, 1.0, 1.02, 2.0])
@pytest.mark.parametrize("sigma", [0.0, 0.01, 0.05, 0.075])
def test_lengths_that_are_known_as_well_without_it_are_left_alone(factor, sigma):
    """Such as depth that goes by the same height."""
    check = HeightCheck(1.5)
    assert check.believed(road(factor), ScaleEstimate(LENGTHS.value, sigma, "depth")) is None
    assert check.mismatch is None


def test_lengths_of_no_known_unit_contradict_nothing():
    assert HeightCheck(1.5).believed(road(9.0), UNKNOWN_SCALE) is not None


def test_a_mismatch_is_the_same_one_until_its_height_is_another():
    check, seen = HeightCheck(1.5), []
    for factor in (0.7, 0.73, 0.66, 0.6):
        assert check.believed(road(factor), LENGTHS) is None
        assert check.mismatch is not None
        seen.append(check.mismatch.seen)
    assert seen == pytest.approx([1.5 / 0.7] * 3 + [1.5 / 0.6])


def test_advice_names_both_heights_and_the_frame():
    advice = HeightMismatch(1.6, 1.234).advice("chassis")
    assert "the camera is 1.60 m above chassis, but 1.23 m above the road" in advice
