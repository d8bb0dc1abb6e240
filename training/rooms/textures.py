"""The textures of a room, drawn anew for every room."""

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


class Layer(IntEnum):
    """Layers in the order of the array: plain ones, then cut-outs, then decals."""

    PLAIN = 0
    WOOD = auto()
    PARQUET = auto()
    TILES = auto()
    CARPET = auto()
    CONCRETE = auto()
    PLASTER = auto()
    WALLPAPER = auto()
    PANELS = auto()
    BARK = auto()
    HEDGE = auto()
    FABRIC = auto()
    PATTERN_0 = auto()
    PATTERN_1 = auto()
    BOOKS_0 = auto()
    BOOKS_1 = auto()
    PICTURE_0 = auto()
    PICTURE_1 = auto()
    PICTURE_2 = auto()
    VIEW = auto()
    BLINDS = auto()
    WRITING = auto()
    SCREEN = auto()
    WALL_TILES = auto()
    RUG_0 = auto()
    RUG_1 = auto()
    LEAVES_0 = auto()
    LEAVES_1 = auto()
    LEAVES_2 = auto()
    SHADOW = auto()


BOOKS = (Layer.BOOKS_0, Layer.BOOKS_1)
PICTURES = (Layer.PICTURE_0, Layer.PICTURE_1, Layer.PICTURE_2)
PATTERNS = (Layer.PATTERN_0, Layer.PATTERN_1)
RUGS = (Layer.RUG_0, Layer.RUG_1)
LEAVES = (Layer.LEAVES_0, Layer.LEAVES_1, Layer.LEAVES_2)


def draw_textures(rng: np.random.Generator) -> Textures:
    """All layers, `SIZE` texels wide."""
    leaf = leaves(rng)
    layers: dict[Layer, Image] = {
        Layer.PLAIN: flat(1.0, 1.0),
        Layer.WOOD: _wood(rng),
        Layer.PARQUET: _parquet(rng),
        Layer.TILES: _tiles(rng, int(rng.choice([2, 4])), 3),
        Layer.CARPET: grey(0.86 + 0.05 * noise(rng, 256, 2) + 0.02 * noise(rng, 8, 3)),
        Layer.CONCRETE: grey(0.80 + 0.035 * noise(rng, 4) + 0.02 * noise(rng, 128, 2)),
        Layer.PLASTER: grey(0.93 + 0.012 * noise(rng, 4, 4) + 0.012 * noise(rng, 128, 2)),
        Layer.WALLPAPER: _wallpaper(rng),
        Layer.PANELS: _planks(rng, int(rng.choice([4, 8])), 0.03),
        Layer.BARK: grey(0.62 + 0.16 * np.repeat(noise(rng, 64, 3)[:1], SIZE, 0) + 0.07 * noise(rng, 32)),
        Layer.HEDGE: foliage_solid(rng, 0.24),
        Layer.FABRIC: _fabric(rng),
        Layer.PATTERN_0: _pattern(rng),
        Layer.PATTERN_1: _pattern(rng),
        Layer.BOOKS_0: _books(rng),
        Layer.BOOKS_1: _books(rng),
        Layer.PICTURE_0: _landscape(rng),
        Layer.PICTURE_1: billboard(rng),
        Layer.PICTURE_2: _portrait(rng),
        Layer.VIEW: _view(rng),
        Layer.BLINDS: _blinds(),
        Layer.WRITING: _writing(rng),
        Layer.SCREEN: _screen(rng),
        Layer.WALL_TILES: _tiles(rng, 8, 2),
        Layer.RUG_0: _rug(rng),
        Layer.RUG_1: _rug(rng),
        Layer.LEAVES_0: leaf,
        Layer.LEAVES_1: leaf[:, ::-1],
        Layer.LEAVES_2: leaf[::-1],
        Layer.SHADOW: shadow(),
    }
    stack = np.empty((len(Layer), SIZE, SIZE, 4), np.uint8)
    for layer, image in layers.items():
        stack[layer] = np.clip(image[::-1], 0.0, 1.0) * np.float32(255.0) + np.float32(0.5)
    return Textures(stack, first_cutout=Layer.LEAVES_0, first_decal=Layer.SHADOW)


