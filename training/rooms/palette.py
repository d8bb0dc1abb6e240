"""Colours people furnish with: mostly muted, now and then a strong one."""

from __future__ import annotations

import colorsys

import numpy as np

from training.rendering.mesh import Material
from training.rooms.textures import PATTERNS, Layer

Colour = tuple[float, float, float]

WOODS: tuple[Colour, ...] = (
    (0.86, 0.72, 0.54), (0.74, 0.55, 0.36), (0.58, 0.38, 0.24), (0.42, 0.27, 0.18), (0.30, 0.20, 0.15),
    (0.92, 0.86, 0.76), (0.66, 0.58, 0.50),
)  # fmt: skip


def paint(rng: np.random.Generator, low: float = 0.15, high: float = 0.95) -> Colour:
    """Any tone; one in four is strong.

    Args:
        low, high: of the brightest channel.
    """
    saturation = rng.uniform(0.35, 0.85) if rng.random() < 0.25 else rng.uniform(0.0, 0.35)
    hue = rng.choice([rng.uniform(0.02, 0.14), rng.random()])
    return colorsys.hsv_to_rgb(float(hue), float(saturation), float(rng.uniform(low, high)))


def wall_paint(rng: np.random.Generator) -> Colour:
    """White, off-white or a pale tone; one in eight rooms is strong or dark."""
    if rng.random() < 0.12:
        return paint(rng, 0.35, 0.8)
    return colorsys.hsv_to_rgb(float(rng.uniform(0.05, 0.65)), float(rng.uniform(0.0, 0.2)), float(rng.uniform(0.8, 1)))


def timber(rng: np.random.Generator, label: int) -> Material:
    """Wood, bare or painted."""
    if rng.random() < 0.25:
        return Material(label, Layer.PLASTER, paint(rng, 0.5, 1.0), 0.12)
    colour = np.array(WOODS[int(rng.integers(len(WOODS)))]) * rng.uniform(0.9, 1.08)
    return Material(label, Layer.WOOD, gloss=float(rng.uniform(0.05, 0.3))).tinted(np.minimum(colour, 1.0))


def cloth(rng: np.random.Generator, label: int) -> Material:
    """Upholstery: plain or patterned."""
    if rng.random() < 0.2:
        return Material(label, int(rng.choice(PATTERNS)))
    return Material(label, Layer.FABRIC, paint(rng))


def metal(rng: np.random.Generator, label: int) -> Material:
    """Steel, brass or black."""
    tone = rng.choice([0.12, 0.25, 0.6, 0.75])
    warm = rng.uniform(0.75, 1.0)
    return Material(label, Layer.PLAIN, (tone, tone * (0.5 + 0.5 * warm), tone * warm), 0.35)


def plastic(rng: np.random.Generator, label: int) -> Material:
    """Anything moulded or enamelled."""
    return Material(label, Layer.PLAIN, paint(rng, 0.1, 1.0), 0.2)
