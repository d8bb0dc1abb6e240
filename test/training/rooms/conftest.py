"""Walks through two rooms that several tests look at."""

from __future__ import annotations

import pytest

from training.rooms.room import RoomConfig, kinect, render_room

CAMERA = kinect(104, 78)
SEEDS = (3, 24)


@pytest.fixture(scope="session")
def walks(street_renderer):
    """Frames of two furnished rooms, by seed."""
    return {seed: list(render_room(RoomConfig(seed, 8, 2.0, CAMERA))) for seed in SEEDS}