def _wood(rng: np.random.Generator) -> Image:
    """Grain along u, alpha is how polished it is."""
    grain = cv2.resize(noise(rng, 64, 3)[:, :8], (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    rings = np.sin(18.0 * noise(rng, 2, 2)[:, :1] + 3.0 * noise(rng, 2, 3))
    return grey(0.82 + 0.06 * grain + 0.05 * rings + 0.015 * noise(rng, 128, 2))


def _planks(rng: np.random.Generator, count: int, spread: float) -> Image:
    """Boards along v, side by side."""
    image = _wood(rng).transpose(1, 0, 2).copy()
    width = SIZE // count
    for board in range(count):
        image[:, board * width : (board + 1) * width, :3] *= 1.0 + rng.normal(0.0, spread)
        image[:, board * width : board * width + 3, :3] *= 0.72
    return image


def _parquet(rng: np.random.Generator) -> Image:
    """Boards along u with joints at random."""
    image = _wood(rng)
    rows, height = 8, SIZE // 8
    for row in range(rows):
        ends = np.sort(rng.integers(0, SIZE, 3))
        stripe = image[row * height : (row + 1) * height]
        for start, end in zip([0, *ends], [*ends, SIZE], strict=True):
            stripe[:, start:end, :3] *= 1.0 + rng.normal(0.0, 0.06)
            stripe[:, start : start + 2, :3] *= 0.7
        stripe[:2, :, :3] *= 0.7
    return image


def _tiles(rng: np.random.Generator, count: int, joint: int) -> Image:
    tone = rng.uniform(0.85, 0.95)
    mortar = rng.choice([0.5, 0.7, 0.95])
    image = bricks(rng, count, count, (tone,) * 3, (mortar,) * 3, joint, 0.03, staggered=rng.random() < 0.25)
    image[..., :3] *= (1.0 + 0.03 * noise(rng, 8, 5))[..., None]
    return image


def _wallpaper(rng: np.random.Generator) -> Image:
    """Stripes or a small motif in repeat, of little contrast."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) * (2 * np.pi / SIZE)
    count = int(rng.choice([4, 8, 16]))
    if rng.random() < 0.5:
        motif = np.where(np.sin(count * x) > rng.uniform(-0.6, 0.6), 1.0, 0.0)
    else:
        motif = np.clip(np.sin(count * x) * np.sin(count * y) + 0.4 * np.sin(3 * count * (x + y)), 0, 1)
    return grey((0.84 + rng.uniform(0.04, 0.12) * motif + 0.01 * noise(rng, 128, 2)).astype(np.float32))


def _fabric(rng: np.random.Generator) -> Image:
    weave = np.indices((SIZE, SIZE)).sum(axis=0) // 4 % 2
    return grey((0.84 + 0.03 * noise(rng, 8) + 0.03 * weave + 0.03 * noise(rng, 256, 2)).astype(np.float32), 0.0)


def _pattern(rng: np.random.Generator) -> Image:
    """Cloth with stripes, checks or dots in two or three colours."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    count = int(rng.integers(3, 9))
    kind = int(rng.integers(3))
    first, second = rng.uniform(0.25, 1.0, 3), rng.uniform(0.25, 1.0, 3)
    stripes = (x * count % 1.0 < rng.uniform(0.2, 0.6)).astype(np.float32)
    rows = (y * count % 1.0 < 0.4).astype(np.float32)
    dots = (np.hypot(x * count % 1.0 - 0.5, y * count % 1.0 - 0.5) < 0.28).astype(np.float32)
    mask = (stripes, 0.5 * (stripes + rows), dots)[kind][..., None]
    image = flat(1.0, 0.0)
    image[..., :3] = (first * mask + second * (1 - mask)) * (1.0 + 0.04 * noise(rng, 128, 2))[..., None]
    return image


def _books(rng: np.random.Generator) -> Image:
    """Spines in a row; their upper ends differ, dark behind."""
    image = flat(0.08, 0.0)
    cursor = 0
    while cursor < SIZE:
        width, top = int(rng.integers(14, 52)), int(rng.uniform(0.0, 0.28) * SIZE)
        end = min(cursor + width, SIZE)
        colour = rng.uniform(0.08, 0.95, 3) ** rng.uniform(0.7, 1.6)
        round_back = 1.0 - 0.35 * np.linspace(-1, 1, end - cursor)[None, :, None] ** 2
        image[top:, cursor:end, :3] = colour * round_back
        if rng.random() < 0.7:
            y = top + int(rng.uniform(0.1, 0.5) * (SIZE - top))
            image[y : y + int(rng.integers(10, 90)), cursor + 4 : end - 4, :3] = rng.uniform(0.1, 0.95, 3)
        cursor = end + int(rng.integers(0, 3))
        if rng.random() < 0.06:
            cursor += int(rng.integers(10, 60))
    return image


def _landscape(rng: np.random.Generator) -> Image:
    """Hills below a sky: a picture for the wall."""
    image = flat(1.0, 0.3)
    y = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None]
    sky, far = rng.uniform(0.4, 1.0, 3), rng.uniform(0.3, 0.9, 3)
    image[..., :3] = (sky * (1 - y) + far * y)[:, None, :].reshape(SIZE, 1, 3)
    for ridge in range(4):
        line = 0.3 + 0.16 * ridge + 0.07 * noise(rng, 4, 5)[:1, :]
        colour = far * (1 - 0.22 * ridge) * rng.uniform(0.6, 1.0, 3)
        image[..., :3] = np.where((y > line)[..., None], colour, image[..., :3])
    return _framed(rng, image)


def _portrait(rng: np.random.Generator) -> Image:
    """A head before a ground."""
    colours = np.ascontiguousarray(flat(1.0, 0.3)[..., :3] * rng.uniform(0.15, 0.9, 3).astype(np.float32))
    colours *= (1.0 + 0.1 * noise(rng, 4, 5))[..., None]
    skin = tuple(float(v) for v in np.array((0.85, 0.66, 0.54)) * rng.uniform(0.5, 1.05))
    coat, hair = (tuple(float(v) for v in rng.uniform(0.05, 0.7, 3)) for _ in range(2))
    cv2.ellipse(colours, (256, 560), (190, 210), 0, 0, 360, coat, -1, cv2.LINE_AA)
    cv2.ellipse(colours, (256, 220), (105, 140), 0, 0, 360, hair, -1, cv2.LINE_AA)
    cv2.ellipse(colours, (256, 260), (82, 112), 0, 0, 360, skin, -1, cv2.LINE_AA)
    return _framed(rng, np.dstack([colours, np.full((SIZE, SIZE), 0.3, np.float32)]))


def _framed(rng: np.random.Generator, image: Image) -> Image:
    edge = int(rng.integers(0, 60))
    inner = image[edge : SIZE - edge, edge : SIZE - edge].copy()
    image[..., :3] = 0.93
    image[edge : SIZE - edge, edge : SIZE - edge] = inner
    return image


def _view(rng: np.random.Generator) -> Image:
    """What a window shows: a bright sky, trees or houses. The pane's bars are geometry."""
    image = flat(1.0, 0.25)
    y = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None, None]
    image[..., :3] = np.array((0.80, 0.90, 1.0)) * (1 - 0.2 * y) + 0.12 * np.clip(noise(rng, 4, 5), 0, 2)[..., None]
    rows = np.linspace(0, 1, SIZE)[:, None]
    for layer in range(3):
        line = 0.45 + 0.15 * layer + 0.06 * noise(rng, 8, 5)[:1, :]
        colour = np.array((0.42, 0.52, 0.30)) * (1 - 0.2 * layer) * (1 + 0.2 * noise(rng, 64, 3))[..., None]
        image[..., :3] = np.where((rows > line)[..., None], colour, image[..., :3])
    for _ in range(int(rng.integers(0, 4))):
        x, top = int(rng.integers(0, 420)), int(rng.integers(120, 330))
        width = int(rng.integers(60, 180))
        wall = rng.uniform(0.5, 0.9) * np.array((1.0, 0.95, 0.88))
        image[top:, x : x + width, :3] = wall
        image[top + 16 : SIZE : 44, x : x + width, :3] = wall * 0.6
    return image


