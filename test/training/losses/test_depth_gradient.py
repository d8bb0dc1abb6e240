"""Eq. 1 against loops, in both forms; what counts, and how the product's pull vanishes."""

import math

import numpy as np
import pytest
import torch

from training.losses.depth_gradient import central_differences, depth_gradient_loss


def phi(x):
    return math.sqrt(x**2 + 1e-4)


@pytest.mark.parametrize(("mode", "combine"), [("product", lambda a, b: a * b), ("sum", lambda a, b: a + b)])
def test_is_equation_1_where_a_pixel_and_its_neighbours_are_known(mode, combine):
    rng = np.random.default_rng(0)
    depth, gradient = rng.uniform(1, 5, (2, 1, 7, 8)), rng.normal(0, 0.5, (2, 2, 7, 8))
    mask = rng.random((2, 1, 7, 8)) > 0.1
    depth[~mask] = np.nan
    values = []
    for image in range(2):
        for v in range(1, 6):
            for u in range(1, 7):
                needed = [(v, u), (v, u - 1), (v, u + 1), (v - 1, u), (v + 1, u)]
                if all(mask[image, 0, row, column] for row, column in needed):
                    along_x = depth[image, 0, v, u + 1] - depth[image, 0, v, u - 1]
                    along_y = depth[image, 0, v + 1, u] - depth[image, 0, v - 1, u]
                    errors = along_x - gradient[image, 0, v, u], along_y - gradient[image, 1, v, u]
                    values.append(combine(*map(phi, errors)))
    assert 20 < len(values) < 60
    given = depth_gradient_loss(torch.from_numpy(depth), torch.from_numpy(gradient), torch.from_numpy(mask), mode)
    assert float(given) == pytest.approx(np.mean(values), rel=1e-9)


def test_a_slope_has_the_gradient_of_two_pixels():
    rows, columns = torch.meshgrid(torch.arange(5.0), torch.arange(6.0), indexing="ij")
    depth = (10 + 0.5 * columns - 0.2 * rows)[None, None]
    assert torch.allclose(central_differences(depth), torch.tensor([1.0, -0.4])[None, :, None, None], atol=1e-5)
    gradient = torch.tensor([1.0, -0.4])[None, :, None, None].expand(1, 2, 5, 6)
    assert float(depth_gradient_loss(depth, gradient)) == pytest.approx(1e-4, rel=1e-3)  # phi's floor, squared
    assert float(depth_gradient_loss(depth, gradient, mode="sum")) == pytest.approx(2e-2, rel=1e-3)


def pull(mode, wrong_along_y):
    """How strongly the gradient along x is pulled to a depth that is wrong along x by one metre."""
    depth = torch.zeros(1, 1, 3, 3)
    gradient = torch.zeros(1, 2, 3, 3)
    gradient[:, 0], gradient[:, 1] = 1.0, wrong_along_y
    gradient.requires_grad_()
    depth_gradient_loss(depth, gradient, mode=mode).backward()
    assert gradient.grad is not None
    return float(gradient.grad[0, 0, 1, 1])


def test_the_products_pull_along_one_axis_vanishes_as_the_other_fits():
    assert pull("product", 0.0) == pytest.approx(0.01 * pull("product", 1.0), rel=1e-3)
    assert pull("sum", 0.0) == pytest.approx(pull("sum", 1.0))
    assert pull("sum", 0.0) == pytest.approx(1.0, rel=1e-3)


def test_unknown_depth_pulls_at_nothing_and_depth_learns_too():
    depth = torch.rand(1, 1, 6, 6, requires_grad=True)
    gradient = torch.rand(1, 2, 6, 6, requires_grad=True)
    mask = torch.ones(1, 1, 6, 6, dtype=torch.bool)
    mask[..., 3:] = False
    unknown = torch.where(mask, depth, torch.nan)
    depth_gradient_loss(unknown, gradient, mask).backward()
    for x in (depth, gradient):
        assert x.grad is not None
        assert x.grad.isfinite().all()
        assert x.grad[..., :3].abs().max() > 0
        assert x.grad[..., 3:].abs().max() == 0
    assert depth_gradient_loss(depth, gradient, torch.zeros_like(mask)) == 0
