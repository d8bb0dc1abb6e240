"""Frames that a system does without can be left out: its loss and every gradient stay the same, bit by bit."""

from typing import Any

import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, make_system
from torch.utils.data import default_collate

from training.data.augmentation import Augmentation
from training.data.datasets.street import StreetSnippets
from training.data.samples import SnippetSamples
from training.systems.loss_weights import LossWeights

ONLY_UNKNOWN: dict[str, Any] = {"depth": 1.0, "only_unknown": True, "scales": 1}


def losses_and_gradients(weights, middle_of_known):
    """Of a batch of one known and one unknown sample."""
    known = StreetSnippets([analytic_drive(FULL, frames=3, seed=0)])
    unknown = StreetSnippets([analytic_drive(FULL, frames=3, seed=1)], truth=())
    samples = SnippetSamples([known, unknown], [(96, 64)], Augmentation(noise=1.0), middle_of_known=middle_of_known)
    system = make_system("lr", weights)
    loss, parts = system.loss(default_collate([samples[0], samples[1]]))
    loss.backward()
    gradients = {name: value.grad for name, value in system.named_parameters() if value.grad is not None}
    return {"loss": loss, **parts}, gradients


@pytest.mark.parametrize("features", [0.0, 0.1])
def test_what_is_learnt_is_the_same(features):
    weights = LossWeights(**ONLY_UNKNOWN, features=features)
    assert make_system("lr", weights).middle_of_known
    for whole, few in zip(*(losses_and_gradients(weights, alone) for alone in (False, True)), strict=True):
        assert whole.keys() == few.keys()
        assert all(torch.equal(value, few[name]) for name, value in whole.items())


@pytest.mark.parametrize("others", [{"only_unknown": False}, {"motion": 1.0}, {"speed": 1.0}])
def test_systems_that_need_them_do_not_do_without(others):
    weights = LossWeights(**{**ONLY_UNKNOWN, **others})
    assert not make_system("lr", weights).middle_of_known
    (whole, _), (few, _) = (losses_and_gradients(weights, alone) for alone in (False, True))
    assert whole["loss"] != few["loss"]
