"""A motorway: several lanes a direction, barriers, dry embankments, trees, hills, wide sky."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Material, Mesh, box
from training.street import ground, labels
from training.street.furniture import (
    make_billboard,
    make_diamond_sign,
    make_gantry,
    make_lamp,
    make_panel_sign,
)
from training.street.plants import make_tuft
from training.street.road import Road, make_road
from training.street.textures import Layer
from training.street.weather import random_light
from training.street.world import Site, World, make_woods

LANE = 3.65
ROW = 4.0
"""Metres from one row of vertices to the next; curves are wide enough for twice a town's."""


@dataclass(frozen=True)
class _Plan:
    """Widths across one carriageway, metres from the middle of the motorway."""

    count: int
    median: float
    shoulder: float
    verge: float
    end: float

    @property
    def inner(self) -> float:
        """Left edge of the leftmost lane."""
        return self.median + self.shoulder

    @property
    def outer(self) -> float:
        """Right edge of the rightmost lane."""
        return self.inner + self.count * LANE

    @property
    def edge(self) -> float:
        """Where the asphalt ends."""
        return self.outer + self.verge


def build_highway(rng: np.random.Generator, drive: float) -> World:
    """A random motorway along a road long enough to drive `drive` metres and still see something ahead."""
    length = drive + 650.0
    road = make_road(
        rng,
        length + 60.0,
        sharpest=float(rng.uniform(260, 800)),
        turn=float(rng.uniform(0.3, 1.0)),
        steepest=float(rng.choice([0.005, 0.02, 0.035])),
        bend=float(rng.uniform(120, 400)),
    )
    plan = _Plan(
        count=int(rng.integers(2, 6)),
        median=float(rng.choice([0.4, 0.4, 0.6, 4.0])),
        shoulder=float(rng.uniform(0.8, 3.2)),
        verge=float(rng.uniform(2.4, 3.6)),
        end=length,
    )
    site = Site(road)
    dry = float(rng.choice([0.1, 0.6, 0.9, 1.0]))
    american = bool(rng.random() < 0.65)
    _lay(rng, site, plan, american)
    _barriers(rng, site, plan)
    _land(rng, site, plan, dry)
    _furnish(rng, site, plan)
    own = int(rng.integers(plan.count))
    lanes = []
    for index in range(plan.count):
        d = plan.inner + (index + 0.5) * LANE
        pace = 29.0 - 2.5 * index
        lanes.append((d, -pace))
        if index != own:
            lanes.append((-d, pace))
    light = random_light(rng, (6, 3, 1.5, 1.5, 1.5))
    lane = -(plan.inner + (own + 0.5) * LANE)
    spacing = float(rng.uniform(35, 160))
    return World(road, site.mesh(), light, lane, tuple(lanes), spacing, 0.12, plan.edge, 0.0)


def _lay(rng: np.random.Generator, site: Site, plan: _Plan, american: bool) -> None:
    road = site.road
    stations = ground.rows(0.0, plan.end, ROW)
    concrete = rng.random() < 0.2
    wear = float(rng.uniform(0.7, 1.0))
    mark, gap = (3.0, 9.2) if american else (6.0, 12.0)
    tone = rng.uniform(0.22, 0.42) if not concrete else rng.uniform(0.5, 0.68)
    for side in (-1, 1):
        material = Material(
            labels.ROAD, Layer.CONCRETE if concrete else Layer.ASPHALT, (tone, tone, tone * rng.uniform(0.98, 1.04))
        )
        bands = np.array([plan.median, plan.inner, *(plan.inner + LANE * (np.arange(plan.count) + 1)), plan.edge])
        for index, (a, b) in enumerate(pairwise(bands)):
            profile = [(side * d, 0.0) for d in ((b, a) if side > 0 else (a, b))]
            paved = material.tinted(
                np.array(material.colour)
                * (rng.uniform(0.94, 1.04) if 0 < index < len(bands) - 2 else rng.uniform(0.85, 1.25))
            )
            site.add(ground.ribbon(road, stations, profile, paved, 4.0, ground.wear_of(rng, stations, 0.03)))
        left = ground.YELLOW if american else ground.WHITE
        site.add(ground.line(road, 0.0, plan.end, side * (plan.inner + 0.05), 0.16, left, wear))
        site.add(ground.line(road, 0.0, plan.end, side * plan.outer, 0.16, ground.WHITE, wear))
        for index in range(1, plan.count):
            d = side * (plan.inner + index * LANE)
            site.add(*ground.dashes(road, float(rng.uniform(0, 9)), plan.end, d, mark, gap, 0.13, ground.WHITE, wear))
        for index in range(plan.count):
            middle = side * (plan.inner + (index + 0.5) * LANE)
            worn = Material(labels.ROAD, Layer.MARKING, (0.16, 0.16, 0.16), float(rng.uniform(0.04, 0.2)))
            for track in (-0.8, 0.8):
                site.add(
                    ground.ribbon(
                        road, stations, [(middle + track + 0.3, 0.006), (middle + track - 0.3, 0.006)], worn, 3.0
                    )
                )
    site.add(*ground.patches(rng, road, 0.0, plan.end, plan.edge, float(rng.uniform(5, 20))))


