"""A short piece of a town or its outskirts, for stills: any width of road, and beside and above it whatever there is.

Each side is a row of zones: houses, car parks, woods, banks, walls, hedges, yards, fields, building sites, squares.
Roads cross, lead through tunnels and under bridges, or are alleys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from training.rendering.mesh import Material, Mesh, box, join, quad, tube
from training.street import ground, labels
from training.street.buildings import make_building
from training.street.cars import make_any_car
from training.street.clutter import CLUTTER, make_barrier, make_skip
from training.street.furniture import (
    STEEL,
    make_billboard,
    make_bin,
    make_diamond_sign,
    make_fence,
    make_gantry,
    make_lamp,
    make_panel_sign,
    make_round_sign,
    make_traffic_light,
    make_utility_pole,
    make_wall,
)
from training.street.plants import make_hedge, make_tuft
from training.street.road import make_road
from training.street.textures import Layer
from training.street.vehicles import make_articulated, make_box_van, make_bus, make_caravan, make_container, make_digger
from training.street.weather import random_light
from training.street.world import BUSHES, Site, World, make_woods

LENGTH = 200.0
"""Of the road, metres; cameras stay away from its ends."""
DEEP = 45.0
"""From the edge of the road to where a zone ends, metres."""


@dataclass(frozen=True)
class Plan:
    """Widths across the road, metres from its middle, and what is along it.

    Attributes:
        lanes: in each direction.
        median: half the width of what parts the directions.
        half: to the edge of the carriageway.
        edge: to where zones begin, beyond pavement and verge.
        kerb: height of the pavement.
        cuts: (first s, last s) of crossing roads, tunnels and bridges, where there are no zones.
    """

    lanes: int
    lane: float
    median: float
    parking: float
    half: float
    edge: float
    kerb: float
    cuts: tuple[tuple[float, float], ...]

    def runs(self) -> list[tuple[float, float]]:
        """Where the road has sides, between the cuts."""
        starts = [0.0, *(end for _, end in self.cuts)]
        ends = [*(start for start, _ in self.cuts), LENGTH]
        return [(a, b) for a, b in zip(starts, ends, strict=True) if b - a > 3.0]


@dataclass(frozen=True)
class Kit:
    """What a quarter is made of."""

    road: Material
    walk: Material
    soil: Material
    yard: Material
    woods: list[Mesh]
    cars: list[Mesh]
    large: list[Mesh]
    things: list[Mesh]


def build_quarter(rng: np.random.Generator) -> World:
    """A random quarter."""
    road = make_road(
        rng,
        LENGTH + 40.0,
        sharpest=float(rng.uniform(22, 150)),
        turn=float(rng.uniform(0.1, 1.1)),
        steepest=float(rng.choice([0.0, 0.02, 0.06])),
        bend=float(rng.uniform(50, 150)),
    )
    site, crossings, covers = Site(road), *_cuts(rng)
    plan = _draw_plan(rng, crossings, covers)
    kit = draw_kit(rng)
    lay_road(rng, site, plan, kit)
    for side in (-1, 1):
        lay_side(rng, site, plan, kit, side)
        for a, b in plan.runs():
            _fill(rng, site, plan, kit, side, a, b)
        _line_up(rng, site, plan, kit, side)
    for crossing in crossings:
        cross(rng, site, plan, kit, *crossing)
    for cover in covers:
        (_tunnel if cover[1] - cover[0] > 13.0 else _bridge)(rng, site, plan, *cover)
    _surround(rng, site, plan, kit)
    lanes = [plan.median + (i + 0.5) * plan.lane for i in range(plan.lanes)]
    own = -lanes[int(rng.integers(len(lanes)))] if plan.lanes and plan.half > 2.6 else 0.0
    others = [(-d, 9.0) for d in lanes if -d != own] + [(d, -9.0) for d in lanes]
    return World(
        road,
        site.mesh(),
        random_light(rng, (1, 1, 1, 1, 1)),
        own,
        tuple(others) if own else (),
        30.0,
        0.1,
        plan.half,
        plan.edge - plan.half,
    )


def _cuts(rng: np.random.Generator) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Where roads cross, and what is covered."""
    crossings, covers = [], []
    s = float(rng.uniform(20.0, 70.0))
    while s < LENGTH - 30.0:
        kind = rng.random()
        if kind < 0.5:
            crossings.append((s, s + float(rng.uniform(6.0, 18.0))))
        elif kind < 0.68:
            covers.append((s, s + float(rng.uniform(15.0, 45.0))))
        elif kind < 0.85:
            covers.append((s, s + float(rng.uniform(6.0, 12.0))))
        s += float(rng.uniform(50.0, 110.0))
    return crossings, covers


def _draw_plan(
    rng: np.random.Generator, crossings: list[tuple[float, float]], covers: list[tuple[float, float]]
) -> Plan:
    alley = rng.random() < 0.15
    lanes = 1 if alley else int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2]))
    lane = float(rng.uniform(1.4, 2.2) if alley else rng.uniform(2.8, 3.7))
    median = 0.0 if alley or rng.random() < 0.6 else float(rng.uniform(0.3, 3.0))
    parking = 2.2 if not alley and rng.random() < 0.4 else 0.0
    half = median + lanes * lane + parking + float(rng.choice([0.0, 0.4, 1.5]))
    side = float(rng.uniform(0.2, 1.2) if alley else rng.uniform(1.0, 6.0))
    kerb = float(rng.choice([0.0, 0.06, 0.12, 0.16]))
    cuts = tuple(sorted([*crossings, *covers]))
    return Plan(lanes, lane, median, parking, half, half + side, kerb, cuts)


