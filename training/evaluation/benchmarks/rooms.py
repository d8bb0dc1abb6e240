"""Procedural rooms of seeds that nobody trains on, in the range and the metres of indoor protocols."""

from __future__ import annotations

from depth_perception.evaluation.protocol import DepthProtocol
from training.data.datasets.rooms import RoomsData, render_walks
from training.evaluation.world import World

PROTOCOL = DepthProtocol(
    "rooms",
    "rooms",
    minimum=0.1,
    maximum=10.0,
    scaling="none",
    view="robot",
    resize="disparity",
    band=3.0,
    thresholds=(1.0, 4.0),
)
ROOMS = World(PROTOCOL, data=RoomsData, render=render_walks, length=20, step=2)
BENCHMARKS = (ROOMS,)
