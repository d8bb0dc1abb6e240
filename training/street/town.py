"""A town: streets between houses, gardens and trees, with crossings, parked cars and people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.rendering.mesh import Material, Mesh
from training.street import ground, labels
from training.street.buildings import make_building
from training.street.cars import make_car
from training.street.furniture import (
    make_billboard,
    make_bin,
    make_bollard,
    make_fence,
    make_lamp,
    make_panel_sign,
    make_person,
    make_round_sign,
    make_traffic_light,
    make_utility_pole,
    make_wall,
)
from training.street.plants import make_hedge, make_tuft
from training.street.road import Road, make_road
from training.street.textures import Layer
from training.street.weather import random_light
from training.street.world import BUSHES, Site, World, make_woods

KERB = 0.12
MOUTH = 4.0
"""Half the width of a side street, metres."""
LANE = 1.75
"""From the middle of the street to the middle of a lane, metres."""
RIM = 3.0
"""Pavement beside a side street, metres."""


@dataclass(frozen=True)
class _Plan:
    """Widths across the street, metres from its middle, and what it is like."""

    half: float
    pavement: float
    setback: float
    parking: bool
    urban: float
    crossings: tuple[tuple[float, int], ...]
    """(s, side): +1 left, -1 right, 0 both."""
    end: float


def build_town(rng: np.random.Generator, drive: float) -> World:
    """A random town along a road long enough to drive `drive` metres and still see something ahead."""
    length = drive + 320.0
    road = make_road(
        rng,
        length + 40.0,
        sharpest=float(rng.uniform(24, 60)),
        turn=float(rng.uniform(0.5, 1.25)),
        steepest=float(rng.choice([0.01, 0.03, 0.06])),
        bend=float(rng.uniform(40, 110)),
    )
    plan = _plan(rng, road, length)
    site = Site(road)
    dry = float(rng.uniform(0, 0.8))
    _lay_street(rng, site, plan, dry)
    woods = make_woods(rng, dry)
    cars = [make_car(rng) for _ in range(14)]
    for side in (-1, 1):
        _build_up(rng, site, plan, side, woods)
        _furnish(rng, site, plan, side, woods, cars)
    for s, side in plan.crossings:
        for each in (side,) if side else (-1, 1):
            _side_street(rng, site, plan, s, each, woods, cars)
    _backdrop(rng, site, plan, woods)
    light = random_light(rng, (4, 3, 2, 1, 2))
    spacing = float(rng.uniform(22, 90))
    return World(road, site.mesh(), light, -LANE, ((LANE, -9.0),), spacing, 0.06, plan.half, plan.pavement)


def _plan(rng: np.random.Generator, road: Road, length: float) -> _Plan:
    parking = bool(rng.random() < 0.65)
    half = 3.5 + (2.1 if parking else float(rng.uniform(0.0, 0.8)))
    crossings = []
    s = rng.uniform(30, 90)
    while s < length - 40:
        if abs(float(road.curvature(s))) < 0.004 and abs(float(road.curvature(s + 8))) < 0.006:
            crossings.append((float(s), int(rng.choice([-1, 1, 0]))))
            s += rng.uniform(60, 150)
        else:
            s += 6.0
    return _Plan(
        half=half,
        pavement=float(rng.uniform(1.8, 4.0)),
        setback=float(rng.choice([0.0, 0.3, 2.5, 5.0])),
        parking=parking,
        urban=float(rng.uniform(0, 1)),
        crossings=tuple(crossings),
        end=length,
    )


def _open_runs(plan: _Plan, side: int, margin: float) -> list[tuple[float, float]]:
    """Where a side of the street is not cut by a crossing."""
    cuts = [s for s, which in plan.crossings if which in (0, side)]
    starts = [0.0, *(s + margin for s in cuts)]
    ends = [*(s - margin for s in cuts), plan.end]
    return [(a, b) for a, b in zip(starts, ends, strict=True) if b - a > 1.0]


def _lay_street(rng: np.random.Generator, site: Site, plan: _Plan, dry: float) -> None:
    road, half = site.road, plan.half
    stations = ground.rows(0.0, plan.end)
    tone = rng.uniform(0.27, 0.47)
    asphalt = Material(labels.ROAD, Layer.ASPHALT, (tone, tone, tone * rng.uniform(0.97, 1.04)))
    columns = [(d, -0.02 if abs(d) == half else 0.0) for d in np.linspace(half, -half, 7)]
    site.add(ground.ribbon(road, stations, columns, asphalt, 4.0, ground.wear_of(rng, stations, 0.05)))
    site.add(*ground.patches(rng, road, 0.0, plan.end, half, rng.uniform(4, 16)))
    wear = float(rng.uniform(0.45, 0.95))
    centre = rng.random()
    if centre < 0.6:
        site.add(*ground.dashes(road, 2.0, plan.end, 0.0, 3.0, float(rng.choice([3.0, 6.0])), 0.13, ground.WHITE, wear))
    elif centre < 0.85:
        colour = ground.YELLOW if rng.random() < 0.5 else ground.WHITE
        site.add(*(ground.line(road, 0.0, plan.end, d, 0.12, colour, wear) for d in (-0.14, 0.14)))
    for side in (-1, 1):
        edge = side * 3.45
        if plan.parking:
            site.add(*ground.dashes(road, 0.0, plan.end, edge, 1.0, 1.0, 0.1, ground.WHITE, wear))
        elif rng.random() < 0.5:
            for a, b in _open_runs(plan, side, MOUTH + 1):
                site.add(ground.line(road, a, b, edge, 0.1, ground.WHITE, wear))
        _pave(rng, site, plan, side, dry)
    _land(rng, site, plan, dry)


def _pave(rng: np.random.Generator, site: Site, plan: _Plan, side: int, dry: float) -> None:
    road, half, outer = site.road, plan.half, plan.half + plan.pavement
    tone = rng.uniform(0.75, 1.0)
    slabs = Material(
        labels.SIDEWALK, Layer.PAVING if rng.random() < 0.7 else Layer.ASPHALT, (tone * 0.92, tone * 0.9, tone * 0.87)
    )
    if slabs.layer == Layer.ASPHALT:
        slabs = slabs.tinted((0.55, 0.54, 0.53))
    kerb = Material(labels.SIDEWALK, Layer.CONCRETE, (0.85, 0.84, 0.81))
    garden = Material(labels.TERRAIN, Layer.DRY_GRASS if dry > 0.55 else Layer.GRASS, (0.9, 0.92, 0.85))
    yard = slabs if plan.setback < 1.0 else garden
    for a, b in _open_runs(plan, side, MOUTH + RIM):
        stations = ground.rows(a, b)
        columns = {
            "face": [(half + 0.13, KERB), (half, KERB), (half - 0.02, -0.02)],
            "walk": [(outer, KERB), (half + 0.13, KERB)],
            "yard": [(outer + 34.0, KERB - 0.03), (outer, KERB - 0.03)],
        }
        for name, material, repeat in (("face", kerb, 2.0), ("walk", slabs, 2.4), ("yard", yard, 5.0)):
            profile = columns[name] if side > 0 else [(-d, h) for d, h in columns[name][::-1]]
            shade = ground.wear_of(rng, stations, 0.05)
            site.add(ground.ribbon(road, stations, profile, material, repeat, shade))


def _land(rng: np.random.Generator, site: Site, plan: _Plan, dry: float) -> None:
    """The ground under everything, down to the plain at its outer edge."""
    road = site.road
    level = float(road.line[:, 2].min()) - 2.5
    stations = ground.rows(0.0, plan.end, 4.0)
    fall = level - road.points(stations)[:, 2]
    soil = Material(labels.TERRAIN, Layer.DRY_GRASS if dry > 0.4 else Layer.GRASS, (0.85, 0.86, 0.8))
    for side in (-1, 1):
        profile: list[tuple[float, ground.Along]] = [
            (plan.half - 0.5, -0.12),
            (plan.half + 12.0, -0.12),
            (plan.half + 48.0, -0.12),
            (90.0, 0.4 * fall),
            (170.0, fall),
        ]
        columns: ground.Profile = [(side * d, h) for d, h in (profile[::-1] if side > 0 else profile)]
        site.add(ground.ribbon(road, stations, columns, soil, 5.0, ground.wear_of(rng, stations, 0.08)))
    middle = road.points(plan.end / 2)
    site.add(*ground.hills(rng, middle[:2], level, float(rng.uniform(10, 160)), dry))


def _build_up(rng: np.random.Generator, site: Site, plan: _Plan, side: int, woods: list[Mesh]) -> None:
    """Houses, or a green place, along one side."""
    front = plan.half + plan.pavement + plan.setback
    turn = -side * np.pi / 2
    for a, b in _open_runs(plan, side, MOUTH + RIM + 0.5):
        s = a
        while s < b - 5.0:
            green = rng.random() < 0.16
            width = float(min(rng.uniform(7, 20), b - s))
            if b - s - width < 6.0:
                width = b - s
            if green and width > 8:
                _green(rng, site, plan, side, s, width, woods)
                s += width
                continue
            urban = rng.random() < plan.urban
            storeys = int(rng.integers(2, 6)) if urban else int(rng.integers(1, 3))
            gap = 0.0 if urban else float(rng.uniform(1.5, 6.0))
            net = max(width - gap, 5.0)
            depth = float(rng.uniform(8, 12))
            house = make_building(rng, net, depth, storeys, urban and plan.setback < 1.0 and rng.random() < 0.6)
            place = front + (0.0 if urban else float(rng.uniform(0, 3)) * (plan.setback > 1))
            site.put(house, s + net / 2, side * place, KERB - 0.02, turn)
            if plan.setback > 2.0:
                _front_garden(rng, site, plan, side, s, width, woods)
            elif gap > 1.5:
                site.put(
                    make_wall(rng, gap, rng.uniform(1.2, 2.2)),
                    s + net + gap / 2,
                    side * (front + 0.5),
                    KERB - 0.05,
                    turn,
                )
            s += width


def _front_garden(
    rng: np.random.Generator, site: Site, plan: _Plan, side: int, s: float, width: float, woods: list
) -> None:
    edge = plan.half + plan.pavement + 0.3
    turn = -side * np.pi / 2
    kind = rng.random()
    length = width - (3.0 if width > 7 else 0.0)
    if kind < 0.35:
        site.put(make_hedge(rng, length, rng.uniform(0.8, 1.9)), s + length / 2, side * edge, KERB - 0.05, turn)
    elif kind < 0.6:
        site.put(make_wall(rng, length, rng.uniform(0.5, 1.4)), s + length / 2, side * edge, KERB - 0.05, turn)
    elif kind < 0.85:
        site.put(make_fence(rng, length, rng.uniform(0.9, 1.5)), s + length / 2, side * edge, KERB - 0.05, turn)
    for _ in range(int(rng.integers(0, 3))):
        where = edge + rng.uniform(0.8, max(plan.setback - 0.6, 0.9))
        bush = woods[BUSHES][int(rng.integers(3))]
        site.put(
            bush, s + rng.uniform(0.5, width - 0.5), side * where, KERB, rng.uniform(0, 6.3), rng.uniform(0.5, 1.0)
        )


def _green(
    rng: np.random.Generator, site: Site, plan: _Plan, side: int, s: float, width: float, woods: list[Mesh]
) -> None:
    edge = plan.half + plan.pavement
    if rng.random() < 0.5:
        site.put(
            make_fence(rng, width, rng.uniform(1.0, 2.0)),
            s + width / 2,
            side * (edge + 0.3),
            KERB - 0.05,
            -side * np.pi / 2,
        )
    for _ in range(int(width / 2.2)):
        tree = woods[int(rng.integers(len(woods)))]
        site.put(
            tree,
            s + rng.uniform(0, width),
            side * (edge + rng.uniform(1.5, 26)),
            0.0,
            rng.uniform(0, 6.3),
            rng.uniform(0.7, 1.3),
        )


def _furnish(rng: np.random.Generator, site: Site, plan: _Plan, side: int, woods: list[Mesh], cars: list[Mesh]) -> None:
    """Lamps, signs, trees, bins and people on the pavement; cars along the kerb."""
    half, turn = plan.half, -side * np.pi / 2
    runs = _open_runs(plan, side, MOUTH + RIM + 2.0)
    lamp = make_lamp(rng, rng.uniform(5.5, 9.0), rng.uniform(0.8, 2.2))
    poles = rng.random() < 0.25
    pole = make_utility_pole(rng.uniform(7.5, 9.5))
    every = rng.uniform(20, 34)
    trees = rng.random() < 0.55 and plan.pavement > 2.2
    kind = woods[int(rng.integers(5))]
    for a, b in runs:
        for s in np.arange(a + rng.uniform(0, every), b, every).tolist():
            site.put(pole if poles else lamp, float(s), side * (half + 0.5), KERB, turn)
        if trees:
            for s in np.arange(a + rng.uniform(3, 9), b, rng.uniform(8, 15)).tolist():
                site.put(kind, float(s), side * (half + 0.9), KERB, rng.uniform(0, 6.3), rng.uniform(0.5, 0.8))
        s = a + 1.0
        while s < b - 5.0:
            if plan.parking and rng.random() < 0.62:
                site.stand(
                    cars[int(rng.integers(len(cars)))],
                    s + 2.6,
                    side * (half - 1.05 + rng.normal(0, 0.06)),
                    np.pi * (side > 0 or rng.random() < 0.1),
                )
            s += rng.uniform(5.3, 6.6)
        for _ in range(int((b - a) / 16)):
            place = float(rng.uniform(a, b))
            thing = rng.random()
            towards = np.pi if side < 0 else 0.0
            if thing < 0.35:
                site.put(
                    make_person(rng),
                    place,
                    side * (half + rng.uniform(0.8, plan.pavement)),
                    KERB,
                    rng.choice([0.0, np.pi]) + rng.normal(0, 0.3),
                )
            elif thing < 0.55:
                site.put(make_round_sign(rng), place, side * (half + 0.35), KERB, towards)
            elif thing < 0.65:
                sign = make_panel_sign(Layer.SIGN_INFORMATION, rng.uniform(0.6, 1.0), rng.uniform(0.6, 0.9), 2.2)
                site.put(sign, place, side * (half + 0.4), KERB, towards)
            elif thing < 0.8:
                site.put(make_bin(rng), place, side * (half + plan.pavement - 0.4), KERB, turn)
            else:
                for step in range(4):
                    site.put(make_bollard(), place + 1.5 * step, side * (half + 0.35), KERB)


def _side_street(
    rng: np.random.Generator, site: Site, plan: _Plan, s: float, side: int, woods: list[Mesh], cars: list
) -> None:
    """A street that leaves at a right angle between the houses, with what stands at its mouth."""
    road, half = site.road, plan.half
    outer = half + plan.pavement
    far = 62.0
    tone = rng.uniform(0.28, 0.45)
    asphalt = Material(labels.ROAD, Layer.ASPHALT, (tone, tone, tone))
    kerb = Material(labels.SIDEWALK, Layer.PAVING, (0.85, 0.83, 0.8))
    columns = np.linspace(half - 0.3, far, 9)

    def strip(a: float, b: float, height: float, material: Material, first: float = 0.0) -> None:
        places = np.maximum(columns, first) if first else columns
        profile = [(side * d, height) for d in (places[::-1] if side > 0 else places)]
        site.add(ground.ribbon(road, ground.rows(a, b), profile, material, 4.0))

    strip(s - MOUTH, s + MOUTH, -0.01, asphalt)
    for edge in (-1, 1):
        a, b = sorted((s + edge * MOUTH, s + edge * (MOUTH + RIM)))
        strip(a, b, KERB, kerb, half)
        d0, d1 = sorted((side * half, side * far))
        face = ground.rows(d0, d1, 6.0)
        top = road.points(np.full_like(face, s + edge * MOUTH), face, KERB)
        low = road.points(np.full_like(face, s + edge * MOUTH), face, -0.02)
        walls = ground.grid(
            np.stack([top, low]) if edge < 0 else np.stack([low, top]), np.zeros((2, len(face), 2)), kerb
        )
        site.add(walls)
        start, end = sorted((s + edge * MOUTH, s + edge * (MOUTH + RIM)))
        place = ground.rows(start, end)
        inner = [(side * (half - 0.01), KERB), (side * (half - 0.02), -0.02)]
        site.add(ground.ribbon(road, place, inner if side > 0 else inner[::-1], kerb, 4.0))
        d = outer + plan.setback + 14.0
        while d < far - 8:
            width = float(rng.uniform(8, 16))
            house = make_building(rng, width, 9.0, int(rng.integers(1, 5)), False)
            site.put(house, s + edge * (MOUTH + RIM + 0.6), side * (d + width / 2), 0.05, np.pi if edge > 0 else 0.0)
            d += width + rng.uniform(0, 3)
    for d in np.arange(outer + 6, far, 6.5).tolist():
        if rng.random() < 0.5:
            edge = int(rng.choice([-1, 1]))
            site.stand(cars[int(rng.integers(len(cars)))], s + edge * 2.9, side * float(d), edge * np.pi / 2)
    for _ in range(7):
        tree = woods[int(rng.integers(7))]
        site.put(
            tree,
            s + rng.uniform(-9, 9),
            side * (far + rng.uniform(2, 14)),
            0.0,
            rng.uniform(0, 6.3),
            rng.uniform(0.9, 1.5),
        )
    zebra = Material(labels.ROAD, Layer.MARKING, ground.WHITE, float(rng.uniform(0.6, 0.95)))
    if rng.random() < 0.6:
        before = s - MOUTH - RIM - 1.0
        for d in np.arange(-half + 0.5, half - 0.4, 1.0).tolist():
            profile = [(d + 0.25, ground.PAINT_HEIGHT), (d - 0.25, ground.PAINT_HEIGHT)]
            site.add(ground.ribbon(road, ground.rows(before - 3.0, before), profile, zebra, 2.0))
        profile = [(-0.1, ground.PAINT_HEIGHT), (-3.4, ground.PAINT_HEIGHT)]
        site.add(ground.ribbon(road, ground.rows(before - 4.6, before - 4.2), profile, zebra, 2.0))
    if rng.random() < 0.55:
        reach = 0.0 if rng.random() < 0.5 else half
        site.put(make_traffic_light(rng, reach), s - MOUTH - 1.0, -(half + 0.5), KERB, np.pi, (1.0, -1.0, 1.0))
        site.put(make_traffic_light(rng, 0.0), s + MOUTH + 1.0, half + 0.5, KERB, 0.0)
    else:
        site.put(make_round_sign(rng), s - MOUTH - 2.0, -(half + 0.4), KERB, np.pi)


def _backdrop(rng: np.random.Generator, site: Site, plan: _Plan, woods: list[Mesh]) -> None:
    """Roofs and trees behind the first row, and what closes the far end of the street."""
    outer = plan.half + plan.pavement + plan.setback
    for s in np.arange(0.0, plan.end, 9.0).tolist():
        for side in (-1, 1):
            if any(abs(s - c) < 16 and which in (0, side) for c, which in plan.crossings):
                continue
            if rng.random() < 0.22 * (0.4 + plan.urban):
                block = make_building(rng, float(rng.uniform(12, 22)), 12.0, int(rng.integers(3, 9)), False)
                site.put(block, float(s), side * (outer + rng.uniform(22, 34)), -0.1, -side * np.pi / 2)
            elif rng.random() < 0.75:
                tree = woods[int(rng.integers(7))]
                site.put(
                    tree,
                    float(s),
                    side * (outer + rng.uniform(14, 45)),
                    -0.1,
                    rng.uniform(0, 6.3),
                    rng.uniform(0.9, 1.6),
                )
    for d in np.arange(-60, 61, 5.0).tolist():
        site.put(
            woods[int(rng.integers(7))],
            plan.end - rng.uniform(0, 14),
            float(d),
            0.0,
            rng.uniform(0, 6.3),
            rng.uniform(0.9, 1.7),
        )
    if rng.random() < 0.5:
        site.put(
            make_billboard(rng),
            float(rng.uniform(0.3, 0.9) * plan.end),
            float(rng.choice([-1, 1])) * (outer + 12),
            0.0,
            np.pi,
        )
    for _ in range(int(plan.end / 9)):
        s, side = float(rng.uniform(0, plan.end)), int(rng.choice([-1, 1]))
        tuft = make_tuft(rng, float(rng.uniform(0.3, 0.7)), (0.6, 0.64, 0.5))
        site.put(tuft, s, side * (outer + rng.uniform(0.2, 3.0)), 0.05)
