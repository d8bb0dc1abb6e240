"""Furnished rooms without a renderer: nothing stands in anything, and the camera walks around all of it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from training.rooms.room import build_room
from training.rooms.shapes import Rectangle, footprint
from training.rooms.walk import LOW, Walk


@pytest.fixture(scope="module", params=[1, 5, 9])
def room(request):
    return build_room(request.param)


def test_rooms_are_of_the_size_of_rooms(room):
    x, y, z = room[0].size
    assert 3.0 <= min(x, y) <= max(x, y) <= 10.0
    assert 2.3 < z < 3.2
    assert any(wall.doors for wall in room[0].walls)


def test_nothing_stands_in_anything_else_or_outside(room):
    shell, furnishing = room
    grounds = [obstacle.ground for obstacle in furnishing.obstacles]
    assert len(grounds) > 4
    assert not any(a.grown(-0.001).meets(b) for a, b in combinations(grounds, 2))
    for mesh in furnishing.meshes:
        low, high = mesh.positions.min(axis=0), mesh.positions.max(axis=0)
        half = np.array(shell.size[:2]) / 2 + 0.15  # contact shadows reach into the walls
        assert np.all(low[:2] > -half)
        assert np.all(high[:2] < half)
        assert low[2] > -0.01
        assert high[2] < shell.size[2] + 0.06


def test_doors_can_be_reached(room):
    shell, furnishing = room
    for wall in shell.walls:
        for (a, _), (b, _) in wall.doors:
            before = Rectangle((0.02, a + 0.01), (0.85, b - 0.01)).moved(wall.pose)
            own = [obstacle for obstacle in furnishing.obstacles if obstacle.ground.meets(before)]
            assert len(own) == 1, "only the space kept free for it"


def test_windows_and_doors_are_not_covered(room):
    shell, furnishing = room
    openings = [(wall, opening) for wall in shell.walls for opening in [*wall.windows, *wall.doors]]
    assert openings
    for wall, opening in openings:
        for mesh in furnishing.meshes:
            local = mesh.placed(np.linalg.inv(wall.pose))
            near = local.positions[:, 0] < 0.3
            if near.any() and np.ptp(local.positions[:, 2]) > 0.02:
                inside = opening.grown(-0.02).holds(local.positions[near][:, 1:].astype(np.float64))
                assert not inside.any(), f"something over {footprint(mesh)} stands before {opening}"


def test_the_camera_is_carried_around_all_that_is_tall(room):
    shell, furnishing = room
    walk = Walk(np.random.default_rng(4), shell.size, furnishing.obstacles, 20.0)
    times = np.arange(0.0, 20.0, 0.25)
    poses = np.array([walk.pose(float(time)) for time in times])
    places = poses[:, :2, 3]
    assert np.all(np.abs(places) < np.array(shell.size[:2]) / 2 - 0.2)
    for ground, top in furnishing.obstacles:
        if top > LOW:
            assert not ground.grown(0.12).holds(places).any()
    assert np.all((poses[:, 2, 3] > 0.9) & (poses[:, 2, 3] < 1.8))
    forward, right = poses[:, :3, 2], poses[:, :3, 0]
    down = np.rad2deg(-np.arcsin(forward[:, 2]))
    assert -10.1 < down.min() <= down.max() < 25.1
    assert np.abs(np.rad2deg(np.arcsin(right[:, 2]))).max() < 5.0
    speeds = np.linalg.norm(np.diff(places, axis=0), axis=1) / 0.25
    assert speeds.max() < 0.6
    turns = np.unwrap(np.arctan2(forward[:, 1], forward[:, 0]))
    assert np.abs(np.diff(turns)).max() < 0.25
    assert max(walk.speed(float(time)) for time in times) < 0.6


def test_a_room_without_space_is_looked_at_from_where_one_can_stand():
    crowded = [(Rectangle((-2.0, -2.0), (1.2, 2.0)), 1.0), (Rectangle((1.2, -2.0), (2.0, 1.0)), 1.0)]
    walk = Walk(np.random.default_rng(0), (4.0, 4.0, 2.5), crowded, 5.0)  # type: ignore[arg-type]
    places = np.array([walk.pose(time)[:2, 3] for time in (0.0, 2.0, 4.0)])
    assert np.all((places > [1.2, 1.0]) & (places < 2.0))
