"""CorrelationPoseNet: its solver against NumPy's geometry, and what holds whatever the weights."""

import numpy as np
import pytest
import torch

from depth_perception.geometry.pose import inverse, pose_from, rotation_from_vector
from training.models import PoseModel
from training.motion import matrix_from_motion
from training.networks.correlation_pose_net import (
    CELL,
    CorrelationPoseNet,
    Matches,
    Side,
    correlation,
    rotation,
    solve,
    solved,
    warped,
)
from training.networks.normalise import normalise

FOCAL = 100.0
MOTIONS = {
    "town": ([0.001, 0.02, -0.002], [0.03, -0.01, 0.9]),
    "backwards": ([0.002, -0.03, 0.001], [0.05, 0.02, -1.5]),
    "highway": ([-0.003, 0.01, 0.004], [-0.2, 0.05, 12.0]),
    "bend": ([0.01, -0.15, 0.02], [0.4, 0.0, 3.0]),
    "sideways": ([0.0, 0.0, 0.03], [0.5, -0.1, 0.0]),
    "shock": ([0.05, 0.0, 0.02], [0.0, 0.0, 0.0]),
    "creeping": ([0.0, 0.0001, 0.0], [0.0, 0.0, 0.01]),
}


@pytest.fixture(scope="module")
def network():
    """Of random weights, and of statistics that are not those it begins with."""
    torch.manual_seed(0)
    network = CorrelationPoseNet(FOCAL, (8, 8, 16, 16, 16))
    network(torch.randn(2, 2, 3, 96, 160))
    return network.eval()


def seen(pose, rays, inverse_depth):
    """Rays ``[2, n]`` of points in the camera at `pose`, and their inverse depths ``[1, n]`` there."""
    points = np.linalg.inv(pose) @ np.vstack([rays / inverse_depth, 1 / inverse_depth, np.ones_like(inverse_depth)])
    return points[:2] / points[2], 1 / points[2:3]


def sides(pose, count=400, seed=0):
    """Both cameras' cells, the points of one camera being those of the other: `pose` is of b in a. Points that pass
    behind b have no weight."""
    rng = np.random.default_rng(seed)
    rays = rng.uniform([[-0.9], [-0.3]], [[0.9], [0.3]], (2, count))
    inverse_depth = 1 / rng.uniform(4.0, 60.0, (1, count))
    found, there = seen(pose, rays, inverse_depth)
    weight = rng.uniform(0.2, 2.0, (2, count)) * ((there > 0) & (there < 1.0))
    both = (rays, found, weight, inverse_depth), (found, rays, weight, there)
    return (Side(*(torch.from_numpy(item)[None] for item in side)) for side in both)


@pytest.mark.parametrize("name", MOTIONS)
def test_the_motion_of_exact_matches_is_exact(name):
    turn, step = MOTIONS[name]
    pose = pose_from(rotation_from_vector(turn), step)
    answer = solved(*sides(pose))[0].numpy()
    size = 1e-2 + np.linalg.norm(step)
    assert answer[:3] == pytest.approx(turn, abs=1e-3 * max(float(np.linalg.norm(turn)), 1e-2))
    assert answer[3:] == pytest.approx(step, abs=2e-3 * size)


def test_cells_without_weight_do_not_count():
    pose = pose_from(rotation_from_vector([0.0, 0.02, 0.0]), [0.0, 0.0, 1.0])
    a, b = sides(pose)
    wrong, free = a.found.clone(), a.weight.clone()
    wrong[..., ::3] += 0.3
    free[..., ::3] = 0.0
    without = solved(a._replace(weight=free), b)
    assert torch.allclose(solved(a._replace(weight=free, found=wrong), b), without)
    assert not torch.allclose(solved(a._replace(found=wrong), b), without, atol=1e-2)


def test_along_columns_and_rows_are_believed_apart():
    """Rows that are off do not matter where they have no weight."""
    a, b = sides(pose_from(np.eye(3), [0.0, 0.0, 1.0]))
    off = torch.tensor([0.0, 0.2])[None, :, None]
    columns = torch.tensor([1.0, 1e-9])[None, :, None]
    answer = solved(*(side._replace(found=side.found + off, weight=side.weight * columns) for side in (a, b)))
    assert answer[0, 5].item() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("camera", [(FOCAL, 79.5, 47.5), (150.0, 83.0, 45.0)], ids=["canonical", "another"])
def test_flow_in_cells_becomes_motion(network, camera):
    """A wall that is 8 m away, seen from a step and a turn further: flow by NumPy, cell by cell."""
    focal, cx, cy = camera
    pose = pose_from(rotation_from_vector([0.01, -0.02, 0.005]), [0.1, -0.05, 1.0])
    height, width = 12, 20
    places = np.stack([item.ravel() for item in np.meshgrid(np.arange(width), np.arange(height))])
    middle = np.array([[cx], [cy]])
    rays = (places * CELL + (CELL - 1) / 2 - middle) / focal
    fields = []
    for other, inverse_depth in ((pose, np.full((1, places.shape[1]), 1 / 8.0)), (inverse(pose), None)):
        if inverse_depth is None:  # of the wall z = 8 in a, along the rays of b
            inverse_depth = (pose[2, :3] @ np.vstack([rays, np.ones(rays.shape[1])]))[None] / (8.0 - pose[2, 3])
        found, _ = seen(other, rays, inverse_depth)
        flow = (found * focal + middle - (CELL - 1) / 2) / CELL - places
        fields.append((flow, inverse_depth * focal / FOCAL))  # of the canonical camera
    flow, inverse_depth = (
        torch.from_numpy(np.stack(item)).float().unflatten(2, (height, width)) for item in zip(*fields, strict=True)
    )
    given = torch.tensor([[focal, 0.0, cx], [0.0, focal, cy], [0.0, 0.0, 1.0]])[None]
    matches = Matches(flow, torch.ones_like(flow), inverse_depth)
    answer = network.motion(matches, None if focal == FOCAL else given)
    assert matrix_from_motion(answer)[0, 0].detach().numpy() == pytest.approx(pose, abs=2e-3)


