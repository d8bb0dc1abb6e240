"""The losses of SfMLearner, against cases that can be worked out."""

import math

import numpy as np
import pytest
import torch

from training.losses.explainability import explainability_loss
from training.losses.second_order_smoothness import second_order_smoothness_loss


class TestSmoothness:
    def test_planes_are_smooth(self):
        """The disparity of any plane is linear in the pixels."""
        y, x = torch.meshgrid(torch.arange(8.0), torch.arange(12.0), indexing="ij")
        assert float(second_order_smoothness_loss((0.3 * x - 0.7 * y + 2.0)[None, None])) == pytest.approx(0, abs=1e-6)

    @pytest.mark.parametrize(("term", "expected"), [("xx", 2.0), ("yy", 2.0), ("xy", 2.0)])
    def test_each_curvature_counts(self, term, expected):
        """x^2 and y^2 bend by 2 along one axis; xy by 1 across, which both orders of differences see."""
        y, x = torch.meshgrid(torch.arange(8.0), torch.arange(12.0), indexing="ij")
        values = {"xx": x * x, "yy": y * y, "xy": x * y}[term]
        assert float(second_order_smoothness_loss(values[None, None])) == pytest.approx(expected)

    def test_is_the_sum_of_four_means(self):
        """Zhou et al.'s program: d_xx, d_xy, d_yx and d_yy."""
        values = np.random.default_rng(0).random((2, 6, 9)).astype(np.float32)
        x, y = np.diff(values, axis=2), np.diff(values, axis=1)
        parts = [np.diff(x, axis=2), np.diff(x, axis=1), np.diff(y, axis=2), np.diff(y, axis=1)]
        expected = sum(np.abs(part).mean() for part in parts)
        loss = second_order_smoothness_loss(torch.from_numpy(values)[:, None])
        assert float(loss) == pytest.approx(expected, rel=1e-5)


class TestExplainability:
    @pytest.mark.parametrize("belief", [1.0, 0.5, 0.1])
    def test_is_the_surprise_of_being_right(self, belief):
        loss = explainability_loss(torch.full((2, 2, 4, 6), belief))
        assert float(loss) == pytest.approx(-math.log(belief), abs=1e-6)

    def test_is_finite_and_pulls_where_nothing_is_believed(self):
        logit = torch.full((1, 1, 2, 2), -30.0, requires_grad=True)
        loss = explainability_loss(torch.sigmoid(logit))
        loss.backward()
        assert torch.isfinite(loss)
        assert logit.grad is not None
        assert logit.grad.max() < 0  # more belief costs less
