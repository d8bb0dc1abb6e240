"""Torch's motions against the NumPy geometry that the robot uses."""

import numpy as np
import pytest
import torch

from depth_perception.geometry import canonical
from depth_perception.geometry.pose import pose_from, rotation_from_vector
from training.motion import (
    agreed_motion,
    inverse_matrix,
    matrix_from_motion,
    motion_from_canonical,
    motion_from_centred,
    motion_to_canonical,
)


def random_motions(count, angle):
    motions = np.random.default_rng(0).normal(size=(count, 6))
    motions[:, :3] *= angle
    return motions


@pytest.mark.parametrize("angle", [0.0, 1e-6, 1e-4, 1e-2, 0.5, 1.5])
def test_matrices_are_those_of_rodrigues(angle):
    motions = random_motions(20, angle)
    matrices = matrix_from_motion(torch.from_numpy(motions)).numpy()
    assert matrices == pytest.approx(pose_from(rotation_from_vector(motions[:, :3]), motions[:, 3:]), abs=1e-9)


def test_gradient_at_rest_is_finite_and_right():
    motion = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(matrix_from_motion, (motion,))
    assert torch.autograd.gradcheck(matrix_from_motion, (torch.full((6,), 0.3, dtype=torch.float64).requires_grad_(),))


def test_inverse_undoes():
    matrices = matrix_from_motion(torch.from_numpy(random_motions(5, 0.7)))
    assert torch.allclose(inverse_matrix(matrices) @ matrices, torch.eye(4, dtype=torch.float64).expand(5, 4, 4))


def test_a_motion_and_its_inverse_agree_on_itself():
    motions = torch.from_numpy(random_motions(5, 0.3))
    back = inverse_matrix(matrix_from_motion(motions))
    turn = -motions[:, :3]
    inverses = torch.cat((turn, back[:, :3, 3]), -1)
    torch.testing.assert_close(agreed_motion(motions, inverses), motions)


def test_what_two_motions_agree_on_is_halfway():
    motions, others = torch.from_numpy(random_motions(10, 0.3)).split(5)
    there, back = agreed_motion(motions, others), agreed_motion(others, motions)
    matrices = matrix_from_motion(there) @ matrix_from_motion(back)
    torch.testing.assert_close(matrices, torch.eye(4, dtype=torch.float64).expand(5, 4, 4))
    torch.testing.assert_close(there[:, :3], (motions - others)[:, :3] / 2)
    assert not agreed_motion(motions, motions).any()


def test_canonical_motion_is_the_robots():
    motions, focal, trained = random_motions(8, 0.02), 1130.0, 720.0
    matrices = pose_from(rotation_from_vector(motions[:, :3]), motions[:, 3:])
    expected = canonical.motion_from_canonical(matrices, focal, trained)
    factor = torch.tensor(focal / trained, dtype=torch.float64)
    ours = motion_from_canonical(torch.from_numpy(motions), factor.expand(8))
    assert matrix_from_motion(ours).numpy() == pytest.approx(expected, abs=1e-9)
    assert torch.allclose(motion_to_canonical(ours, factor.expand(8)), torch.from_numpy(motions))


def test_motion_of_a_slanted_camera_is_the_robots():
    motions, offset = random_motions(8, 0.02), np.array([0.1, -0.04])
    matrices = pose_from(rotation_from_vector(motions[:, :3]), motions[:, 3:])
    ours = motion_from_centred(torch.from_numpy(motions), torch.from_numpy(offset))
    assert matrix_from_motion(ours).numpy() == pytest.approx(canonical.motion_from_centred(matrices, offset), abs=1e-9)
