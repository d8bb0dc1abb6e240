"""Views synthesised from a batch, against drives whose depth and motion are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, loader, make_system
from torch.nn import functional as F

from training.systems.loss_weights import LossWeights
from training.systems.pictures import view_pictures
from training.systems.views import Views, view_loss

PHOTOMETRIC = LossWeights(smoothness=0.0, scales=1, automask=False)


@pytest.fixture(scope="module", params=["lr", "hr"])
def known(request):
    """A batch of each resolution, with its true disparity and focal factor."""
    drives = [analytic_drive(FULL, frames=12, seed=seed) for seed in range(3)]
    batch = next(iter(loader(drives, request.param)))
    factor = make_system(request.param).focal_factor(batch)
    return batch, (factor[:, None, None] / batch["depth"])[:, None], factor


def photometric(batch, disparity, motions, factor, columns=slice(0, None), weights=PHOTOMETRIC):
    views = Views(batch, motions, factor, columns, weights.mean_depth)
    return view_loss(views, [disparity], weights)[1]["photometric"]


def test_true_motion_and_depth_explain_the_views(known):
    """The whole wiring: motions, focal lengths, neighbours and their order, at both stages."""
    batch, disparity, factor = known
    true = photometric(batch, disparity, batch["motions"], factor)
    assert true < 0.5 * photometric(batch, disparity, -batch["motions"], factor)
    assert true < 0.7 * photometric(batch, 0.3 * disparity, batch["motions"], factor)


def test_cropped_columns_see_the_same_world(known):
    batch, disparity, factor = known
    width = disparity.shape[-1]
    cut = width // 3
    whole = photometric(batch, disparity, batch["motions"], factor)
    left, right = (
        photometric(batch, disparity[..., part], batch["motions"], factor, part)
        for part in (slice(0, cut), slice(cut, width))
    )
    assert float((left + 2 * right) / 3) == pytest.approx(float(whole), rel=0.03)


def test_no_motion_gives_the_frames_themselves(known):
    batch, disparity, factor = known
    views = Views(batch, torch.zeros_like(batch["motions"]), factor)
    for view, frame in zip(views.synthesised(views.pixels(disparity)), views.unmoved, strict=True):
        assert (view - frame).abs().max() < 2e-4  # one float32 step of a coordinate, times the contrast


def test_depth_brought_to_a_mean_is_of_any_scale(known):
    """DDVO: with motions in the units of that mean, it does not matter how large depth is."""
    batch, disparity, factor = known
    mean = 10.0
    weights = replace(PHOTOMETRIC, mean_depth=mean)
    scale = disparity.mean((1, 2, 3)) * mean
    motions = batch["motions"].clone()
    motions[..., 3:] *= scale[:, None, None]
    expected = photometric(batch, disparity, batch["motions"], factor)
    for size in (0.01, 1.0, 30.0):
        found = photometric(batch, size * disparity, motions, factor, weights=weights)
        assert float(found) == pytest.approx(float(expected), rel=1e-2)


class TestFeatures:
    def test_true_motion_and_depth_explain_features_too(self, known):
        """Smoothed images are features that move as the images do."""
        batch, disparity, factor = known
        images = batch["images"].movedim(-1, -3).float() / 255
        features = F.avg_pool2d(images.flatten(0, 1), 3, 1, 1).unflatten(0, images.shape[:2])
        weights = LossWeights(photometric=0.0, smoothness=0.0, features=2.0, scales=1)

        def loss(motions):
            return view_loss(Views(batch, motions, factor), [disparity], weights, features)

        total, parts = loss(batch["motions"])
        assert float(total) == pytest.approx(2.0 * float(parts["features"]))
        assert parts["features"] < 0.5 * loss(-batch["motions"])[1]["features"]


def test_pictures_show_target_views_and_mask(known):
    batch, disparity, factor = known
    batch = {name: value.clone() for name, value in batch.items()}
    height, width = disparity.shape[-2:]
    batch["images"][:, :, : height // 2] = batch["images"][:, 1:2, : height // 2]  # the upper half stands still
    pictures = view_pictures(Views(batch, batch["motions"], factor), disparity)
    assert len(pictures) == len(disparity)
    target, before, after, masked = np.split(pictures[0], 4)
    assert target.shape == (height, width, 3)
    assert np.array_equal(target, batch["images"][0, 1].numpy())
    lower = slice(height // 2 + 2, None)
    still = np.abs(batch["images"][0, 0].numpy().astype(float) - target)[lower].mean()
    for view in (before, after):
        assert np.abs(view.astype(float) - target)[lower].mean() < still
    assert masked[: height // 2 - 2].max() == 0
    assert (masked[lower] > 0).mean() > 0
