"""The textures of a drive, drawn from noise and rectangles."""

from __future__ import annotations

from enum import IntEnum, auto

import cv2
import numpy as np

from training.rendering.patterns import (
    SIZE,
    Image,
    billboard,
    bricks,
    flat,
    foliage_solid,
    grey,
    leaves,
    noise,
    shadow,
)
from training.rendering.textures import Textures
from training.street.facades import facade, shop


class Layer(IntEnum):
    """Layers in the order of the array: plain ones, then cut-outs, then decals."""

    PLAIN = 0
    ASPHALT = auto()
    CONCRETE = auto()
    PAVING = auto()
    GRASS = auto()
    DRY_GRASS = auto()
    BRICK = auto()
    PLASTER = auto()
    ROOF = auto()
    BARK = auto()
    HEDGE = auto()
    FOREST = auto()
    CLOUDS = auto()
    WHEEL = auto()
    GLASSHOUSE = auto()
    PLATE = auto()
    SIGN_SPEED = auto()
    SIGN_WARNING = auto()
    SIGN_INFORMATION = auto()
    SIGN_GANTRY = auto()
    BILLBOARD = auto()
    FACADE_0 = auto()
    FACADE_1 = auto()
    FACADE_2 = auto()
    FACADE_3 = auto()
    FACADE_4 = auto()
    FACADE_5 = auto()
    SHOP_0 = auto()
    SHOP_1 = auto()
    SHOP_2 = auto()
    LEAVES_0 = auto()
    LEAVES_1 = auto()
    LEAVES_2 = auto()
    TUFT = auto()
    RAILING = auto()
    MESH_FENCE = auto()
    SHADOW = auto()
    STAIN = auto()
    CRACK = auto()
    MARKING = auto()


FACADES = tuple(range(Layer.FACADE_0, Layer.FACADE_5 + 1))
SHOPS = tuple(range(Layer.SHOP_0, Layer.SHOP_2 + 1))
LEAVES = tuple(range(Layer.LEAVES_0, Layer.LEAVES_2 + 1))


def draw_textures(rng: np.random.Generator) -> Textures:
    """All layers, `SIZE` texels wide."""
    layers: dict[Layer, Image] = {
        Layer.PLAIN: flat(1.0, 1.0),
        Layer.ASPHALT: _asphalt(rng),
        Layer.CONCRETE: grey(0.72 + 0.05 * noise(rng, 4) + 0.03 * noise(rng, 128, 2)),
        Layer.PAVING: _paving(rng),
        Layer.GRASS: _ground(rng, (0.33, 0.42, 0.16), (0.46, 0.48, 0.24)),
        Layer.DRY_GRASS: _ground(rng, (0.63, 0.53, 0.34), (0.48, 0.42, 0.26)),
        Layer.BRICK: bricks(rng, 32, 8, (0.62, 0.36, 0.28), (0.66, 0.62, 0.57)),
        Layer.PLASTER: grey(0.85 + 0.035 * noise(rng, 4) + 0.02 * noise(rng, 64)),
        Layer.ROOF: bricks(rng, 24, 16, (0.60, 0.34, 0.25), (0.30, 0.18, 0.14)),
        Layer.BARK: grey(0.62 + 0.16 * np.repeat(noise(rng, 64, 3)[:1], SIZE, 0) + 0.07 * noise(rng, 32)),
        Layer.HEDGE: foliage_solid(rng, 0.24),
        Layer.FOREST: foliage_solid(rng, 0.15),
        Layer.CLOUDS: grey(0.5 + 0.2 * noise(rng, 4, 7, 0.55)),
        Layer.WHEEL: _wheel(rng),
        Layer.GLASSHOUSE: _glasshouse(),
        Layer.PLATE: _plate(rng),
        Layer.SIGN_SPEED: _sign_speed(rng),
        Layer.SIGN_WARNING: _sign_warning(),
        Layer.SIGN_INFORMATION: _sign_panel(rng, (0.10, 0.25, 0.62)),
        Layer.SIGN_GANTRY: _sign_panel(rng, (0.03, 0.36, 0.22)),
        Layer.BILLBOARD: billboard(rng),
        Layer.TUFT: _tuft(rng),
        Layer.RAILING: _railing(),
        Layer.MESH_FENCE: _mesh_fence(),
        Layer.SHADOW: shadow(),
        Layer.STAIN: _stain(rng),
        Layer.CRACK: _crack(rng),
        Layer.MARKING: _worn_paint(rng),
    }
    for layer in FACADES:
        layers[Layer(layer)] = facade(rng, layer - Layer.FACADE_0)
    for layer in SHOPS:
        layers[Layer(layer)] = shop(rng)
    for layer in LEAVES:
        layers[Layer(layer)] = leaves(rng)
    stack = np.empty((len(Layer), SIZE, SIZE, 4), np.uint8)
    for layer in Layer:
        stack[layer] = np.clip(layers[layer][::-1].astype(np.float64), 0.0, 1.0) * 255.0 + 0.5
    return Textures(stack, first_cutout=Layer.LEAVES_0, first_decal=Layer.SHADOW, clouds=Layer.CLOUDS)


