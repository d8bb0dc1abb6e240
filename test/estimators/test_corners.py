"""Where corners are found."""

import cv2
import numpy as np
import pytest

from depth_perception.estimators import corners
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


def texture(width=640, height=240):
    """Random patches, blurred as by a lens."""
    patches = np.random.default_rng(0).integers(40, 180, (height // 8, width // 8)).astype(np.uint8)
    return cv2.GaussianBlur(patches.repeat(8, axis=0).repeat(8, axis=1), (0, 0), 1.5)


def followed(first, second):
    """How far, in pixels, corners of the first image seem to have moved in the second, of those that are found."""
    tracker = CornerTracker(first.shape[1], first.shape[0])
    tracker.accept(first, tracker.points)
    tracker.replenish()
    found, kept = tracker.follow(second, None)
    assert np.count_nonzero(kept) > 0.5 * len(kept)
    return np.linalg.norm(found[kept] - tracker.points[kept], axis=1)


@pytest.mark.parametrize("gain", [0.6, 0.9, 1.1, 1.4])
def test_another_exposure_moves_no_corner(gain):
    image = texture()
    assert np.percentile(followed(image, np.rint(gain * image).astype(np.uint8)), 95) < 0.05


def test_what_came_into_sight_is_no_other_exposure():
    """A lorry, white, over two fifths of the picture."""
    image, covered = texture(), texture()
    covered[:, : covered.shape[1] * 2 // 5] = 250
    assert np.percentile(followed(image, covered), 80) < 0.02


def test_a_change_that_is_too_small_to_matter_costs_no_other_image():
    image = texture()
    assert corners._as_bright(image, np.rint(1.01 * image).astype(np.uint8)) is image
    brighter = np.rint(1.04 * image).astype(np.uint8)
    assert np.mean(corners._as_bright(image, brighter)) == pytest.approx(np.mean(brighter), rel=0.01)