def _barriers(rng: np.random.Generator, site: Site, plan: _Plan) -> None:
    road = site.road
    stations = ground.rows(0.0, plan.end, ROW)
    concrete = Material(labels.WALL, Layer.CONCRETE, tuple(np.array((1.0, 0.98, 0.94)) * rng.uniform(0.55, 0.9)))
    if plan.median < 2.0:
        height = rng.uniform(0.8, 1.1)
        foot = min(0.3, plan.median)
        profile = [
            (foot, 0.0),
            (foot - 0.02, 0.08),
            (0.13, 0.35),
            (0.1, height),
            (-0.1, height),
            (-0.13, 0.35),
            (-foot + 0.02, 0.08),
            (-foot, 0.0),
        ]
        for pair in pairwise(profile):
            site.add(ground.ribbon(road, stations, list(pair), concrete, 3.0, ground.wear_of(rng, stations, 0.06)))
        under = Material(labels.ROAD, Layer.CONCRETE, (0.6, 0.59, 0.57))
        site.add(ground.ribbon(road, stations, [(plan.median, -0.005), (-plan.median, -0.005)], under, 3.0))
    else:
        grass = Material(labels.TERRAIN, Layer.DRY_GRASS, (0.9, 0.92, 0.85))
        m = plan.median
        site.add(
            ground.ribbon(
                road,
                stations,
                [(m, 0.0), (m * 0.4, -0.2), (-m * 0.4, -0.2), (-m, 0.0)],
                grass,
                5.0,
                ground.wear_of(rng, stations, 0.1),
            )
        )
        for side in (-1, 1):
            _guard_rail(site, side * (m - 0.5), 0.0, plan.end)
    for side in (-1, 1):
        s = float(rng.uniform(0, 80))
        while s < plan.end - 30:
            run = float(rng.uniform(60, 260))
            end = min(s + run, plan.end)
            kind = rng.random()
            d = side * (plan.edge + 0.4)
            if kind < 0.5:
                _guard_rail(site, d, s, end)
            elif kind < 0.68:
                _wall(rng, site, d, s, end, float(rng.uniform(0.8, 1.0)), Layer.CONCRETE)
            elif kind < 0.76:
                _wall(rng, site, side * (plan.edge + 2.5), s, end, float(rng.uniform(2.5, 4.5)), Layer.PAVING)
            s += run + rng.uniform(10, 120)


def _guard_rail(site: Site, d: float, start: float, end: float) -> None:
    """A steel rail on posts."""
    steel = Material(labels.FENCE, Layer.PLAIN, (0.62, 0.64, 0.66), 0.25)
    stations = ground.rows(start, end, ROW)
    for low, high, out in ((0.45, 0.53, 0.05), (0.53, 0.61, -0.04), (0.61, 0.69, 0.05), (0.69, 0.77, -0.02)):
        inward = -np.sign(d)
        a, b = (d + inward * out, low), (d - inward * out * 0.2, high)
        site.add(ground.ribbon(site.road, stations, [b, a] if d > 0 else [a, b], steel, 2.0))
    post = box((-0.05, -0.07, -0.4), (0.05, 0.07, 0.68), steel)
    for s in np.arange(start, end, 4.0).tolist():
        site.put(post, float(s), d + 0.12 * float(np.sign(d)))


def _wall(rng: np.random.Generator, site: Site, d: float, start: float, end: float, height: float, layer: int) -> None:
    tone = rng.uniform(0.6, 0.9)
    material = Material(labels.WALL, layer, (tone, tone * 0.97, tone * 0.92))
    stations = ground.rows(start, end, ROW)
    thick = 0.12
    for a, b in (
        ((d + thick, -0.3), (d + thick, height)),
        ((d + thick, height), (d - thick, height)),
        ((d - thick, height), (d - thick, -0.3)),
    ):
        site.add(ground.ribbon(site.road, stations, [a, b], material, 3.0, ground.wear_of(rng, stations, 0.05)))