@torch.no_grad()
def test_the_same_picture_twice_is_no_motion(network):
    images = torch.randn(2, 1, 3, 96, 160).expand(-1, 2, -1, -1, -1)
    assert network(images).abs().max() < 1e-6


@torch.no_grad()
def test_swapped_frames_give_the_inverse(network):
    images = torch.randn(3, 2, 3, 96, 160)
    there, back = (matrix_from_motion(network(item)[:, 0]) for item in (images, images.flip(1)))
    assert (there - torch.eye(4)).abs().max() > 1e-5  # random weights find something
    assert torch.allclose(there @ back, torch.eye(4).expand(3, 4, 4), atol=1e-6)


@torch.no_grad()
def test_in_half_precision_the_motion_is_solved_for_in_single(network):
    images = torch.randn(3, 2, 3, 96, 160)
    with torch.autocast("cpu", torch.bfloat16):
        there, back = (matrix_from_motion(network(item)[:, 0].float()) for item in (images, images.flip(1)))
    assert (there - torch.eye(4)).abs().max() > 1e-5
    assert torch.allclose(there @ back, torch.eye(4).expand(3, 4, 4), atol=1e-6)


@torch.no_grad()
def test_nothing_is_found_in_blank_pictures(network):
    assert torch.isfinite(network(torch.zeros(1, 2, 3, 96, 160))).all()


def test_gradients_reach_every_weight(network):
    images = torch.randn(2, 2, 3, 96, 160)
    network.zero_grad()
    (network(images).square().sum() * 1e6).backward()
    missing = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not missing
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


def test_global_flow_finds_what_was_moved(network):
    """Cells of random features, moved by two columns and a row; columns that have left the picture cannot be found."""
    torch.manual_seed(1)
    first = torch.randn(1, 64, 8, 26)
    second = first.roll((1, 2), (2, 3))
    flow = network.global_flow(10.0 * torch.cat((first, second)))
    inner = flow[..., 2:-2, 4:-4]
    assert inner[0].median(-1)[0].median(-1)[0].tolist() == pytest.approx([2.0, 1.0], abs=0.2)
    assert inner[1].median(-1)[0].median(-1)[0].tolist() == pytest.approx([-2.0, -1.0], abs=0.2)


def test_correlation_is_the_product_with_every_neighbour():
    first, second = torch.randn(2, 5, 4, 6), torch.randn(2, 5, 4, 6)
    answer = correlation(first, second, 2)
    assert answer.shape == (2, 25, 4, 6)
    for number, (down, right) in enumerate((i, j) for i in range(-2, 3) for j in range(-2, 3)):
        for row, column in ((0, 0), (1, 3), (3, 5)):
            inside = 0 <= row + down < 4 and 0 <= column + right < 6
            there = second[:, :, row + down, column + right] if inside else torch.zeros(2, 5)
            expected = (first[:, :, row, column] * there).sum(1)
            assert torch.allclose(answer[:, number, row, column], expected, atol=1e-5)


def test_warped_features_are_those_of_the_place_that_flow_says():
    features = torch.arange(24.0).reshape(1, 1, 4, 6)
    flow = torch.zeros(1, 2, 4, 6)
    flow[:, 0], flow[:, 1] = 2.0, -0.5
    answer = warped(features, flow)[0, 0]
    assert answer[2, 1].item() == pytest.approx((features[0, 0, 2, 3] + features[0, 0, 1, 3]).item() / 2)
    assert answer[3, 4].item() == 0.0  # beside the picture


def test_equations_are_solved():
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(5, 6, 6))
    matrix, vector = roots @ roots.swapaxes(1, 2) + 0.1 * np.eye(6), rng.normal(size=(5, 6))
    answer = solve(torch.from_numpy(matrix), torch.from_numpy(vector)).numpy()
    assert answer == pytest.approx(np.linalg.solve(matrix, vector[..., None])[..., 0], rel=1e-8)


@pytest.mark.parametrize("angle", [0.0, 1e-4, 0.1, 0.8])
def test_rotations_are_those_of_rodrigues(angle):
    axes = np.random.default_rng(0).normal(size=(10, 3))
    vectors = angle * axes / np.linalg.norm(axes, axis=1, keepdims=True)
    assert rotation(torch.from_numpy(vectors)).numpy() == pytest.approx(rotation_from_vector(vectors), abs=1e-6)


def test_it_is_small():
    assert sum(weight.numel() for weight in CorrelationPoseNet(240.0).parameters()) < 0.5e6


def test_normalised_images_are_what_it_takes(network):
    """The robot's model is the network with its normalisation: bytes in, one motion out."""
    images = torch.randint(0, 256, (2, 96, 160, 3), dtype=torch.uint8)
    with torch.no_grad():
        (motion,) = PoseModel(network)(images)
        expected = network(normalise(images).permute(0, 3, 1, 2)[None])
    assert motion.shape == (1, 4, 4)
    assert torch.allclose(motion, matrix_from_motion(expected[0]))
