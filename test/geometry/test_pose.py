"""Poses against OpenCV's Rodrigues, against each other, and at the places where formulas break."""

import cv2
import numpy as np
import pytest

from depth_perception.geometry.camera import GeometryError
from depth_perception.geometry.pose import (
    BODY_FROM_OPTICAL,
    angles_from_rotation,
    camera_mount,
    change_frame,
    cross_matrix,
    inverse,
    mount_numbers,
    pose_from,
    quaternion_from_rotation,
    rotation_from_angles,
    rotation_from_quaternion,
    rotation_from_vector,
    transform,
    vector_from_rotation,
)


def random_vectors(angles):
    axes = np.random.default_rng(0).normal(size=(len(angles), 3))
    return axes / np.linalg.norm(axes, axis=1, keepdims=True) * np.asarray(angles)[:, None]


def random_poses(count):
    random = np.random.default_rng(1)
    return pose_from(rotation_from_vector(random.normal(size=(count, 3))), random.normal(size=(count, 3)))


def test_rotation_vectors_agree_with_opencv():
    for vector in random_vectors(np.linspace(0.01, 3.1, 50)):
        matrix = cv2.Rodrigues(vector)[0]
        np.testing.assert_allclose(rotation_from_vector(vector), matrix, atol=1e-14)
        np.testing.assert_allclose(vector_from_rotation(matrix), vector, atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-200, 1e-15, 1e-9, 1e-4, np.pi / 2, np.pi - 1e-4, np.pi - 1e-9])
def test_rotation_vectors_round_trip_at_every_angle(angle):
    vectors = random_vectors([angle] * 100)
    np.testing.assert_allclose(vector_from_rotation(rotation_from_vector(vectors)), vectors, rtol=1e-9, atol=1e-15)


def test_half_turns_come_back_as_one_of_their_two_vectors():
    vectors = np.concatenate([random_vectors([np.pi] * 100), np.pi * np.eye(3), -np.pi * np.eye(3)])
    rotation = rotation_from_vector(vectors)
    found = vector_from_rotation(rotation)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.pi)
    np.testing.assert_allclose(rotation_from_vector(found), rotation, atol=1e-14)


def test_small_rotations_are_not_lost_in_float32_matrices():
    vector = np.array([1e-3, -2e-3, 5e-4])
    matrix = rotation_from_vector(vector).astype(np.float32)
    np.testing.assert_allclose(vector_from_rotation(matrix), vector, atol=1e-7)


def test_quaternions_round_trip_and_have_ros_order():
    rotation = rotation_from_vector(random_vectors(np.linspace(0, np.pi, 200)))
    np.testing.assert_allclose(rotation_from_quaternion(quaternion_from_rotation(rotation)), rotation, atol=1e-14)
    left = rotation_from_vector([0, 0, np.pi / 2])
    np.testing.assert_allclose(quaternion_from_rotation(left), [0, 0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-15)


def test_one_quaternion_and_batches_of_them_are_alike():
    quaternions = np.random.default_rng(0).normal(size=(2, 3, 4))
    batch = rotation_from_quaternion(quaternions)
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose(batch[index], rotation_from_quaternion(quaternions[index]), atol=1e-15)


def test_unset_quaternion_is_refused():
    with pytest.raises(GeometryError, match="length zero"):
        rotation_from_quaternion([0, 0, 0, 0])


def test_angles_are_about_fixed_axes_roll_first():
    rotation = rotation_from_angles(np.pi / 2, 0, np.pi / 2)  # roll takes y to z, then yaw leaves z
    np.testing.assert_allclose(rotation @ [0, 1, 0], [0, 0, 1], atol=1e-15)
    np.testing.assert_allclose(rotation @ [1, 0, 0], [0, 1, 0], atol=1e-15)
    assert angles_from_rotation(rotation_from_angles(0.1, -0.2, 3.0)) == pytest.approx((0.1, -0.2, 3.0))


def test_angles_at_the_gimbal_lock_give_the_same_rotation():
    rotation = rotation_from_angles(0.3, np.pi / 2, 0.5)
    np.testing.assert_allclose(rotation_from_angles(*angles_from_rotation(rotation)), rotation, atol=1e-9)


def test_inverse_agrees_with_linear_algebra_in_batches():
    poses = random_poses(20).reshape(4, 5, 4, 4)
    np.testing.assert_allclose(inverse(poses), np.linalg.inv(poses), atol=1e-14)


def test_transform_takes_points_of_b_into_a():
    turned = pose_from(rotation_from_vector([0, 0, np.pi / 2]), [10, 0, 0])
    np.testing.assert_allclose(transform(turned, [[1, 0, 0], [0, 1, 0]]), [[10, 1, 0], [9, 0, 0]], atol=1e-15)


def test_optical_axes_in_the_body():
    right, down, forward = np.eye(3)
    np.testing.assert_array_equal(
        transform(BODY_FROM_OPTICAL, [forward, right, down]), [[1, 0, 0], [0, -1, 0], [0, 0, -1]]
    )


def test_changing_the_frame_of_a_motion_moves_a_rigidly_attached_frame():
    # The world pose of b after its motion, seen from a, is the world pose of a after a's motion.
    world_a, a_b, motion_b = random_poses(3)
    world_b = world_a @ a_b
    np.testing.assert_allclose(world_b @ motion_b @ inverse(a_b), world_a @ change_frame(motion_b, a_b), atol=1e-13)


def test_cross_matrix_is_the_cross_product():
    a, b = np.random.default_rng(2).normal(size=(2, 10, 3))
    np.testing.assert_allclose(np.einsum("nij,nj->ni", cross_matrix(a), b), np.cross(a, b), atol=1e-14)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (rotation_from_vector, np.zeros(4)),
        (vector_from_rotation, np.zeros((4, 4))),
        (inverse, np.zeros((3, 4))),
        (rotation_from_quaternion, 1.0),
    ],
)
def test_wrong_shapes_are_named(call, argument):
    with pytest.raises(GeometryError, match="expected"):
        call(argument)


def test_a_level_camera_looks_ahead() -> None:
    """What is 10 m ahead, 2 m to the right and 1 m below the camera, by hand."""
    pose = camera_mount([1.0, 0.5, 1.5, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(transform(pose, [[2.0, 1.0, 10.0]]), [[11.0, -1.5, 0.5]], atol=1e-12)


def test_pitch_looks_down_and_yaw_to_the_left() -> None:
    down = transform(camera_mount([0, 0, 0, 0, 0.1, 0]), [[0.0, 0.0, 1.0]])[0]
    assert down[2] == pytest.approx(-np.sin(0.1))
    left = transform(camera_mount([0, 0, 0, 0, 0, 0.1]), [[0.0, 0.0, 1.0]])[0]
    assert left[1] == pytest.approx(np.sin(0.1))


def test_the_numbers_of_a_mount_come_back() -> None:
    numbers = [1.0, -0.5, 1.5, 0.1, -0.2, 2.5]
    np.testing.assert_allclose(mount_numbers(camera_mount(numbers)), numbers, atol=1e-12)
