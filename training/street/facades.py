"""Textures of house fronts: walls with windows, ground floors with shops."""

from __future__ import annotations

import cv2
import numpy as np

from training.rendering.patterns import SIZE, Image, bricks, grey, noise


def facade(rng: np.random.Generator, kind: int) -> Image:
    """Four bays by four storeys of wall with windows; alpha is the glass."""
    wall = rng.uniform(0.78, 0.98)
    if kind % 3 == 1:
        image = bricks(rng, 96, 32, (wall, wall * 0.92, wall * 0.88), (0.9, 0.88, 0.84), 1, 0.07)
    elif kind % 3 == 2:
        image = bricks(rng, 8, 4, (wall, wall, wall), (0.62, 0.62, 0.60), 2, 0.02, staggered=False)
    else:
        image = grey(wall + 0.025 * noise(rng, 4, 5) + 0.012 * noise(rng, 128, 2))
    image[..., 3] = 0.0
    streaks = np.clip(cv2.resize(rng.normal(0, 1, (6, 96)).astype(np.float32), (SIZE, SIZE)), 0, 2)
    image[..., :3] *= (1.0 - 0.05 * streaks)[..., None]
    cell = SIZE // 4
    width = rng.uniform(0.34, 0.86) if kind != 2 else 0.94
    height = rng.uniform(0.48, 0.68)
    frame = rng.choice([0.95, 0.9, 0.35, 0.2])
    sashes = int(rng.integers(1, 4))
    sill = rng.random() < 0.7
    lintel = rng.random() < 0.5
    shutters = width < 0.55 and rng.random() < 0.5
    shutter_colour = rng.uniform(0.2, 0.8, 3)
    w, h = int(cell * width), int(cell * height)
    for row in range(4):
        y0 = row * cell + int(cell * 0.16)
        for column in range(4):
            x0 = column * cell + (cell - w) // 2
            if lintel:
                image[y0 - 9 : y0, x0 - 6 : x0 + w + 6, :3] *= 0.86
            if sill:
                image[y0 + h : y0 + h + 5, x0 - 5 : x0 + w + 5, :3] = 0.92
                image[y0 + h + 5 : y0 + h + 10, x0 - 4 : x0 + w + 4, :3] *= 0.72
            if shutters:
                half = w // 3
                for left in (x0 - half - 2, x0 + w + 2):
                    image[y0 : y0 + h, left : left + half, :3] = shutter_colour
                    image[y0 : y0 + h : 5, left : left + half, :3] *= 0.8
            _window(rng, image[y0 : y0 + h, x0 : x0 + w], frame, sashes)
    if rng.random() < 0.6:
        image[cell - 8 :: cell, :, :3] *= 0.88
        image[cell - 7 :: cell, :, :3] *= 0.9
    return image


def _window(rng: np.random.Generator, window: Image, frame: float, sashes: int) -> None:
    """Draws one window into its rectangle of a facade."""
    h, w = window.shape[:2]
    window[..., :3] = frame
    glass = window[4 : h - 4, 4 : w - 4]
    tone = rng.uniform(0.06, 0.22)
    fall = np.linspace(1.3, 0.7, glass.shape[0], dtype=np.float32)[:, None, None]
    glass[..., :3] = tone * fall * np.array([0.9, 1.0, 1.12], np.float32)
    glass[..., 3] = 1.0
    if rng.random() < 0.45:
        drop = int(glass.shape[0] * rng.uniform(0.15, 0.9))
        glass[:drop, :, :3] = rng.uniform(0.45, 0.85) * np.array([1.0, 0.98, 0.92], np.float32)
        glass[:drop, :, 3] = 0.25
    if rng.random() < 0.3:
        side = glass.shape[1] // 4
        glass[:, :side, :3] = glass[:, -side:, :3] = rng.uniform(0.5, 0.85)
    for index in range(1, sashes):
        x = w * index // sashes
        window[:, x - 2 : x + 2, :3] = frame
        window[:, x - 2 : x + 2, 3] = 0.0
    if sashes < 3:
        window[h // 3 - 2 : h // 3 + 1, :, :3] = frame


def shop(rng: np.random.Generator) -> Image:
    """A ground floor, two bays wide: shop windows, doors, a sign board."""
    image = grey(rng.uniform(0.45, 0.9) + 0.02 * noise(rng, 16))
    image[..., 3] = 0.0
    for bay in range(2):
        x = bay * SIZE // 2
        board = rng.uniform(0.1, 0.9, 3)
        image[60:130, x + 14 : x + 242, :3] = board
        letters = 0.95 if board.mean() < 0.5 else 0.1
        cursor = x + 40
        while cursor < x + 210:
            step = int(rng.integers(8, 22))
            image[80:112, cursor : cursor + step - 5, :3] = letters
            cursor += step
        awning = rng.random() < 0.4
        _window(rng, image[140:460, x + 20 : x + 160], 0.25, 2)
        _window(rng, image[140:505, x + 176 : x + 236], rng.choice([0.3, 0.7]), 1)
        if awning:
            stripes = (np.arange(228) // 19 % 2).astype(np.float32)[None, :, None]
            image[132:185, x + 14 : x + 242, :3] = stripes * 0.9 + (1 - stripes) * rng.uniform(0.1, 0.7, 3)
            image[132:185, x + 14 : x + 242, 3] = 0.0
    image[505:, :, :3] *= 0.7
    return image