def draw_kit(rng: np.random.Generator) -> Kit:
    tone = float(
        rng.choice([rng.uniform(0.15, 0.3), rng.uniform(0.3, 0.5), rng.uniform(0.5, 0.9)], p=[0.3, 0.45, 0.25])
    )
    hue = np.array([1.0, 1.0, 1.0]) + rng.normal(0.0, 0.03, 3)
    layer = int(rng.choice([Layer.ASPHALT, Layer.ASPHALT, Layer.CONCRETE, Layer.PAVING]))
    if rng.random() < 0.1:  # a track
        layer, tone, hue = int(Layer.DRY_GRASS), 0.85, np.array([1.0, 0.9, 0.8])
    green = rng.random()
    dry = float(rng.uniform(0.0, 1.0))
    soil = Material(
        labels.TERRAIN, Layer.GRASS if green < 0.6 else Layer.DRY_GRASS, _tone(rng.uniform(0.55, 1.1), (1, 1, 0.92))
    )
    if green > 0.93:  # snow
        soil = Material(labels.TERRAIN, Layer.PLASTER, (0.97, 0.98, 1.0))
    walk = rng.uniform(0.45, 1.0)
    walked = int(rng.choice([Layer.PAVING, Layer.PAVING, Layer.CONCRETE, Layer.ASPHALT, Layer.BRICK]))
    yard = int(rng.choice([Layer.ASPHALT, Layer.CONCRETE, Layer.DRY_GRASS, Layer.PAVING]))
    shade = rng.uniform(0.45, 1.1)
    return Kit(
        road=Material(labels.ROAD, layer, _tone(tone, hue)),
        walk=Material(labels.SIDEWALK, walked, _tone(walk, (1.0, 0.98, 0.95))),
        soil=soil,
        yard=Material(labels.ROAD, yard, _tone(rng.uniform(0.3, 0.9), (1, 1, 1))),
        woods=[tree.tinted(np.full(3, shade)) for tree in make_woods(rng, dry)],
        cars=[make_any_car(rng) for _ in range(10)],
        large=[make(rng) for make in (make_articulated, make_box_van, make_bus, make_caravan, make_digger)],
        things=[CLUTTER[int(i)](rng) for i in rng.integers(0, len(CLUTTER), 8)],
    )