def _asphalt(rng: np.random.Generator) -> Image:
    grain = 0.05 * noise(rng, 256, 2) + 0.035 * noise(rng, 64, 2)
    image = grey(0.80 + grain + 0.035 * noise(rng, 4, 4))
    image[..., :3] += (0.01 * noise(rng, 8, 3))[..., None] * np.array([1.0, 0.2, -1.0], np.float32)
    return image


def _paving(rng: np.random.Generator) -> Image:
    image = bricks(
        rng, 8, 8, (0.74, 0.72, 0.69), (0.50, 0.49, 0.47), joint=2, spread=0.05, staggered=rng.random() < 0.5
    )
    image[..., :3] += (0.035 * noise(rng, 64, 3) + 0.03 * noise(rng, 4, 2))[..., None]
    return image


def _ground(rng: np.random.Generator, first: tuple[float, ...], second: tuple[float, ...]) -> Image:
    blend = np.clip(0.5 + 0.35 * noise(rng, 8, 6, 0.7), 0, 1)[..., None]
    image = flat(1.0, 1.0)
    image[..., :3] = np.asarray(first, np.float32) * blend + np.asarray(second, np.float32) * (1 - blend)
    image[..., :3] *= (1.0 + 0.16 * noise(rng, 128, 3, 0.8))[..., None]
    return image


def _wheel(rng: np.random.Generator) -> Image:
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j].astype(np.float32)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    spokes = int(rng.integers(5, 9))
    hub = (radius < 0.66) & ((np.cos(spokes * angle) > -0.2) | (radius < 0.2) | (radius > 0.58))
    return grey(np.where(hub, 0.68 - 0.2 * radius, np.where(radius < 0.66, 0.10, 0.05)).astype(np.float32))


def _glasshouse() -> Image:
    """Side windows of a car: white is body colour, dark is glass (alpha 1)."""
    image = flat(1.0, 0.35)
    for x0, x1 in ((36, 236), (262, 420), (440, 490)):
        image[50:490, x0:x1, :3] = 0.045
        image[50:490, x0:x1, 3] = 1.0
    return image


def _plate(rng: np.random.Generator) -> Image:
    image = flat(0.9, 0.3)
    image[:40, :, :3] = image[-40:, :, :3] = 0.2
    for x in range(50, 460, 62):
        if rng.random() < 0.9:
            image[140:380, x : x + 40, :3] = 0.1
    return image