def _blinds() -> Image:
    """Slats."""
    y = np.arange(SIZE) % 32 / 32.0
    return grey(np.repeat((0.62 + 0.36 * y).astype(np.float32)[:, None], SIZE, 1), 0.2)


def _writing(rng: np.random.Generator) -> Image:
    """A whiteboard or a sheet with lines on it."""
    colours = np.ascontiguousarray(flat(0.96, 0.4)[..., :3])
    for row in range(int(rng.integers(2, 8))):
        colour = ((0.1, 0.1, 0.12), (0.1, 0.2, 0.6), (0.7, 0.1, 0.1))[int(rng.integers(3))]
        x, y, end = int(rng.integers(20, 120)), 50 + 56 * row, int(rng.integers(220, 500))
        while x < end:
            step = int(rng.integers(8, 30))
            cv2.line(colours, (x, y + int(rng.normal(0, 8))), (x + step, y + int(rng.normal(0, 8))), colour, 4)
            x += step + int(rng.integers(2, 14))
    return np.dstack([colours, np.full((SIZE, SIZE), 0.4, np.float32)])


def _screen(rng: np.random.Generator) -> Image:
    """Off, or windows on a desktop."""
    image = flat(0.03, 1.0)
    if rng.random() < 0.5:
        image[..., :3] = rng.uniform(0.1, 0.6, 3)
        for _ in range(3):
            x, y = (int(v) for v in rng.integers(10, 260, 2))
            width, height = (int(v) for v in rng.integers(120, 240, 2))
            image[y : y + height, x : x + width, :3] = rng.uniform(0.7, 1.0)
            image[y : y + 16, x : x + width, :3] = rng.uniform(0.1, 0.6, 3)
            image[y + 30 : y + height - 10 : 18, x + 12 : x + width - 20, :3] = 0.35
    return image


def _rug(rng: np.random.Generator) -> Image:
    """Borders one in another and a field with a motif."""
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j].astype(np.float32)
    inside = 1.0 - np.maximum(np.abs(x), np.abs(y))
    palette = rng.uniform(0.15, 0.95, (4, 3))
    count = int(rng.integers(3, 9))
    motif = (np.sin(np.pi * count * x) * np.sin(np.pi * count * y) > rng.uniform(-0.2, 0.6)).astype(int)
    index = np.where(inside < 0.08, 0, np.where(inside < 0.22, 1, 2 + motif))
    image = flat(1.0, 0.0)
    image[..., :3] = palette[index] * (1.0 + 0.05 * noise(rng, 256, 2))[..., None]
    return image
