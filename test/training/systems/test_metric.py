"""Which lengths a training makes metres, and which only right up to a factor."""

from __future__ import annotations

import pytest
from helpers.training import make_system

from training.systems.loss_weights import LossWeights

BOTH, NONE = {"depth", "pose"}, set[str]()
NO_VIEWS = {"photometric": 0.0, "smoothness": 0.0}


@pytest.mark.parametrize(
    ("weights", "told", "before", "metric"),
    [
        ({}, ("depth", "poses", "distances", "labels"), NONE, NONE),
        ({"depth": 1.0}, ("depth",), NONE, BOTH),
        ({"depth": 1.0}, (), NONE, NONE),
        ({"motion": 1.0}, ("poses",), NONE, BOTH),
        ({"speed": 1.0}, ("distances",), NONE, BOTH),
        ({"true_motion": True}, ("poses",), NONE, BOTH),
        ({}, (), {"depth"}, BOTH),
        # depth that is brought to one mean before views are synthesised has no unit, whatever motion has
        ({"mean_depth": 10.0, "motion": 1.0}, ("poses",), NONE, {"pose"}),
        ({"mean_depth": 10.0, "speed": 1.0}, ("distances",), NONE, {"pose"}),
        ({"mean_depth": 10.0, "true_motion": True}, ("poses",), NONE, NONE),
        ({"mean_depth": 10.0, "depth": 1.0}, ("depth",), NONE, {"depth"}),
        ({"mean_depth": 10.0}, (), BOTH, NONE),
        # without views each learns for itself, and what does not learn stays as it was
        ({**NO_VIEWS, "motion": 1.0}, ("depth", "poses"), NONE, {"pose"}),
        ({**NO_VIEWS, "motion": 1.0}, ("poses",), {"depth"}, BOTH),
        ({**NO_VIEWS, "depth": 1.0}, ("depth", "poses"), NONE, {"depth"}),
    ],
)
def test_what_comes_out_in_metres(weights, told, before, metric):
    system = make_system("lr", LossWeights(**weights))
    assert system.metric(system.truths & frozenset(told), frozenset(before)) == metric
