"""Light kept in the vertices, and the shapes it falls on."""

from __future__ import annotations

import numpy as np
import pytest

from training.rendering.mesh import Material, Mesh, grid
from training.rooms.shading import BRIGHTEST, Source, lit, openness
from training.rooms.shapes import Rectangle, block, contact_shadow, cushion, panel

SIZE = (4.0, 4.0, 2.5)
WHITE = Material(0)


def _area(mesh: Mesh) -> float:
    a, b, c = (mesh.positions[mesh.triangles[:, i]].astype(np.float64) for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def _light(mesh: Mesh) -> np.ndarray:
    """What `lit` kept, linear, by vertex."""
    return BRIGHTEST * mesh.colours[:, 0].astype(np.float64) ** 2


def test_corners_get_less_than_the_middle_of_a_wall():
    up, along = np.array([[0.0, 0.0, 1.0]]), np.array([[1.0, 0.0, 0.0]])
    middle = openness(np.array([[0.0, 0.0, 0.0]]), up, SIZE)[0]
    edge = openness(np.array([[1.99, 0.0, 0.0]]), up, SIZE)[0]
    corner = openness(np.array([[1.99, 1.99, 0.0]]), up, SIZE)[0]
    assert corner < 0.7 * edge < 0.7 * middle
    assert middle > 0.95
    # on the wall itself only what it meets counts
    assert openness(np.array([[-2.0, 0.0, 1.25]]), along, SIZE)[0] > 0.9


def test_a_lamp_lights_what_faces_it_and_falls_off():
    floor = grid([[[x, y, 0.0] for x in (0.0, 1.0)] for y in (0.0, 0.5)], np.zeros((2, 2, 2)), WHITE)
    lamp = Source(np.array([0.0, 0.0, 1.0]), None, 0.5, (1.0, 1.0, 1.0))
    light = _light(lit(floor, SIZE, [lamp], (0.0, 0.0, 0.0)))
    shares = openness(floor.positions.astype(float), floor.normals.astype(float), SIZE)
    below, aside = light[0] / shares[0], light[1] / shares[1]
    assert below == pytest.approx(0.5 / 1.5, rel=1e-3)
    assert aside == pytest.approx((0.15 + 0.85 / np.sqrt(2)) * 0.5 / 2.5, rel=1e-3)


def test_a_window_lights_the_room_before_it_and_not_the_wall_it_is_in():
    window = Source(np.array([-2.0, 0.0, 1.2]), np.array([1.0, 0.0, 0.0]), 2.0, (1.0, 1.0, 1.0))
    before = block((0.0, -0.1, 1.0), (0.2, 0.1, 1.4), WHITE)
    beside = block((-2.0, 1.0, 1.0), (-1.95, 1.2, 1.4), WHITE)
    bright, dark = (_light(lit(mesh, SIZE, [window], (0.0, 0.0, 0.0))).max() for mesh in (before, beside))
    assert bright > 2.0 * dark


def test_more_light_than_can_be_kept_leaves_the_colour():
    lamp = Source(np.array([0.0, 0.0, 1.0]), None, 1.0, (90.0, 90.0, 90.0))
    floor = grid([[[x, y, 0.0] for x in (0.0, 1.0)] for y in (0.0, 0.5)], np.zeros((2, 2, 2)), WHITE)
    assert np.all(lit(floor, SIZE, [lamp], (0.0, 0.0, 0.0)).colours[:, :3] == 1.0)


def test_a_wall_is_its_rectangle_without_its_holes():
    holes = [Rectangle((-1.0, 0.5), (0.2, 1.9)), Rectangle((0.9, 0.0), (1.7, 2.0))]
    mesh = panel(Rectangle((-2.0, 0.0), (2.0, 2.5)), WHITE, holes)
    assert _area(mesh) == pytest.approx(4.0 * 2.5 - 1.2 * 1.4 - 0.8 * 2.0, rel=1e-5)
    assert np.allclose(mesh.normals, [1.0, 0.0, 0.0])
    centres = mesh.positions[mesh.triangles].mean(axis=1)[:, 1:].astype(np.float64)
    assert not any(hole.holds(centres).any() for hole in holes)
    a, b, c = (mesh.positions[mesh.triangles[:, i]].astype(np.float64) for i in range(3))
    assert np.all(np.cross(b - a, c - a)[:, 0] > 0), "triangles face the room as their normals do"


def test_a_block_is_closed_and_a_cushion_fills_its_box():
    assert _area(block((0, 0, 0), (1.0, 2.0, 3.0), WHITE)) == pytest.approx(2 * (2.0 + 3.0 + 6.0))
    soft = cushion((0, 0, 0), (1.0, 2.0, 0.5), WHITE)
    assert soft.positions.min(axis=0) == pytest.approx([0, 0, 0], abs=1e-5)
    assert soft.positions.max(axis=0) == pytest.approx([1.0, 2.0, 0.5], abs=1e-5)
    middle = soft.positions - np.array([0.5, 1.0, 0.25])
    assert np.all(np.sum(middle * soft.normals, axis=1) > 0), "outward"
    assert _area(cushion((0, 0, 0), (1, 1, 1), WHITE, 1.0)) < _area(cushion((0, 0, 0), (1, 1, 1), WHITE, 0.3)) < 6.0


def test_rectangles_move_and_meet():
    ground = Rectangle((0.0, -1.0), (0.5, 1.0))
    turned = ground.moved(np.array([[0, -1, 0, 3.0], [1, 0, 0, 0.0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    assert turned.low == pytest.approx((2.0, 0.0))
    assert turned.high == pytest.approx((4.0, 0.5))
    assert ground.grown(1.6).meets(turned)
    assert not ground.grown(1.4).meets(turned)
    assert contact_shadow(ground).positions[:, 2].max() < 0.01
