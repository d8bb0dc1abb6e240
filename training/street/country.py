"""Open land beside a short piece of road, for stills: lawns, meadows, fields, houses set back, and trees far away.

Where there are houses and walls along every road, what is beside it is always close, and a network learns that it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.rendering.mesh import Material, box
from training.street import ground, labels
from training.street.buildings import make_building
from training.street.furniture import make_diamond_sign, make_fence, make_lamp, make_panel_sign, make_round_sign
from training.street.plants import make_tuft
from training.street.quarter import (
    DEEP,
    LENGTH,
    Kit,
    Plan,
    bank,
    cross,
    draw_kit,
    lay_road,
    lay_side,
    make_line,
    strip,
    wood,
)
from training.street.road import make_road
from training.street.textures import Layer
from training.street.weather import random_light
from training.street.world import Site, World

FAR = (DEEP + 2.0, 110.0)
"""From the edge of the road to the rows of trees that close the view, metres."""


def build_country(rng: np.random.Generator) -> World:
    """A random piece of open land."""
    road = make_road(
        rng,
        LENGTH + 40.0,
        sharpest=float(rng.uniform(60, 300)),
        turn=float(rng.uniform(0.1, 0.7)),
        steepest=float(rng.choice([0.0, 0.02, 0.05])),
        bend=float(rng.uniform(80, 200)),
    )
    site = Site(road)
    crossings = [(float(s), float(s + rng.uniform(6.0, 12.0))) for s in rng.uniform(40.0, LENGTH - 40.0, 1)]
    plan, kit = _draw_plan(rng, crossings if rng.random() < 0.5 else []), draw_kit(rng)
    lay_road(rng, site, plan, kit)
    for side in (-1, 1):
        lay_side(rng, site, plan, kit, side)
        for a, b in plan.runs():
            _fill(rng, site, plan, kit, side, a, b)
        _line_up(rng, site, plan, kit, side)
        _close(rng, site, plan, kit, side)
    for crossing in plan.cuts:
        cross(rng, site, plan, kit, *crossing)
    level = float(road.line[:, 2].min()) - 2.5
    site.add(*ground.hills(rng, road.points(LENGTH / 2)[:2], level, float(rng.uniform(5, 120)), float(rng.uniform())))
    lanes = [plan.median + (i + 0.5) * plan.lane for i in range(plan.lanes)]
    own = -lanes[int(rng.integers(len(lanes)))]
    others = [(-d, 14.0) for d in lanes if -d != own] + [(d, -14.0) for d in lanes]
    light = random_light(rng, (2, 1, 1, 1, 1))
    return World(road, site.mesh(), light, own, tuple(others), 60.0, 0.1, plan.half, plan.edge - plan.half)


def _draw_plan(rng: np.random.Generator, cuts: list[tuple[float, float]]) -> Plan:
    lanes = int(rng.choice([1, 2], p=[0.75, 0.25]))
    lane = float(rng.uniform(2.8, 3.7))
    median = 0.0 if lanes == 1 or rng.random() < 0.5 else float(rng.uniform(0.5, 4.0))
    half = median + lanes * lane + float(rng.choice([0.0, 0.4, 1.5, 2.5]))
    return Plan(
        lanes, lane, median, 0.0, half, half + float(rng.uniform(0.5, 3.0)), float(rng.choice([0.0, 0.12])), tuple(cuts)
    )


def _fill(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """Zones one after another, longer ones than in a town."""
    s = start
    while s < end - 2.0:
        length = float(min(rng.uniform(35.0, 110.0), end - s))
        if end - s - length < 20.0:
            length = end - s
        ZONES[int(rng.integers(len(ZONES)))](rng, site, plan, kit, side, s, s + length)
        s += length


def _lawn(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """Mown grass that rises or falls a little, single trees on it, a path along the road, houses set back."""
    k, rise = plan.kerb, float(rng.choice([-0.8, 0.0, 0.4, 1.0, 2.0, 3.5]))
    foot, crest = float(rng.uniform(2.0, 6.0)), float(rng.uniform(9.0, 30.0))
    profile = [(0.0, k), (foot, k), (crest, k + rise), (DEEP, k + rise)]

    def height(away: float) -> float:
        return float(np.interp(away, [d for d, _ in profile], [h for _, h in profile]))

    strip(rng, site, side, start, end, [(plan.edge + d, h) for d, h in profile], kit.soil, float(rng.uniform(4, 9)))
    if rng.random() < 0.6:
        a = plan.edge + float(rng.uniform(0.3, foot - 1.6))
        strip(rng, site, side, start, end, [(a, k + 0.03), (a + float(rng.uniform(1.0, 2.0)), k + 0.03)], kit.walk, 2.4)
    if rng.random() < 0.6:
        _houses(rng, site, plan, kit, side, start, end, height)
    for _ in range(int((end - start) * float(rng.choice([0.02, 0.06, 0.15])))):
        away = float(rng.uniform(1.5, DEEP - 3.0))
        tree = kit.woods[int(rng.integers(10))]
        place = float(rng.uniform(start, end))
        size = float(rng.uniform(0.6, 2.0))
        site.put(tree, place, side * (plan.edge + away), height(away) - 0.1, rng.uniform(0, 6.3), size)


def _houses(
    rng: np.random.Generator,
    site: Site,
    plan: Plan,
    kit: Kit,
    side: int,
    start: float,
    end: float,
    height: Callable[[float], float],
) -> None:
    """Of one or two storeys, each with a drive and perhaps a car on it."""
    s = start + float(rng.uniform(0.0, 15.0))
    while s < end - 14.0:
        back, width = float(rng.uniform(9.0, 32.0)), float(rng.uniform(9.0, 20.0))
        house = make_building(rng, width, float(rng.uniform(7, 12)), int(rng.integers(1, 3)), False)
        middle, wide = min(s + width / 2, end - width / 2), float(rng.uniform(2.5, 6.0))
        site.put(house, middle, side * (plan.edge + back), height(back + 4.0) - 0.1, -side * np.pi / 2)
        drive = np.linspace(0.0, back, 8)
        profile = [(plan.edge + float(d), height(float(d)) + 0.03) for d in drive]
        strip(rng, site, side, middle - wide / 2, middle + wide / 2, profile, kit.yard)
        if rng.random() < 0.6:
            away = float(rng.uniform(3.0, back - 3.0))
            turn = float(rng.choice([-0.5, 0.5])) * np.pi
            site.put(kit.cars[int(rng.integers(10))], middle, side * (plan.edge + away), height(away) + 0.03, turn)
        s += width + float(rng.uniform(6.0, 40.0))


def _meadow(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int, start: float, end: float) -> None:
    """Long grass, or a crop in rows, with a ditch and perhaps a fence along the road."""
    k, fall = plan.kerb, float(rng.choice([0.0, -0.4, -1.0]))
    shade = float(rng.uniform(0.6, 1.15))
    land = kit.soil.tinted(np.array(kit.soil.colour) * rng.uniform(0.7, 1.1, 3) * shade)
    profile = [(plan.edge, k), (plan.edge + 1.5, k + fall), (plan.edge + 4.0, k + 0.3 * fall), (plan.edge + DEEP, k)]
    strip(rng, site, side, start, end, profile, land, float(rng.uniform(4, 12)))
    if rng.random() < 0.4:
        fence = make_fence(rng, end - start, float(rng.uniform(0.9, 1.4)))
        d = plan.edge + float(rng.uniform(2.0, 5.0))
        site.put(fence, 0.5 * (start + end), side * d, k + 0.3 * fall, -side * np.pi / 2)
    for _ in range(int((end - start) * float(rng.uniform(0.1, 1.0)))):
        tuft = make_tuft(rng, float(rng.uniform(0.2, 0.8)), (0.62, 0.64, 0.48))
        site.put(tuft, float(rng.uniform(start, end)), side * (plan.edge + rng.uniform(0.3, 25.0)), k + 0.3 * fall)
    if rng.random() < 0.3:
        tone = float(rng.uniform(0.3, 0.9))
        barn = Material(labels.BUILDING, Layer.PLAIN, (tone, tone * float(rng.uniform(0.5, 1.0)), tone * 0.7))
        wide, deep, high = rng.uniform((10, 8, 4), (30, 15, 9)).tolist()
        block = box((-deep, -wide / 2, -0.5), (0.0, wide / 2, high), barn, repeat=5.0)
        place = float(rng.uniform(start + 5.0, end - 5.0))
        site.put(block, place, side * (plan.edge + rng.uniform(20.0, 32.0)), k - 0.2, -side * np.pi / 2)


Zone = Callable[[np.random.Generator, Site, Plan, Kit, int, float, float], None]
ZONES: tuple[Zone, ...] = (_lawn, _lawn, _lawn, _meadow, _meadow, wood, bank)


def _line_up(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int) -> None:
    """What stands along the road: poles with wires or lamps, few signs, sometimes an avenue."""
    k = plan.kerb
    if rng.random() < 0.5:
        wires = make_line(rng) if rng.random() < 0.7 else None
        pole = wires or make_lamp(rng, float(rng.uniform(6.0, 10.0)), float(rng.uniform(1.0, 2.5)))
        d = plan.half + float(rng.uniform(0.6, 4.0))
        for s in np.arange(float(rng.uniform(2.0, 30.0)), LENGTH, float(rng.uniform(25.0, 40.0))).tolist():
            site.put(pole, s, side * d, k, 0.0 if wires else float(-side * np.pi / 2))
    if rng.random() < 0.2:
        tree, d = kit.woods[int(rng.integers(7))], plan.edge + float(rng.uniform(0.5, 4.0))
        for s in np.arange(float(rng.uniform(2.0, 10.0)), LENGTH, float(rng.uniform(8.0, 20.0))).tolist():
            site.put(tree, s, side * d, k - 0.1, rng.uniform(0, 6.3), float(rng.uniform(0.8, 1.5)))
    facing = 0.0 if side > 0 else np.pi
    for s in rng.uniform(0.0, LENGTH, int(rng.integers(0, 4))).tolist():
        kind = rng.random()
        panel = make_panel_sign(Layer.SIGN_INFORMATION, rng.uniform(0.6, 2.5), rng.uniform(0.5, 1.5), 2.0)
        sign = make_round_sign(rng) if kind < 0.4 else make_diamond_sign() if kind < 0.7 else panel
        site.put(sign, s, side * (plan.half + float(rng.uniform(0.5, 2.0))), k, facing)


def _close(rng: np.random.Generator, site: Site, plan: Plan, kit: Kit, side: int) -> None:
    """Rows and groups of trees far from the road and beyond its ends."""
    level = float(site.road.line[:, 2].min()) - 2.5
    first = plan.edge + float(rng.uniform(*FAR))
    for d in (first, first + 12.0):
        for s in np.arange(-10.0, LENGTH + 30.0, float(rng.uniform(3.5, 9.0))).tolist():
            out = d + float(rng.normal(0.0, 3.0))
            place = float(np.clip(s, 0.0, LENGTH + 30.0))
            fall = level - float(site.road.points(place)[2])
            land = float(np.interp(out, [plan.edge + DEEP, 100.0, 170.0], [-0.15, 0.4 * fall, fall]))
            tree = kit.woods[int(rng.integers(7))]
            site.put(tree, place, side * out, land - 0.2, rng.uniform(0, 6.3), float(rng.uniform(0.9, 2.2)))
    for s in (0.0, LENGTH + 15.0):
        for d in np.arange(plan.half + 1.0, 60.0, float(rng.uniform(4.0, 9.0))).tolist():
            tree, size = kit.woods[int(rng.integers(7))], float(rng.uniform(0.8, 1.8))
            site.put(tree, s + float(rng.uniform(0.0, 10.0)), side * d, -0.2, rng.uniform(0, 6.3), size)
