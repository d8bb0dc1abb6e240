"""What textures are drawn from: noise, plain tones, courses of bricks, which all tile, leaves, soft shadows."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

SIZE = 512
"""Edge of a texture, texels."""

Image: TypeAlias = npt.NDArray[np.float32]
"""RGBA ``[SIZE, SIZE, 4]``, 0 to 1."""

Values: TypeAlias = npt.NDArray[np.float32]
"""``[SIZE, SIZE]``."""


def noise(rng: np.random.Generator, cells: int, octaves: int = 5, gain: float = 0.5) -> Values:
    """Fractal noise, mean 0, standard deviation 1.

    Args:
        cells: features across the texture in the first octave, a power of two up to `SIZE`.
        gain: weight of each octave relative to the one before.
    """
    total = np.zeros((SIZE, SIZE), np.float32)
    weight, margin = 1.0, 2
    for _ in range(octaves):
        if cells > SIZE:
            break
        values = np.pad(rng.standard_normal((cells, cells)).astype(np.float32), margin, mode="wrap")
        step = SIZE // cells
        fine = cv2.resize(values, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += weight * fine[margin * step :, margin * step :][:SIZE, :SIZE]
        weight *= gain
        cells *= 2
    total -= total.mean()
    return total / max(float(total.std()), 1e-6)


def flat(value: float, alpha: float) -> Image:
    """One tone everywhere."""
    image = np.full((SIZE, SIZE, 4), value, np.float32)
    image[..., 3] = alpha
    return image


def grey(values: Values, alpha: float = 1.0) -> Image:
    """Tones without colour."""
    image = flat(1.0, alpha)
    image[..., :3] = values[..., None]
    return image


def bricks(
    rng: np.random.Generator,
    rows: int,
    columns: int,
    colour: tuple[float, float, float],
    mortar: tuple[float, float, float],
    joint: int = 1,
    spread: float = 0.08,
    staggered: bool = True,
) -> Image:
    """Rows of bricks, tiles or slabs.

    Args:
        mortar: colour of the joints.
        joint: their width, texels.
        spread: standard deviation of the bricks' tone.
        staggered: whether every other row is shifted by half a brick.
    """
    image = flat(1.0, 1.0)
    image[..., :3] = mortar
    height, width = SIZE / rows, SIZE / columns
    tone = rng.normal(0, spread, (rows, columns))
    for row in range(rows):
        shift = width / 2 if staggered and row % 2 else 0.0
        y0, y1 = round(row * height) + joint, round((row + 1) * height)
        for column in range(-1, columns + 1):
            x0 = max(round(column * width + shift) + joint, 0)
            x1 = min(round((column + 1) * width + shift), SIZE)
            if x1 > x0:
                image[y0:y1, x0:x1, :3] = np.asarray(colour) * (1.0 + tone[row, column % columns])
    image[..., :3] *= (1.0 + 0.05 * noise(rng, 64, 3))[..., None]
    return image


def foliage_solid(rng: np.random.Generator, spread: float) -> Image:
    """Leaves seen from so far that nothing shows between them."""
    image = flat(1.0, 1.0)
    shade = 0.62 + spread * noise(rng, 32, 4, 0.7)
    image[..., :3] = shade[..., None] * np.array([0.62, 0.78, 0.36], np.float32)
    return image


def billboard(rng: np.random.Generator) -> Image:
    """An advertisement: discs and bars."""
    image = flat(1.0, 0.1)
    image[..., :3] = rng.uniform(0.2, 1.0, 3)
    colours = np.ascontiguousarray(image[..., :3])
    for _ in range(9):
        x, y = (int(v) for v in rng.integers(0, SIZE, 2))
        colour = tuple(float(v) for v in rng.uniform(0.05, 1.0, 3))
        if rng.random() < 0.5:
            cv2.circle(colours, (x, y), int(rng.integers(20, 130)), colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(colours, (x, y), (x + int(rng.integers(40, 260)), y + int(rng.integers(20, 90))), colour, -1)
    image[..., :3] = colours
    return image


def leaves(rng: np.random.Generator) -> Image:
    """A clump of leaves: alpha cuts it out."""
    colours = np.zeros((SIZE, SIZE, 3), np.float32)
    cover = np.zeros((SIZE, SIZE), np.float32)
    size = rng.uniform(16, 30)
    slim = rng.uniform(0.3, 0.6)
    for shade in np.linspace(0.35, 1.0, 5):
        for _ in range(int(34000 / size**2 * 2)):
            radius, angle = 215 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
            if rng.random() > 1.25 - radius / 215:
                continue
            centre = (int(256 + radius * np.cos(angle)), int(256 + radius * np.sin(angle)))
            tone = shade * rng.uniform(0.75, 1.15)
            colour = (0.70 * tone, (0.82 + 0.1 * rng.random()) * tone, 0.40 * tone)
            axes = (int(size), max(int(size * slim), 3))
            turn = float(rng.uniform(0, 180))
            cv2.ellipse(colours, centre, axes, turn, 0, 360, colour, -1)
            cv2.ellipse(cover, centre, axes, turn, 0, 360, 1.0, -1)
    colours[cover == 0] = colours[cover > 0].mean(axis=0)
    return np.dstack([colours, cover])


def shadow() -> Image:
    """The soft shadow below something that stands on the ground."""
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j].astype(np.float32)
    inside = np.maximum(np.abs(x), np.abs(y)) * 0.6 + 0.4 * (np.abs(x) ** 4 + np.abs(y) ** 4) ** 0.25
    image = flat(0.02, 1.0)
    image[..., 3] = np.clip((1.0 - inside) / 0.28, 0, 1) ** 1.3
    return image
