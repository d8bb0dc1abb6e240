"""What textures are drawn from: noise, plain tones, courses of bricks. All tile."""

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