def _relief(rng: np.random.Generator, s: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    """Slow heights along the road between low and high."""
    total = np.zeros_like(s)
    for wavelength in (130.0, 260.0, 520.0):
        total += np.sin(2 * np.pi * s / (wavelength * rng.uniform(0.8, 1.3)) + rng.uniform(0, 6.3))
    return low + (high - low) * np.clip(0.5 + 0.35 * total, 0, 1)


def _land(rng: np.random.Generator, site: Site, plan: _Plan, dry: float) -> None:
    """Embankments with trees and bushes down (or up) to the plain, and the hills around."""
    road = site.road
    level = float(road.line[:, 2].min()) - 3.0
    stations = ground.rows(0.0, plan.end, 5.0)
    woods = make_woods(rng, dry * 0.8)
    layer = Layer.DRY_GRASS if dry > 0.5 else Layer.GRASS
    for side in (-1, 1):
        soil = Material(labels.TERRAIN, layer, tuple(np.array((1.0, 0.97, 0.88)) * rng.uniform(0.8, 1.0)))
        bank = _relief(rng, stations, -1.5, float(rng.choice([0.0, 5.0, 14.0])))
        fall = level - road.points(stations)[:, 2]
        edge = plan.edge
        profile: list[tuple[float, ground.Along]] = [
            (edge - 0.1, -0.02),
            (edge + 2.5, -0.15),
            (edge + 9.0, -0.1 + 0.25 * bank),
            (edge + 26.0, bank),
            (edge + 60.0, 1.25 * bank),
            (edge + 130.0, 0.6 * bank + 0.4 * fall),
            (edge + 260.0, fall),
        ]
        columns: ground.Profile = [(side * d, h) for d, h in (profile[::-1] if side > 0 else profile)]
        site.add(ground.ribbon(road, stations, columns, soil, 6.0, ground.wear_of(rng, stations, 0.1)))
        _plant(rng, site, plan, side, stations, profile, woods, dry)
    middle = road.points(plan.end / 2)
    site.add(*ground.hills(rng, middle[:2], level, float(rng.uniform(60, 260)), dry))


def _plant(
    rng: np.random.Generator,
    site: Site,
    plan: _Plan,
    side: int,
    stations: npt.NDArray[np.float64],
    profile: list[tuple[float, ground.Along]],
    woods: list[Mesh],
    dry: float,
) -> None:
    places = np.array([d for d, _ in profile])
    heights = np.stack([np.broadcast_to(np.asarray(h, np.float64), stations.shape) for _, h in profile])
    density = _relief(rng, stations, float(rng.uniform(0, 0.1)), float(rng.uniform(0.3, 1.0)))
    count = int(plan.end / float(rng.uniform(1.2, 4.0)))
    for _ in range(count):
        s = float(rng.uniform(0, plan.end))
        if rng.random() > np.interp(s, stations, density):
            continue
        d = plan.edge + 4.0 + float(rng.exponential(24.0))
        bush = rng.random() < 0.45
        index = int(rng.integers(7, 10) if bush else rng.integers(7))
        if d > plan.edge + 120:
            continue
        column = [float(np.interp(s, stations, row)) for row in heights]
        h = float(np.interp(d, places, column))
        site.put(
            woods[index],
            s,
            side * d,
            h - 0.1,
            rng.uniform(0, 6.3),
            rng.uniform(0.8, 2.6) if bush else rng.uniform(0.6, 1.5),
        )
    belt = float(rng.uniform(0.0, 1.0))
    for s in np.arange(0.0, plan.end, 14.0).tolist():
        if rng.random() < belt:
            tree = woods[int(rng.integers(5))]
            site.put(
                tree,
                float(s),
                side * (plan.edge + float(rng.uniform(75, 125))),
                -1.5,
                rng.uniform(0, 6.3),
                rng.uniform(1.2, 2.0),
            )
    for _ in range(int(plan.end / 5)):
        s, d = float(rng.uniform(0, plan.end)), plan.edge + float(rng.uniform(0.8, 9))
        column = [float(np.interp(s, stations, row)) for row in heights]
        tuft = make_tuft(rng, float(rng.uniform(0.3, 0.9)), (0.82, 0.72, 0.55) if dry > 0.5 else (0.6, 0.66, 0.5))
        site.put(tuft, s, side * d, float(np.interp(d, places, column)) - 0.05)


def _furnish(rng: np.random.Generator, site: Site, plan: _Plan) -> None:
    road: Road = site.road
    if rng.random() < 0.4:
        lamp = make_lamp(rng, float(rng.uniform(9, 12)), float(rng.uniform(2, 3)))
        for s in np.arange(10.0, road.length - 40, 45.0).tolist():
            for side in (-1, 1):
                site.put(lamp, float(s), side * (plan.edge + 1.0), -0.1, -side * np.pi / 2)
    s = float(rng.uniform(60, 200))
    while s < plan.end - 40:
        kind = rng.random()
        if kind < 0.25:
            site.put(make_gantry(plan.edge - plan.median + 0.6), s, -(plan.edge + 0.8), -0.1, np.pi, (1.0, -1.0, 1.0))
        elif kind < 0.55:
            sign = make_panel_sign(Layer.SIGN_GANTRY, float(rng.uniform(2.0, 4.0)), float(rng.uniform(1.2, 2.4)), 2.0)
            site.put(sign, s, -(plan.edge + 3.0), -0.1, np.pi)
        elif kind < 0.75:
            site.put(make_diamond_sign(), s, -(plan.edge + 2.2), -0.1, np.pi)
        else:
            away = float(rng.choice([-1, 1]))
            site.put(make_billboard(rng), s, away * (plan.edge + rng.uniform(8, 25)), 0.0, np.pi)
        s += rng.uniform(60, 220)
