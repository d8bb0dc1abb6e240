"""How far away what stands on the ground is put."""

from __future__ import annotations

from functools import partial

from depth_perception.evaluation.depth_tally import Measure
from depth_perception.evaluation.heights import NEAR, OBSTACLE, obstacle_ratios

OBSTACLES: dict[str, Measure] = {
    f"obstacles ({OBSTACLE:g} m and higher) up to {reach:g} m away, predicted / true": partial(
        obstacle_ratios, reach=reach
    )
    for reach in (10.0, NEAR)
}
"""Means over images of each one's median: above 1 is the dangerous side."""