def _sign_speed(rng: np.random.Generator) -> Image:
    image = flat(0.93, 0.1)
    centre = (SIZE // 2, SIZE // 2)
    colours = np.ascontiguousarray(image[..., :3])
    cv2.circle(colours, centre, 226, (0.78, 0.06, 0.07), 62, cv2.LINE_AA)
    text = str(rng.choice(["30", "50", "60", "80"]))
    printed = np.zeros((SIZE, SIZE), np.uint8)  # OpenCV 5 writes on bytes alone
    cv2.putText(printed, text, (118, 318), cv2.FONT_HERSHEY_SIMPLEX, 6.4, 255, 34)
    colours[printed > 0] = 0.06
    image[..., :3] = colours
    return image


def _sign_warning() -> Image:
    image = flat(0.9, 0.1)
    image[..., :3] = (0.93, 0.72, 0.08)
    colours = np.ascontiguousarray(image[..., :3])
    cv2.rectangle(colours, (24, 24), (SIZE - 25, SIZE - 25), (0.05, 0.05, 0.05), 18)
    cv2.arrowedLine(colours, (256, 420), (256, 110), (0.05, 0.05, 0.05), 46, cv2.LINE_AA, tipLength=0.4)
    image[..., :3] = colours
    return image


def _sign_panel(rng: np.random.Generator, colour: tuple[float, float, float]) -> Image:
    image = flat(1.0, 0.1)
    image[..., :3] = colour
    image[10:22, 10:-10, :3] = image[-22:-10, 10:-10, :3] = 0.95
    image[10:-10, 8:16, :3] = image[10:-10, -16:-8, :3] = 0.95
    for line in range(3):
        y = 80 + line * 130
        cursor = 50
        end = int(rng.uniform(260, 460))
        while cursor < end:
            step = int(rng.integers(18, 44))
            image[y : y + 78, cursor : cursor + step - 10, :3] = 0.93
            image[y + 20 : y + 40, cursor + 5 : cursor + step - 16, :3] = colour
            cursor += step
    return image


def _tuft(rng: np.random.Generator) -> Image:
    colours = np.full((SIZE, SIZE, 3), (0.5, 0.5, 0.26), np.float32)
    cover = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(220):
        x = rng.uniform(60, 452)
        tip = (int(x + rng.normal(0, 60)), int(SIZE - rng.uniform(120, 480)))
        tone = rng.uniform(0.6, 1.1)
        for target, colour in ((colours, (0.62 * tone, 0.62 * tone, 0.34 * tone)), (cover, 1.0)):
            cv2.line(target, (int(x), SIZE - 1), tip, colour, 7)
    return np.dstack([colours, cover])


def _railing() -> Image:
    image = flat(0.8, 0.0)
    image[30:60, :, 3] = 1.0
    image[440:465, :, 3] = 1.0
    for x in range(0, SIZE, 64):
        image[30:, x : x + (26 if x % 256 == 0 else 14), 3] = 1.0
    return image


def _mesh_fence() -> Image:
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    wires = (((x + y) % 64) < 8) | (((x - y) % 64) < 8)
    wires[:24] = True
    wires[:, :20] = True
    return grey(np.full((SIZE, SIZE), 0.75, np.float32)) * [1, 1, 1, 0] + np.dstack([np.zeros((SIZE, SIZE, 3)), wires])


def _stain(rng: np.random.Generator) -> Image:
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j].astype(np.float32)
    image = flat(0.12, 1.0)
    edge = 1.0 - np.hypot(x, y) + 0.22 * noise(rng, 4, 4)
    image[..., 3] = np.clip(edge * 1.6, 0, 1) * np.clip(1.1 - np.hypot(x, y), 0, 1)
    return image


def _crack(rng: np.random.Generator) -> Image:
    image = flat(0.13, 0.0)
    cover = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(3):
        points = [np.array([rng.uniform(100, 412), 0.0])]
        while points[-1][1] < SIZE:
            points.append(points[-1] + [rng.normal(0, 14), rng.uniform(8, 24)])
        line = np.array(points, np.int32)[:, None]
        cv2.polylines(cover, [line], False, 1.0, int(rng.integers(3, 8)), cv2.LINE_AA)
    fade = np.sin(np.linspace(0, np.pi, SIZE, dtype=np.float32))[:, None]
    image[..., 3] = cover * np.clip(fade * 3, 0, 1)
    return image


def _worn_paint(rng: np.random.Generator) -> Image:
    image = grey(0.97 + 0.02 * noise(rng, 64, 2))
    image[..., 3] = np.clip(1.02 + 0.22 * noise(rng, 32, 5, 0.7), 0.15, 1.0)
    return image
