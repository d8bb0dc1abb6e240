"""Crop bounds as the literature prints them, and counted pixel by pixel."""

import numpy as np
import pytest

from depth_perception.evaluation.crops import crop_bounds, crop_mask
from depth_perception.evaluation.errors import EvaluationError


def test_bounds_of_a_kitti_image():
    assert crop_bounds("garg", 375, 1242) == (slice(153, 371), slice(44, 1197))
    assert crop_bounds("eigen", 375, 1242) == (slice(124, 342), slice(44, 1197))
    assert crop_bounds("none", 375, 1242) == (slice(0, 375), slice(0, 1242))


def test_bounds_of_an_image_of_nyu():
    assert crop_bounds("nyu_eigen", 480, 640) == (slice(45, 471), slice(41, 601))
    assert crop_bounds("nyu_eigen", 240, 320) == (slice(22, 235), slice(20, 300))


@pytest.mark.parametrize(("height", "width"), [(370, 1224), (374, 1238), (376, 1241)])
def test_the_mask_is_what_lies_between_the_shares(height, width):
    rows, columns = np.mgrid[:height, :width]
    inside = (rows >= np.floor(0.40810811 * height)) & (rows < np.floor(0.99189189 * height))
    inside &= (columns >= np.floor(0.03594771 * width)) & (columns < np.floor(0.96405229 * width))
    np.testing.assert_array_equal(crop_mask("garg", height, width), inside)


def test_another_name_is_refused():
    with pytest.raises(EvaluationError, match="'centre' is not known, expected none, garg, eigen or nyu_eigen"):
        crop_bounds("centre", 375, 1242)  # type: ignore[arg-type]
