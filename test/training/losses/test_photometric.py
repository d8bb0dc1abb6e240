"""The photometric loss against loops in NumPy, and what its minimum and its mask are for."""

import numpy as np
import pytest
import torch

from training.losses.photometric import minimum_error, moving_pixels, photometric_error, photometric_loss, ssim


def image(seed, height=9, width=14):
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(seed))


def ssim_by_loops(first, second):
    """Of one channel, window by window, with reflected borders."""
    a, b = (np.pad(x, 1, mode="reflect") for x in (first, second))
    result = np.empty_like(first)
    for row in range(first.shape[0]):
        for column in range(first.shape[1]):
            p, q = a[row : row + 3, column : column + 3], b[row : row + 3, column : column + 3]
            covariance = np.mean((p - p.mean()) * (q - q.mean()))
            c1, c2 = 0.01**2, 0.03**2
            result[row, column] = ((2 * p.mean() * q.mean() + c1) * (2 * covariance + c2)) / (
                (p.mean() ** 2 + q.mean() ** 2 + c1) * (p.var() + q.var() + c2)
            )
    return result


def test_ssim_is_that_of_the_formula():
    first, second = image(0), image(1)
    ours = ssim(first, second).numpy()
    for sample in range(2):
        for channel in range(3):
            expected = ssim_by_loops(first[sample, channel].double().numpy(), second[sample, channel].double().numpy())
            assert ours[sample, channel] == pytest.approx(expected, abs=2e-5)


def test_error_is_zero_for_the_same_image_and_mixes_both_parts():
    first, second = image(0), image(1)
    assert photometric_error(first, first).abs().max() < 1e-6
    dissimilarity = ((1 - ssim(first, second)) / 2).clamp(0, 1)
    expected = (0.85 * dissimilarity + 0.15 * (first - second).abs()).mean(1)
    assert torch.allclose(photometric_error(first, second)[:, 0], expected)


def test_a_pixel_hidden_in_one_source_is_judged_by_the_other():
    target, other = image(0, 12, 20), image(1, 12, 20)
    left, right = target.clone(), target.clone()
    left[..., :10], right[..., 10:] = other[..., :10], other[..., 10:]
    loss, _ = photometric_loss(target, [left, right])
    both = photometric_loss(target, [left])[0] + photometric_loss(target, [right])[0]
    assert loss < 0.15 * both  # only the seam, where windows reach over it, is left


def test_static_pixels_are_masked_and_moving_ones_are_not():
    target, source = image(0, 12, 20), image(1, 12, 20)
    source[..., :10] = target[..., :10]  # the left half stands still: a car ahead at our speed
    mask = moving_pixels(photometric_error(target, target), minimum_error(target, [source]))
    assert mask[..., :9].sum() == 0
    assert mask[..., 11:].min() == 1


def test_masked_pixels_do_not_count():
    target, source, view = image(0, 12, 20), image(1, 12, 20), image(2, 12, 20)
    source[..., :10] = target[..., :10]
    view[..., 10:] = 0.9 * target[..., 10:]
    still = minimum_error(target, [source])
    loss, error = photometric_loss(target, [view], still)
    assert torch.equal(error, photometric_error(target, view))
    assert float(loss) == pytest.approx(float(error[error < still].mean()))
    assert loss < 0.5 * error.mean()


def test_a_camera_that_stands_teaches_nothing():
    target = image(0)
    loss, _ = photometric_loss(target, [image(2)], still=minimum_error(target, [target]))
    assert loss == 0
