"""The canonical camera: the same pixels, seen through another focal length."""

import numpy as np
import pytest

from depth_perception.geometry.camera import GeometryError
from depth_perception.geometry.canonical import (
    depth_factor,
    motion_from_canonical,
    motion_from_centred,
    motion_to_canonical,
)
from depth_perception.geometry.pose import inverse, pose_from, rotation_from_vector, transform, vector_from_rotation

FOCAL, TRAINED = 900.0, 240.0


def pixels(points, focal):
    return focal * points[:, :2] / points[:, 2:]


def canonical_points(points):
    """The points that a camera of focal length TRAINED sees in the pixels where one of FOCAL sees `points`."""
    return np.column_stack([points[:, :2], points[:, 2] * TRAINED / FOCAL])


def scene():
    random = np.random.default_rng(0)
    return np.column_stack([random.uniform(-5, 5, 500), random.uniform(-2, 2, 500), random.uniform(5, 60, 500)])


def flow_error(motion):
    """Largest distance in pixels between where the true and the canonical camera see the scene after the motion."""
    points = scene()
    after = pixels(transform(inverse(motion), points), FOCAL)
    canonical = motion_to_canonical(motion, FOCAL, TRAINED)
    canonical_after = pixels(transform(inverse(canonical), canonical_points(points)), TRAINED)
    return np.abs(after - canonical_after).max()


def test_canonical_depth_shows_the_same_pixels():
    points = scene()
    np.testing.assert_allclose(pixels(points, FOCAL), pixels(canonical_points(points), TRAINED))
    np.testing.assert_allclose(canonical_points(points)[:, 2] * depth_factor(FOCAL, TRAINED), points[:, 2])


def test_translation_is_exact():
    assert flow_error(pose_from(np.eye(3), [0.3, -0.1, 1.5])) < 1e-9


def test_roll_is_exact():
    assert flow_error(pose_from(rotation_from_vector([0, 0, 0.2]), [0, 0, 0])) < 1e-9


@pytest.mark.parametrize("axis", [0, 1])
def test_pan_and_tilt_are_right_in_the_middle_of_the_image(axis):
    centre = np.array([[0.0, 0.0, 20.0]])
    motion = pose_from(rotation_from_vector(0.01 * np.eye(3)[axis]), np.zeros(3))
    after = pixels(transform(inverse(motion), centre), FOCAL)
    canonical = motion_to_canonical(motion, FOCAL, TRAINED)
    canonical_after = pixels(transform(inverse(canonical), canonical_points(centre)), TRAINED)
    assert np.abs(after).max() == pytest.approx(9.0, rel=0.01)
    np.testing.assert_allclose(canonical_after, after, atol=0.01)


OFFSET = np.array([0.12, -0.05])
SLANT = np.array([[1.0, 0.0, OFFSET[0]], [0.0, 1.0, OFFSET[1]], [0.0, 0.0, 1.0]])
"""From points of a camera to those of one that sees the same images, but has its principal point in the middle."""


def slanted_error(motion, centred):
    """Distances on the images, in focal lengths, between where the two cameras see the scene after their motions."""
    points = scene()
    after = pixels(transform(inverse(motion), points), 1.0) + OFFSET
    return np.linalg.norm(pixels(transform(inverse(centred), points @ SLANT.T), 1.0) - after, axis=1)


def test_a_step_of_a_camera_whose_principal_point_is_beside_the_middle_is_exact():
    step = np.array([0.3, -0.1, 1.5])
    motion, centred = pose_from(np.eye(3), step), pose_from(np.eye(3), SLANT @ step)
    assert slanted_error(motion, centred).max() < 1e-12
    np.testing.assert_allclose(motion_from_centred(centred, OFFSET), motion, atol=1e-15)


def test_its_roll_is_no_pan():
    motion = pose_from(rotation_from_vector([0, 0, 0.02]), np.zeros(3))
    centred = pose_from(rotation_from_vector(SLANT @ [0, 0, 0.02]), np.zeros(3))
    assert np.median(slanted_error(motion, centred)) < 0.1 * np.median(slanted_error(motion, motion))
    np.testing.assert_allclose(motion_from_centred(centred, OFFSET), motion, atol=1e-15)


def test_round_trip_in_batches():
    random = np.random.default_rng(1)
    motions = pose_from(rotation_from_vector(0.1 * random.normal(size=(7, 3))), random.normal(size=(7, 3)))
    back = motion_from_canonical(motion_to_canonical(motions, FOCAL, TRAINED), FOCAL, TRAINED)
    np.testing.assert_allclose(back, motions, atol=1e-14)


def test_components():
    motion = pose_from(rotation_from_vector([0.01, 0.02, 0.03]), [1.0, 2.0, 3.0])
    found = motion_from_canonical(motion, focal_length=500.0, trained=250.0)
    np.testing.assert_allclose(vector_from_rotation(found[:3, :3]), [0.005, 0.01, 0.03], atol=1e-15)
    np.testing.assert_allclose(found[:3, 3], [1.0, 2.0, 6.0])


def test_impossible_focal_lengths_are_refused():
    for focal, trained in ((0.0, 240.0), (240.0, -1.0), (float("nan"), 240.0)):
        with pytest.raises(GeometryError, match="focal"):
            depth_factor(focal, trained)


def test_focal_lengths_may_be_below_a_pixel():
    """In units of the image's width they are."""
    assert depth_factor(0.6, 0.3) == pytest.approx(2.0)