def _tone(value: float, hue: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (float(np.clip(value * part, 0.0, 1.0)) for part in hue)
    return red, green, blue


def strip(
    rng: np.random.Generator,
    site: Site,
    side: int,
    start: float,
    end: float,
    profile: Sequence[tuple[ground.Along, ground.Along]],
    material: Material,
    repeat: float = 4.0,
) -> None:
    """A surface along one side, its profile (d, h) from the road outwards."""
    stations = ground.rows(start, end)
    columns = [(side * np.asarray(d), h) for d, h in (profile[::-1] if side > 0 else profile)]
    site.add(ground.ribbon(site.road, stations, columns, material, repeat, ground.wear_of(rng, stations, 0.06)))


def lay_road(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit) -> None:
    stations = ground.rows(0.0, LENGTH)
    columns = [(d, 0.0) for d in np.linspace(plan.half, -plan.half, 7)]
    site.add(ground.ribbon(site.road, stations, columns, kit.road, 4.0, ground.wear_of(rng, stations, 0.06)))
    if kit.road.layer == Layer.ASPHALT:
        site.add(*ground.patches(rng, site.road, 0.0, LENGTH, plan.half, float(rng.uniform(4, 16))))
    if rng.random() < 0.8 and plan.half > 2.6:
        _paint(rng, site, plan)
    if plan.median > 1.0:
        for side in (-1, 1):
            rim = plan.median - 0.3
            strip(rng, site, side, 0.0, LENGTH, [(0.0, 0.15), (rim, 0.15), (rim, -0.02)], kit.soil)
        for s in np.arange(float(rng.uniform(0, 9)), LENGTH, float(rng.uniform(7, 20))).tolist():
            if not any(a - 1 < s < b + 1 for a, b in plan.cuts):
                site.put(kit.woods[int(rng.integers(10))], s, 0.0, 0.1, rng.uniform(0, 6.3), rng.uniform(0.4, 0.8))


def _paint(rng: np.random.Generator, site: Site, plan: Plan) -> None:
    road, wear = site.road, float(rng.uniform(0.4, 1.0))
    middle = ground.YELLOW if rng.random() < 0.5 else ground.WHITE
    apart = plan.median or float(rng.choice([0.0, 0.16]))
    offsets = [apart, -apart] if apart else [0.0]
    site.add(*(ground.line(road, 0.0, LENGTH, d, 0.12, middle, wear) for d in offsets))
    for side in (-1, 1):
        for i in range(1, plan.lanes):
            d = side * (plan.median + i * plan.lane)
            site.add(*ground.dashes(road, 0.0, LENGTH, d, 3.0, float(rng.choice([3.0, 6.0, 9.0])), 0.13, wear=wear))
        if rng.random() < 0.6:
            site.add(ground.line(road, 0.0, LENGTH, side * (plan.half - plan.parking - 0.1), 0.12, wear=wear))
        for a, _ in plan.cuts:
            if rng.random() < 0.6 and a > 8.0:
                inner = side * (plan.median + plan.lanes * plan.lane)
                low, high = sorted((side * plan.median, inner))
                bar = Material(labels.ROAD, Layer.MARKING, ground.WHITE, wear)
                for d in np.arange(low + 0.4, high - 0.3, 1.0).tolist():
                    profile = [(d + 0.25, ground.PAINT_HEIGHT), (d - 0.25, ground.PAINT_HEIGHT)]
                    site.add(ground.ribbon(road, ground.rows(a - 4.0, a - 1.0), profile, bar, 2.0))


def lay_side(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int) -> None:
    """Kerb, verge and pavement of one side, and the land under everything."""
    half, edge, k = plan.half, plan.edge, plan.kerb
    grass = float(rng.uniform(half, edge)) if rng.random() < 0.4 else half
    for a, b in plan.runs():
        if k:
            strip(rng, site, side, a, b, [(half - 0.02, -0.02), (half, k), (half + 0.14, k)], kit.walk)
        if grass > half + 0.4:
            strip(rng, site, side, a, b, [(half + 0.14 * bool(k), k), (grass, k)], kit.soil)
        inner = grass if grass > half + 0.4 else half + 0.14 * bool(k)
        strip(rng, site, side, a, b, [(inner, k), (edge, k)], kit.walk, 2.4)
    level = float(site.road.line[:, 2].min()) - 2.5
    stations = ground.rows(0.0, LENGTH, 4.0)
    fall = level - site.road.points(stations)[:, 2]
    profile: list[tuple[ground.Along, ground.Along]] = [
        (half - 0.4, -0.15), (edge + 12.0, -0.15), (edge + DEEP, -0.15), (100.0, 0.4 * fall), (170.0, fall),
    ]  # fmt: skip
    columns = [(side * np.asarray(d), h) for d, h in (profile[::-1] if side > 0 else profile)]
    site.add(ground.ribbon(site.road, stations, columns, kit.soil, 5.0, ground.wear_of(rng, stations, 0.08)))


def _fill(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """Zones one after another."""
    s = start
    narrow = plan.edge < 4.0
    while s < end - 2.0:
        length = float(min(rng.uniform(18.0, 60.0), end - s))
        if end - s - length < 8.0:
            length = end - s
        zone = _houses if narrow and rng.random() < 0.7 else ZONES[int(rng.integers(len(ZONES)))]
        zone(rng, site, plan, kit, side, s, s + length)
        s += length


def _houses(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    setback = float(rng.choice([0.0, 0.3, 3.0, 7.0])) if plan.edge > 4.0 else 0.0
    strip(
        rng,
        site,
        side,
        start,
        end,
        [(plan.edge, plan.kerb), (plan.edge + 30.0, plan.kerb)],
        kit.walk if setback < 1 else kit.soil,
        3.0,
    )
    urban = rng.random() < 0.5 or plan.edge < 4.0
    s = start
    while s < end - 5.0:
        width = float(min(rng.uniform(7.0, 20.0), end - s))
        gap = 0.0 if urban else float(rng.uniform(0.0, 6.0))
        storeys = int(rng.integers(2, 7) if urban else rng.integers(1, 3))
        house = make_building(
            rng, max(width - gap, 5.0), float(rng.uniform(8, 14)), storeys, urban and rng.random() < 0.5
        )
        site.put(
            house, s + 0.5 * max(width - gap, 5.0), side * (plan.edge + setback), plan.kerb - 0.02, -side * np.pi / 2
        )
        s += width
    if setback > 2.0:
        _front(rng, site, plan, kit, side, start, end)


def _front(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """A hedge, wall or fence along the edge, with openings, and something green behind."""
    kind, s, turn = rng.random(), start, -side * np.pi / 2
    height = float(rng.uniform(0.5, 2.2))
    while s < end - 1.5:
        length = float(min(rng.uniform(4.0, 12.0), end - s))
        make = make_hedge if kind < 0.35 else make_wall if kind < 0.6 else make_fence
        if kind < 0.85:
            site.put(make(rng, length, height), s + length / 2, side * (plan.edge + 0.4), plan.kerb - 0.05, turn)
        s += length + float(rng.choice([0.0, 3.0]))
    for _ in range(int((end - start) / 6.0)):
        bush = kit.woods[int(rng.integers(5) if rng.random() < 0.3 else rng.integers(BUSHES.start, BUSHES.stop))]
        d = plan.edge + float(rng.uniform(1.2, 6.0))
        site.put(bush, float(rng.uniform(start, end)), side * d, plan.kerb, rng.uniform(0, 6.3), rng.uniform(0.5, 1.0))


def _car_park(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    k = plan.kerb
    strip(rng, site, side, start, end, [(plan.edge, k), (plan.edge + DEEP, k)], kit.yard)
    filled, d = float(rng.uniform(0.3, 0.95)), plan.edge + 3.5
    white = Material(labels.ROAD, Layer.MARKING, ground.WHITE, 0.8)
    for _ in range(int(rng.integers(1, 4))):
        for s in np.arange(start + 1.5, end - 1.5, 2.7).tolist():
            lines = [(d + 2.4, k + ground.PAINT_HEIGHT), (d - 2.4, k + ground.PAINT_HEIGHT)]
            columns = lines if side > 0 else [(-b, h) for b, h in lines[::-1]]
            site.add(ground.ribbon(site.road, ground.rows(s - 1.4, s - 1.28), columns, white, 2.0))
            if rng.random() < filled:
                car = kit.cars[int(rng.integers(len(kit.cars)))]
                site.put(car, s, side * d, k, float(rng.choice([-0.5, 0.5])) * np.pi + rng.normal(0, 0.03))
        d += float(rng.choice([5.2, 11.0]))
    if rng.random() < 0.7:
        width = float(end - start) * float(rng.uniform(0.5, 0.95))
        hall = _make_hall(rng, width, 12.0, float(rng.uniform(4.0, 9.0)))
        site.put(hall, 0.5 * (start + end), side * min(d + 2.0, plan.edge + 30.0), k - 0.02, -side * np.pi / 2)


def wood(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    k, rise = plan.kerb, float(rng.choice([0.0, 0.0, 1.5]))
    profile = [
        (plan.edge, k),
        (plan.edge + 5.0, k + 0.4 * rise),
        (plan.edge + 15.0, k + rise),
        (plan.edge + DEEP, k + rise),
    ]
    strip(rng, site, side, start, end, profile, kit.soil, 5.0)
    for _ in range(int((end - start) * float(rng.uniform(0.2, 0.9)))):
        away = float(rng.exponential(9.0)) + 1.0
        index = int(rng.integers(10))
        height = k + rise * float(np.clip((away - 1.0) / 14.0, 0.0, 1.0)) - 0.1
        if away < DEEP - 2.0:
            place = float(rng.uniform(start, end))
            site.put(
                kit.woods[index], place, side * (plan.edge + away), height, rng.uniform(0, 6.3), rng.uniform(0.6, 1.9)
            )
    for _ in range(int((end - start) / 2.0)):
        tuft = make_tuft(rng, float(rng.uniform(0.3, 0.8)), (0.6, 0.64, 0.5))
        site.put(tuft, float(rng.uniform(start, end)), side * (plan.edge + rng.uniform(0.3, 8.0)), k)


def bank(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """Land that rises from the road, with trees on it, or falls away from it."""
    k, rise = plan.kerb, float(rng.choice([-2.5, 1.5, 3.0, 6.0]))
    foot, crest = plan.edge + float(rng.uniform(0.3, 3.0)), plan.edge + float(rng.uniform(5.0, 14.0))
    strip(
        rng,
        site,
        side,
        start,
        end,
        [(plan.edge, k), (foot, k), (crest, k + rise), (plan.edge + DEEP, k + rise)],
        kit.soil,
        5.0,
    )
    for _ in range(int((end - start) * float(rng.uniform(0.0, 0.5)))):
        d = float(rng.uniform(foot, plan.edge + 25.0))
        height = k + rise * float(np.clip((d - foot) / (crest - foot), 0.0, 1.0)) - 0.1
        scale = float(rng.uniform(0.5, 1.4))
        site.put(
            kit.woods[int(rng.integers(10))],
            float(rng.uniform(start, end)),
            side * d,
            height,
            rng.uniform(0, 6.3),
            scale,
        )
    if rise < 0 and rng.random() < 0.7:
        length = end - start
        site.put(make_fence(rng, length, 1.0), start + length / 2, side * (plan.edge + 0.2), k, -side * np.pi / 2)


def _walled(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """A high wall or hedge right beside the pavement."""
    k, height = plan.kerb, float(rng.uniform(1.6, 5.0))
    strip(rng, site, side, start, end, [(plan.edge, k), (plan.edge + DEEP, k)], kit.soil, 5.0)
    layer = int(rng.choice([Layer.BRICK, Layer.CONCRETE, Layer.PLASTER, Layer.PAVING, Layer.HEDGE]))
    green = layer == Layer.HEDGE
    colour = (0.5, 0.6, 0.42) if green else _tone(rng.uniform(0.4, 1.0), 1.0 + rng.normal(0, 0.05, 3))
    wall = Material(labels.VEGETATION if green else labels.WALL, layer, colour)
    d, thick = plan.edge + float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.15, 0.6))
    profile = [(d, k - 0.1), (d, k + height), (d + thick, k + height), (d + thick, k - 0.1)]
    for pair in pairwise(profile):
        strip(rng, site, side, start, end, list(pair), wall, 2.5)
    for s in (start, end):
        corners = [
            site.road.points(s, side * b, h)
            for b, h in ((d, k), (d + thick, k), (d + thick, k + height), (d, k + height))
        ]
        site.add(quad(corners, wall))
    for _ in range(int((end - start) / 5.0)):
        tree = kit.woods[int(rng.integers(7))]
        site.put(
            tree,
            float(rng.uniform(start, end)),
            side * (d + rng.uniform(2.0, 12.0)),
            k,
            rng.uniform(0, 6.3),
            rng.uniform(0.7, 1.5),
        )


def _works(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """An industrial yard: halls, containers, lorries, a fence in front."""
    k = plan.kerb
    strip(rng, site, side, start, end, [(plan.edge, k), (plan.edge + DEEP, k)], kit.yard)
    turn = -side * np.pi / 2
    if rng.random() < 0.6:
        length = end - start
        site.put(
            make_fence(rng, length, float(rng.uniform(1.5, 2.6))), start + length / 2, side * (plan.edge + 0.3), k, turn
        )
    s = start + 3.0
    while s < end - 8.0:
        d, kind = plan.edge + float(rng.uniform(2.5, 9.0)), rng.random()
        if kind < 0.45:
            stack = [make_container(rng, float(rng.choice([6.0, 12.0])), 2.6) for _ in range(int(rng.integers(1, 4)))]
            for level, each in enumerate(stack):
                site.put(each, s + 3.0, side * (d + 1.5), k + 2.6 * level, float(rng.choice([0.0, 0.5])) * np.pi)
        elif kind < 0.75:
            site.put(
                kit.large[int(rng.integers(len(kit.large)))], s + 4.0, side * (d + 3.0), k, float(rng.uniform(0, 6.3))
            )
        else:
            site.put(_make_hall(rng, 12.0, 14.0, float(rng.uniform(4, 10))), s + 6.0, side * (d + 3.0), k - 0.02, turn)
        s += float(rng.uniform(8.0, 16.0))


def field(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    k = plan.kerb
    strip(
        rng,
        site,
        side,
        start,
        end,
        [(plan.edge, k), (plan.edge + 3.0, k - 0.3), (plan.edge + DEEP, k - 0.1)],
        kit.soil,
        6.0,
    )
    for s in np.arange(start, end, float(rng.uniform(3.0, 12.0))).tolist():
        scale = float(rng.uniform(0.7, 1.5))
        site.put(
            kit.woods[int(rng.integers(7))],
            s,
            side * (plan.edge + rng.uniform(30.0, DEEP)),
            k - 0.2,
            rng.uniform(0, 6.3),
            scale,
        )
    for _ in range(int((end - start) / 1.5)):
        tuft = make_tuft(rng, float(rng.uniform(0.3, 0.9)), (0.66, 0.64, 0.5))
        site.put(tuft, float(rng.uniform(start, end)), side * (plan.edge + rng.uniform(0.3, 14.0)), k - 0.3)


def _building_site(
    rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float
) -> None:
    k = plan.kerb
    dirt = Material(labels.TERRAIN, Layer.DRY_GRASS, (0.8, 0.7, 0.6))
    strip(rng, site, side, start, end, [(plan.edge, k), (plan.edge + DEEP, k)], dirt, 5.0)
    barriers = [make_barrier(rng) for _ in range(3)]
    for s in np.arange(start + 1.0, end - 1.0, 3.2).tolist():
        site.put(barriers[int(rng.integers(3))], s, side * (plan.edge + rng.normal(0.2, 0.15)), k, -side * np.pi / 2)
    frame = _make_frame(rng, float(min(end - start - 2.0, rng.uniform(10, 24))), 10.0, int(rng.integers(1, 5)))
    site.put(frame, 0.5 * (start + end), side * (plan.edge + rng.uniform(3.0, 12.0)), k, -side * np.pi / 2)
    for _ in range(4):
        thing = kit.large[4] if rng.random() < 0.3 else make_skip(rng)
        site.put(
            thing,
            float(rng.uniform(start + 2, end - 2)),
            side * (plan.edge + rng.uniform(1.5, 3.0)),
            k,
            rng.uniform(0, 6.3),
        )


def _square(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """An open place with things and a few trees on it, houses far behind; or a petrol station."""
    k = plan.kerb
    station = rng.random() < 0.4
    strip(rng, site, side, start, end, [(plan.edge, k), (plan.edge + DEEP, k)], kit.yard if station else kit.walk, 3.0)
    turn = -side * np.pi / 2
    if station and end - start > 16.0:
        site.put(_make_canopy(rng), 0.5 * (start + end), side * (plan.edge + 9.0), k, turn)
    else:
        for _ in range(int((end - start) / 4.0)):
            green = rng.random() < 0.4
            thing = kit.woods[int(rng.integers(5))] if green else kit.things[int(rng.integers(len(kit.things)))]
            scale = float(rng.uniform(0.6, 1.0)) if green else 1.0
            site.put(
                thing,
                float(rng.uniform(start, end)),
                side * (plan.edge + rng.uniform(1.5, 22.0)),
                k,
                rng.uniform(0, 6.3),
                scale,
            )
    s = start
    while s < end - 8.0:
        width = float(min(rng.uniform(8.0, 20.0), end - s))
        site.put(
            make_building(rng, width, 10.0, int(rng.integers(1, 6)), True),
            s + width / 2,
            side * (plan.edge + 28.0),
            k,
            turn,
        )
        s += width


Zone = Callable[[np.random.Generator, Site, Plan, Kit, int, float, float], None]
ZONES: tuple[Zone, ...] = (
    _houses, _houses, _houses, _car_park, _car_park, wood, wood, bank, bank, _walled, _works, field,
    _building_site, _square,
)  # fmt: skip


def _line_up(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int) -> None:
    """What stands along the road: parked cars, lamps, poles with wires, trees, signs."""
    half, edge, k, turn = plan.half, plan.edge, plan.kerb, -side * np.pi / 2
    filled = float(rng.uniform(0.2, 1.0))
    trees = rng.random() < 0.45 and edge - half > 1.2
    every, kind = float(rng.uniform(6.0, 18.0)), int(rng.integers(7))
    large = float(rng.uniform(0.5, 1.9))
    poles = make_line(rng) if rng.random() < 0.4 else None
    lamp = make_lamp(rng, float(rng.uniform(5.0, 10.0)), float(rng.uniform(0.8, 2.5)))
    spacing = float(rng.uniform(18.0, 40.0))
    for a, b in plan.runs():
        if plan.parking:
            for s in np.arange(a + 3.5, b - 3.0, float(rng.uniform(5.6, 7.0))).tolist():
                if rng.random() < filled:
                    car = kit.cars[int(rng.integers(10))] if rng.random() < 0.93 else kit.large[int(rng.integers(5))]
                    site.stand(car, s, side * (half - 1.15 + rng.normal(0, 0.05)), np.pi * (side > 0))
        if trees:
            for s in np.arange(a + rng.uniform(0, every), b, every).tolist():
                tree = kit.woods[kind if rng.random() < 0.7 else int(rng.integers(7))]
                out = min(half + float(rng.uniform(0.7, 1.5)), edge)
                site.put(tree, s, side * out, k, rng.uniform(0, 6.3), large * rng.uniform(0.7, 1.2))
        for s in np.arange(a + rng.uniform(0, spacing), b, spacing).tolist():
            site.put(poles or lamp, s, side * (half + 0.45), k, float(turn if not poles else 0.0))
        for _ in range(int((b - a) / 22.0)):
            thing, s = rng.random(), float(rng.uniform(a, b))
            facing = 0.0 if side > 0 else np.pi
            if thing < 0.3:
                site.put(make_round_sign(rng), s, side * (half + 0.4), k, facing)
            elif thing < 0.45:
                sign = make_panel_sign(Layer.SIGN_INFORMATION, rng.uniform(0.5, 2.0), rng.uniform(0.5, 1.2), 2.0)
                site.put(sign, s, side * (half + 0.4), k, facing)
            elif thing < 0.55:
                site.put(make_diamond_sign(), s, side * (half + 0.5), k, facing)
            elif thing < 0.7:
                site.put(make_bin(rng), s, side * (edge - 0.4), k, turn)
            elif thing < 0.8:
                site.put(make_billboard(rng), s, side * (edge + 2.0), k, facing + rng.normal(0, 0.4))
            else:
                site.put(kit.things[int(rng.integers(8))], s, side * (edge - 0.5), k, rng.uniform(0, 6.3))


def cross(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, start: float, end: float) -> None:
    """A road that crosses or ends here, and what stands at its mouth."""
    both = rng.random() < 0.6
    for side in (-1, 1) if both else (int(rng.choice([-1, 1])),):
        strip(
            rng,
            site,
            side,
            start,
            end,
            [(plan.half - 0.3, -0.01), (plan.edge, -0.01), (plan.edge + DEEP, -0.01)],
            kit.road,
        )
        if rng.random() < 0.5:
            width = end - start
            house = make_building(rng, width + 8.0, 10.0, int(rng.integers(1, 5)), False)
            site.put(house, 0.5 * (start + end), side * (plan.edge + DEEP - 8.0), 0.0, -side * np.pi / 2)
        for d in np.arange(plan.edge + 4.0, plan.edge + DEEP - 14.0, 6.5).tolist():
            if rng.random() < 0.4:
                near = start + 1.1 if rng.random() < 0.5 else end - 1.1
                site.put(kit.cars[int(rng.integers(10))], near, side * d, 0.0, np.pi / 2 * float(rng.choice([-1, 1])))
        if rng.random() < 0.5:
            reach = float(rng.choice([0.0, plan.half]))
            light = make_traffic_light(rng, reach)
            place = (start - 0.8, np.pi) if side < 0 else (end + 0.8, 0.0)
            site.put(
                light, place[0], side * (plan.half + 0.5), plan.kerb, place[1], (1.0, float(side < 0) * -2.0 + 1.0, 1.0)
            )
    if not both:
        return
    if rng.random() < 0.15:
        site.put(make_gantry(2.0 * plan.half + 1.0), start - 2.0, -plan.half - 0.5, 0.0, np.pi, (1.0, -1.0, 1.0))


def _tunnel(rng: np.random.Generator, site: Site, plan: Plan, start: float, end: float) -> None:
    """The road between two walls below a ceiling; with pillars in place of walls it is a car park's ground floor."""
    road, high, wide = site.road, float(rng.uniform(2.7, 6.0)), plan.edge + 0.2
    top = high + float(rng.uniform(0.8, 4.0))
    tone = float(rng.uniform(0.25, 0.8))
    wall = Material(
        labels.WALL,
        int(rng.choice([Layer.CONCRETE, Layer.PLASTER, Layer.BRICK, Layer.PAVING])),
        _tone(tone, (1, 0.98, 0.94)),
    )
    stations = ground.rows(start, end)
    round_ = rng.random() < 0.3
    angles = np.linspace(0.0, np.pi, 11)
    inside = [(-wide, -0.1), (-wide, high), (wide, high), (wide, -0.1)]
    if round_:
        inside = [
            (-wide, -0.1),
            *((-wide * np.cos(a), 0.4 * high + 0.6 * high * np.sin(a)) for a in angles),
            (wide, -0.1),
        ]
    for pair in pairwise(inside):
        site.add(ground.ribbon(road, stations, list(pair), wall, 3.0, ground.wear_of(rng, stations, 0.1)))
    outer = plan.edge + float(rng.uniform(3.0, 25.0))
    shell = wall.tinted(np.array(wall.colour) * rng.uniform(0.7, 1.2))
    filled = replace(shell, label=labels.BUILDING)  # nobody stands between wall and shell
    site.add(ground.ribbon(road, stations, [(wide, top), (-wide, top)], shell, 4.0))
    for side in (-1, 1):
        strip(rng, site, side, start, end, [(wide, top), (outer, top), (outer, -0.2)], filled)
    for s in (start, end):
        for side in (-1, 1):
            site.add(_face(site, s, (side * wide, -0.2), (side * outer, high), shell))
        site.add(_face(site, s, (-outer, high), (outer, top), shell))
    floor = Material(labels.SIDEWALK, Layer.CONCRETE, _tone(0.6 * tone, (1, 1, 1)))
    for side in (-1, 1):
        strip(rng, site, side, start, end, [(plan.half - 0.02, -0.02), (plan.half, 0.1), (plan.edge + 0.3, 0.1)], floor)
        lit = Material(labels.NONE, Layer.PLAIN, (1.0, 0.95, 0.8))
        for s in np.arange(start + 2.0, end - 1.0, float(rng.uniform(3.0, 8.0))).tolist():
            site.put(
                box((-0.6, -0.1, -0.1), (0.6, 0.1, 0.0), lit), s, side * 0.6 * wide, high if not round_ else 0.85 * high
            )


def _bridge(rng: np.random.Generator, site: Site, plan: Plan, start: float, end: float) -> None:
    """A bridge across the road, with walls or pillars at its sides."""
    high, thick = float(rng.uniform(3.5, 6.5)), float(rng.uniform(0.6, 1.6))
    layer = int(rng.choice([Layer.CONCRETE, Layer.CONCRETE, Layer.BRICK, Layer.PLAIN]))
    stone = Material(labels.WALL, layer, _tone(rng.uniform(0.3, 0.9), 1.0 + rng.normal(0.0, 0.05, 3)))
    wide, far = 0.5 * (end - start), plan.edge + 40.0
    middle = 0.5 * (start + end)
    deck = [
        box((-wide, -far, high), (wide, far, high + thick), stone, repeat=4.0),
        quad(
            [[-wide, far, high], [wide, far, high], [wide, -far, high], [-wide, -far, high]],
            stone,
            [[0, 0], [2, 0], [2, 9], [0, 9]],
        ),
    ]
    if rng.random() < 0.7:
        rail = make_fence(rng, 2.0 * far, 1.1)
        for x in (-wide, wide):
            pose = np.eye(4)
            pose[:3, 3] = x, 0.0, high + thick
            deck.append(rail.placed(pose))
    parts, solid = [], rng.random() < 0.6
    for side in (-1, 1):
        a, b = sorted((side * (plan.edge + 0.2), side * (far if solid else plan.edge + 1.2)))
        if solid:
            parts.append(box((-wide, a, -0.3), (wide, b, high), stone, repeat=4.0))
        else:
            parts += [
                tube((x, a + 0.5, -0.3), (x, a + 0.5, high), (0.45, 0.45), stone, 10) for x in (-0.6 * wide, 0.6 * wide)
            ]
    site.put(join([*deck, *parts]), middle, 0.0)
    for side in (-1, 1):
        floor = Material(labels.SIDEWALK, Layer.CONCRETE, _tone(0.7, (1, 1, 1)))
        profile = [(plan.half - 0.02, -0.02), (plan.half, plan.kerb + 0.02), (far, plan.kerb + 0.02)]
        strip(rng, site, side, start, end, profile, floor)


def _face(site: Site, s: float, low: tuple[float, float], high: tuple[float, float], material: Material) -> Mesh:
    """An upright rectangle across the road between two (d, h)."""
    (d0, h0), (d1, h1) = low, high
    corners = [site.road.points(s, d, h) for d, h in ((d0, h0), (d1, h0), (d1, h1), (d0, h1))]
    u, v = abs(d1 - d0) / 4.0, abs(h1 - h0) / 4.0
    return quad(corners, material, [[0, 0], [u, 0], [u, v], [0, v]])


def _surround(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit) -> None:
    """Hills, and what closes both ends of the road."""
    level = float(site.road.line[:, 2].min()) - 2.5
    middle = site.road.points(LENGTH / 2)
    site.add(*ground.hills(rng, middle[:2], level, float(rng.uniform(5, 150)), float(rng.uniform(0, 1))))
    for s in (0.0, LENGTH):
        for d in np.arange(-50.0, 51.0, float(rng.uniform(4.0, 9.0))).tolist():
            away = float(rng.uniform(0.0, 10.0)) * (1.0 if s else -1.0)
            if abs(d) > plan.half or rng.random() < 0.5:
                site.put(
                    kit.woods[int(rng.integers(7))],
                    float(np.clip(s + away, 0, LENGTH + 30)),
                    d,
                    0.0,
                    rng.uniform(0, 6.3),
                    rng.uniform(0.8, 1.8),
                )


def make_line(rng: np.random.Generator) -> Mesh:
    """A pole and the wires that lead from it to the next, along x."""
    height, span = float(rng.uniform(7.0, 10.0)), float(rng.uniform(25.0, 40.0))
    wire = Material(labels.POLE, Layer.PLAIN, (0.06, 0.06, 0.06))
    parts = [make_utility_pole(height)]
    for y in (-0.8, 0.0, 0.8):
        x = np.linspace(0.0, span, 5)
        z = height - 0.6 - 0.8 * (1.0 - (2.0 * x / span - 1.0) ** 2)
        points = np.stack([x, np.full(5, y), z], -1)
        parts += [tube(a, b, (0.015, 0.015), wire, 3) for a, b in pairwise(points)]
    return join(parts)


def _make_hall(rng: np.random.Generator, width: float, depth: float, height: float) -> Mesh:
    """A plain hall or supermarket: front in x = 0, with doors or windows and a board."""
    layer = int(rng.choice([Layer.PLAIN, Layer.CONCRETE, Layer.PLASTER, Layer.BRICK, Layer.PAVING]))
    wall = Material(labels.BUILDING, layer, _tone(rng.uniform(0.3, 1.0), 1.0 + rng.normal(0.0, 0.08, 3)))
    glass = Material(labels.BUILDING, Layer.PLAIN, (0.06, 0.07, 0.08), 0.9)
    half = width / 2
    parts = [box((-depth, -half, -0.5), (0.0, half, height), wall, repeat=5.0)]
    y = -half + 1.0
    while y < half - 3.0:
        wide = float(min(rng.uniform(1.5, 6.0), half - 1.0 - y))
        door = glass if rng.random() < 0.6 else wall.tinted(0.5 * np.array(wall.colour))
        top = float(rng.uniform(2.2, min(4.0, height - 0.3)))
        parts.append(quad([[0.02, y, 0.1], [0.02, y + wide, 0.1], [0.02, y + wide, top], [0.02, y, top]], door))
        y += wide + float(rng.uniform(0.5, 5.0))
    if rng.random() < 0.6:
        board = Material(labels.BUILDING, Layer.BILLBOARD)
        parts.append(box((0.0, -0.2 * width, height - 1.2), (0.25, 0.2 * width, height - 0.1), board, repeat=4.0))
    if rng.random() < 0.4:
        parts.append(box((0.0, -half, 3.0), (2.5, half, 3.3), wall, repeat=4.0))
    return join(parts)


def _make_frame(rng: np.random.Generator, width: float, depth: float, storeys: int) -> Mesh:
    """A house that is being built: slabs on columns."""
    raw = Material(labels.BUILDING, Layer.CONCRETE, _tone(rng.uniform(0.5, 0.85), (1, 1, 0.97)))
    half, parts = width / 2, []
    for storey in range(storeys):
        z = 3.2 * (storey + 1)
        parts.append(box((-depth, -half, z), (0.0, half, z + 0.25), raw, repeat=4.0))
        corners = [[-depth, half, z], [0.0, half, z], [0.0, -half, z], [-depth, -half, z]]
        parts.append(quad(corners, raw))
        for y in np.linspace(-half + 0.3, half - 0.3, max(int(width / 5.0), 1) + 1).tolist():
            parts += [box((x - 0.2, y - 0.2, z - 3.2), (x + 0.2, y + 0.2, z), raw) for x in (-depth + 0.4, -0.4)]
    return join(parts)


def _make_canopy(rng: np.random.Generator) -> Mesh:
    """The roof of a petrol station with its pumps."""
    high = float(rng.uniform(4.2, 5.5))
    roof = Material(labels.BUILDING, Layer.PLAIN, tuple(rng.uniform(0.2, 1.0, 3)))
    under = Material(labels.BUILDING, Layer.PLASTER, (0.9, 0.9, 0.9))
    pump = Material(labels.NONE, Layer.BILLBOARD)
    parts = [box((-6.0, -8.0, high), (6.0, 8.0, high + 0.9), roof)]
    parts.append(quad([[-6, 8, high], [6, 8, high], [6, -8, high], [-6, -8, high]], under))
    for x in (-3.0, 3.0):
        for y in (-5.0, 5.0):
            parts.append(tube((x, y, 0), (x, y, high), (0.2, 0.2), STEEL, 8))
            parts.append(box((x - 0.3, y + 0.8, 0.0), (x + 0.3, y + 1.7, 1.8), pump, repeat=2.0))
    return join(parts)
