"""Torch's motions against the NumPy geometry that the robot uses."""

import numpy as np
import pytest
import torch

from depth_perception.geometry import canonical
from depth_perception.geometry.pose import pose_from, rotation_from_vector
from training.motion import inverse_matrix, matrix_from_motion, motion_from_canonical, motion_to_canonical


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


def test_canonical_motion_is_the_robots():
    motions, focal, trained = random_motions(8, 0.02), 1130.0, 720.0
    matrices = pose_from(rotation_from_vector(motions[:, :3]), motions[:, 3:])
    expected = canonical.motion_from_canonical(matrices, focal, trained)
    factor = torch.tensor(focal / trained, dtype=torch.float64)
    ours = motion_from_canonical(torch.from_numpy(motions), factor.expand(8))
    assert matrix_from_motion(ours).numpy() == pytest.approx(expected, abs=1e-9)
    assert torch.allclose(motion_to_canonical(ours, factor.expand(8)), torch.from_numpy(motions))
