"""View synthesis against a plain NumPy camera, and against a world whose depth and motion are known."""

import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import inverse, pose_from, rotation_from_vector
from training.view_synthesis import project, sample, scaled_intrinsics, synthesise

CAMERA = Camera(96, 40, 60.0, 58.0, 46.0, 21.5)


def tensor(array):
    return torch.from_numpy(np.asarray(array, np.float32))[None]


def test_no_motion_gives_the_image_back_whatever_the_depth():
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, 40, 96, generator=generator)
    depth = 0.5 + 80 * torch.rand(2, 1, 40, 96, generator=generator)
    intrinsics = tensor(CAMERA.matrix).expand(2, 3, 3)
    view = synthesise(image, depth, intrinsics, torch.eye(4).expand(2, 4, 4))
    assert (view - image).abs().max() < 1e-4  # one float32 step of a coordinate of 96 pixels, times the contrast


def test_pixels_and_depth_are_those_of_a_plain_camera():
    rng = np.random.default_rng(1)
    depth = rng.uniform(2, 50, (CAMERA.height, CAMERA.width))
    pose = pose_from(rotation_from_vector([0.02, -0.05, 0.1]), [0.3, -0.2, 0.8])
    pixels, moved_depth = project(tensor(depth)[None], tensor(CAMERA.matrix), tensor(pose))
    for row, column in rng.integers(0, (40, 96), (50, 2)):
        ray = np.linalg.inv(CAMERA.matrix) @ [column, row, 1.0]
        point = pose[:3, :3] @ (ray * depth[row, column]) + pose[:3, 3]
        expected = (CAMERA.matrix @ point)[:2] / point[2]
        assert pixels[0, row, column].numpy() == pytest.approx(expected, abs=1e-3)
        assert float(moved_depth[0, 0, row, column]) == pytest.approx(point[2], rel=1e-5)


def test_points_at_infinity_only_turn():
    depth = torch.full((1, 1, 40, 96), torch.inf)
    pose = pose_from(rotation_from_vector([0.0, 0.05, 0.0]), [1.0, 2.0, 3.0])
    turned = pose_from(rotation_from_vector([0.0, 0.05, 0.0]), [0.0, 0.0, 0.0])
    far, _ = project(depth, tensor(CAMERA.matrix), tensor(pose))
    near, _ = project(torch.full_like(depth, 7.0), tensor(CAMERA.matrix), tensor(turned))
    assert torch.allclose(far, near, atol=1e-3)


def test_points_behind_the_source_give_no_nan_and_no_wild_gradient():
    depth = torch.full((1, 1, 40, 96), 1.0, requires_grad=True)
    pose = pose_from(np.eye(3), [0.0, 0.0, -1.0])  # everything exactly at the source's centre
    view = synthesise(torch.rand(1, 3, 40, 96), depth, tensor(CAMERA.matrix), tensor(pose))
    view.sum().backward()
    assert torch.isfinite(view).all()
    assert depth.grad is not None
    assert torch.isfinite(depth.grad).all()


@pytest.mark.parametrize("source", [0, 2])
def test_true_depth_and_motion_reproduce_the_target(source):
    camera = Camera(320, 104, 190.0, 190.0, 158.0, 50.0)
    drive = analytic_drive(camera, frames=3, seed=4)
    pose = inverse(drive.poses[source]) @ drive.poses[1]
    images = torch.from_numpy(drive.images.astype(np.float32)).permute(0, 3, 1, 2)
    depth, intrinsics = tensor(drive.depth[1])[None], tensor(camera.matrix)
    view = synthesise(images[source : source + 1], depth, intrinsics, tensor(pose))
    pixels, moved_depth = project(depth, intrinsics, tensor(pose))
    height, width = depth.shape[-2:]
    seen = (pixels >= 0).all(-1) & (pixels[..., 0] <= width - 1) & (pixels[..., 1] <= height - 1)
    theirs = sample(tensor(drive.depth[source]).nan_to_num(posinf=1e4)[None], pixels, mode="nearest")
    seen &= ((theirs - moved_depth).abs() < 0.05 * moved_depth)[:, 0]  # not hidden in the source, not sky
    error = (view - images[1:2]).abs().mean(1)[seen]
    still = (images[source : source + 1] - images[1:2]).abs().mean(1)[seen]
    assert seen.float().mean() > 0.4
    assert error.median() < 1.0  # grey levels
    assert error.mean() < 0.25 * still.mean()


@pytest.mark.parametrize("scale", [0.5, 0.25])
def test_intrinsics_of_a_smaller_image_are_those_of_the_resized_camera(scale):
    scaled = scaled_intrinsics(tensor(CAMERA.matrix), scale)[0].numpy()
    expected = CAMERA.resized(int(CAMERA.width * scale), int(CAMERA.height * scale)).matrix
    assert scaled == pytest.approx(expected, abs=1e-4)
