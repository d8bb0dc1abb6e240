"""Where corners are found."""

import cv2
import numpy as np
import pytest

from depth_perception.estimators.corners import CornerTracker


def test_a_corner_of_a_large_image_lies_at_the_middle_of_what_makes_it():
    """Corners are looked for at half its size, where dots of 2 x 2 pixels are single ones: their middle lies half a
    pixel beyond their first pixel."""
    width, height = 800, 400
    image = np.full((height, width), 40, np.uint8)
    middles = [(column + 0.5, row + 0.5) for row in range(40, 360, 80) for column in range(40, 760, 80)]
    for column, row in np.array(middles, int):
        image[row : row + 2, column : column + 2] = 220
    tracker = CornerTracker(width, height)
    tracker.accept(image, tracker.points)
    assert tracker.replenish() == len(middles)
    assert {tuple(point) for point in tracker.points.tolist()} == set(middles)


def test_new_corners_come_where_there_are_none():
    """An image with corners all over: those on its right are lost, and as many are found there again."""
    width, height = 560, 200
    image = np.random.default_rng(0).integers(0, 255, (height // 4, width // 4)).astype(np.uint8)
    tracker = CornerTracker(width, height, count=70)
    tracker.accept(image.repeat(4, axis=0).repeat(4, axis=1), tracker.points)
    assert tracker.replenish() == 70
    tracker.select(tracker.points[:, 0] < width / 2)
    kept = len(tracker.points)
    assert kept == pytest.approx(35, abs=3)
    assert tracker.replenish() == 70 - kept
    assert np.all(tracker.points[kept:, 0] > width / 2 - 1)


def test_a_clear_sky_has_no_corners():
    """What is left of a camera's noise there after compression stays in its place, wherever the camera turns."""
    width, height = 800, 400
    rng = np.random.default_rng(0)
    sky = np.linspace(150, 190, height)[:, None] + rng.normal(0, 1.0, (height, width))
    sky[300:, ::40] = 60  # some posts below it
    _, jpeg = cv2.imencode(".jpg", sky.round().astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])
    image = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)
    tracker = CornerTracker(width, height)
    tracker.accept(image, tracker.points)
    assert tracker.replenish() > 10
    assert tracker.points[:, 1].min() > 290
