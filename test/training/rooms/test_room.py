"""Rooms: exact depth, labels that fit the geometry, poses that fit the pictures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from depth_perception.geometry.pose import BODY_FROM_OPTICAL, inverse, pose_from, rotation_from_angles
from training.data.label_sets import NYU40
from training.rendering.mesh import Material, join
from training.rendering.renderer import Renderer
from training.rendering.scene import Light, Scene
from training.rendering.textures import Textures
from training.rooms import labels
from training.rooms.errors import RoomsError
from training.rooms.room import RoomConfig, build_room, kinect
from training.rooms.shapes import Rectangle, block, panel
from training.rooms.shell import level_panel, walls_around
from training.rooms.textures import Layer

CAMERA = kinect(104, 78)
GREY = (0.5, 0.5, 0.5)
SIZE = (5.0, 3.6, 2.5)
CUPBOARD = ((1.2, -1.8, 0.0), (2.1, -0.9, 1.1))


def _world_points(frame) -> np.ndarray:
    """Where every pixel lies in the room, ``[h, w, 3]``."""
    points = CAMERA.rays().astype(np.float64) * frame.depth[..., None]
    return points @ frame.pose[:3, :3].T + frame.pose[:3, 3]


@pytest.mark.parametrize("heading", [0.3, 2.2, 4.4])
def test_depth_and_labels_of_a_bare_room_are_those_of_rays_cast_into_boxes(street_renderer, heading):
    pose = pose_from(rotation_from_angles(0.05, 0.15, heading), [-0.6, 0.4, 1.4]) @ BODY_FROM_OPTICAL
    walls = [
        panel(Rectangle((-wall.length / 2, 0.0), (wall.length / 2, SIZE[2])), Material(labels.WALL)).placed(wall.pose)
        for wall in walls_around(SIZE)
    ]
    floor = level_panel(SIZE, 0.0, Material(labels.FLOOR), 1.0)
    ceiling = level_panel(SIZE, SIZE[2], Material(labels.CEILING), 1.0, facing_up=False)
    mesh = join([*walls, floor, ceiling, block(*CUPBOARD, Material(labels.CABINET))])
    light = Light((0.0, 0.0, 1.0), GREY, GREY, GREY, GREY, GREY, GREY, 0.0, 0.0, (1.0, 1.0, 1.0))
    textures = Textures(np.full((len(Layer), 4, 4, 4), 255, np.uint8), Layer.LEAVES_0, Layer.SHADOW)
    with Renderer(Scene(mesh, (), light, textures, labels.NONE), CAMERA) as renderer:
        view = renderer.render(pose)

    rays, eye = CAMERA.rays().astype(np.float64) @ pose[:3, :3].T, pose[:3, 3]
    low, high = np.array([-SIZE[0] / 2, -SIZE[1] / 2, 0.0]), np.array([SIZE[0] / 2, SIZE[1] / 2, SIZE[2]])
    out = np.maximum((low - eye) / rays, (high - eye) / rays)
    depth, axis = out.min(axis=-1), out.argmin(axis=-1)
    classes = np.where(axis < 2, labels.WALL, np.where(rays[..., 2] > 0, labels.CEILING, labels.FLOOR))
    a, b = (np.asarray(CUPBOARD[0]) - eye) / rays, (np.asarray(CUPBOARD[1]) - eye) / rays
    enter, leave = np.minimum(a, b).max(axis=-1), np.maximum(a, b).min(axis=-1)
    seen = (enter > 0) & (enter < leave)
    depth, classes = np.where(seen, enter, depth), np.where(seen, labels.CABINET, classes)

    same = view.labels == classes
    assert same.mean() > 0.995  # a ray along an edge may go either way
    assert np.abs(view.depth / depth - 1.0)[same].max() < 1e-4


def test_every_ray_ends_in_the_room_or_in_one_beside_it(walks):
    for frames in walks.values():
        for frame in frames:
            assert frame.depth.min() > 0.25
            assert frame.depth.max() < 16.0
            assert set(np.unique(frame.labels)) <= {*range(40)}


def test_labels_agree_with_where_things_are(walks):
    for seed, frames in walks.items():
        x, y, z = build_room(seed)[0].size
        for frame in frames:
            points = _world_points(frame)
            inside = np.all(np.abs(points[..., :2]) < np.array([x, y]) / 2 + 0.01, axis=-1)
            floor, ceiling = (inside & (frame.labels == label) for label in (labels.FLOOR, labels.CEILING))
            assert np.abs(points[..., 2][floor]).max(initial=0.0) < 0.005
            assert np.abs(points[..., 2][ceiling] - z).max(initial=0.0) < 0.005
            # nothing but what is built into walls lies beyond them
            beyond = {labels.WALL, labels.WINDOW, labels.DOOR, labels.BLINDS, labels.FLOOR, labels.CEILING}
            assert set(np.unique(frame.labels[~inside])) <= beyond
            furniture = np.isin(frame.labels, [labels.TABLE, labels.CHAIR, labels.SOFA, labels.BED, labels.CABINET])
            assert np.all(points[..., 2][furniture] > -0.01)
    shares = [np.isin(frame.labels, [labels.WALL, labels.FLOOR, labels.CEILING]).mean() for frame in walks[24]]
    assert np.mean(shares) < 0.8, "a room that is nothing but a box teaches nothing"


def test_poses_take_one_frame_to_the_next(walks):
    for frames in walks.values():
        errors = []
        for before, after in pairwise(frames):
            points = (_world_points(before).reshape(-1, 3) - after.pose[:3, 3]) @ after.pose[:3, :3]
            points = points[points[:, 2] > 0.3]
            u, v = (np.rint(points[:, i] / points[:, 2] * CAMERA.fx + (CAMERA.cx, CAMERA.cy)[i]) for i in (0, 1))
            seen = (u >= 0) & (u < CAMERA.width) & (v >= 0) & (v < CAMERA.height)
            depth = after.depth[v[seen].astype(int), u[seen].astype(int)]
            errors.append(np.median(np.abs(depth / points[seen, 2] - 1.0)))
        assert max(errors) < 0.01
        steps = [np.linalg.norm((inverse(a.pose) @ b.pose)[:3, 3]) for a, b in pairwise(frames)]
        assert max(steps) < 0.6 * 0.5 + 0.05


def test_another_seed_gives_another_room(walks):
    (first, second), seeds = (frames[0] for frames in walks.values()), list(walks)
    assert not np.array_equal(first.depth, second.depth)
    assert build_room(seeds[0])[0].size != build_room(seeds[1])[0].size


def test_labels_have_the_names_of_nyu40():
    named = {name: value for name, value in vars(labels).items() if name.isupper() and name != "NONE"}
    assert len(named) > 30
    assert {name.lower().replace("_", " "): value for name, value in named.items()}.items() <= {
        item.name: number for number, item in enumerate(NYU40.classes)
    }.items()


@pytest.mark.parametrize(("seed", "frames", "rate"), [(-1, 4, 2.0), (0, 0, 2.0), (0, 4, 0.0)])
def test_what_is_no_walk_is_refused(seed, frames, rate):
    with pytest.raises(RoomsError, match="expected a seed of at least 0"):
        RoomConfig(seed, frames, rate)
