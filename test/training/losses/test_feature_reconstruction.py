"""The feature reconstruction loss against a loop over pixels, and its minimum over sources."""

import numpy as np
import pytest
import torch

from training.losses.feature_reconstruction import feature_reconstruction_loss


def features(seed):
    return torch.randn(2, 16, 5, 7, generator=torch.Generator().manual_seed(seed))


def test_it_is_the_smaller_distance_of_each_pixel_over_the_mean_norm():
    target, first, second = (features(seed).double().numpy() for seed in range(3))
    smaller, norms = [], []
    for b, row, column in np.ndindex(2, 5, 7):
        here = target[b, :, row, column]
        smaller.append(min(np.linalg.norm(here - view[b, :, row, column]) for view in (first, second)))
        norms.append(np.linalg.norm(here))
    loss = feature_reconstruction_loss(features(0), [features(1), features(2)])
    assert float(loss) == pytest.approx(np.mean(smaller) / np.mean(norms), rel=1e-5)


def test_the_same_features_are_no_loss_and_have_a_gradient():
    view = features(0).requires_grad_()
    loss = feature_reconstruction_loss(features(0), [view, features(1)])
    loss.backward()
    assert loss == 0
    assert view.grad is not None
    assert torch.isfinite(view.grad).all()


def test_it_does_not_reward_small_features():
    small = feature_reconstruction_loss(0.01 * features(0), [0.01 * features(1)])
    assert float(small) == pytest.approx(float(feature_reconstruction_loss(features(0), [features(1)])), rel=1e-5)
