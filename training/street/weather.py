"""Random light: clear, cloudy, overcast, hazy or evening, and the temper of the camera that sees it."""

from __future__ import annotations

import numpy as np

from training.rendering.scene import Colour, Light

KINDS = ("clear", "cloudy", "overcast", "hazy", "evening")


def random_light(rng: np.random.Generator, weights: tuple[float, ...]) -> Light:
    """Light of a random kind.

    Args:
        weights: how often each of `KINDS` comes, in any unit.
    """
    kind = str(rng.choice(KINDS, p=np.asarray(weights) / np.sum(weights)))
    elevation = np.deg2rad(rng.uniform(12, 22) if kind == "evening" else rng.uniform(28, 65))
    azimuth = rng.uniform(0, 2 * np.pi)
    sun = (
        float(np.cos(elevation) * np.cos(azimuth)),
        float(np.cos(elevation) * np.sin(azimuth)),
        float(np.sin(elevation)),
    )
    cloudiness = {
        "clear": 0.0,
        "cloudy": rng.uniform(0.3, 0.65),
        "overcast": 1.0,
        "hazy": rng.uniform(0.0, 0.5),
        "evening": rng.uniform(0.0, 0.5),
    }[kind]
    haze = {"clear": rng.uniform(1.5e-4, 5e-4), "hazy": rng.uniform(1.5e-3, 4e-3)}.get(kind, rng.uniform(3e-4, 1.2e-3))
    if kind == "overcast":
        grey = rng.uniform(0.75, 1.1)
        sun_light = _colour(np.array((1.0, 0.98, 0.95)) * rng.uniform(0.0, 0.25))
        sky, zenith, horizon = (
            np.array((0.95, 1.0, 1.06)) * 0.95,
            np.array((0.62, 0.68, 0.76)) * grey,
            np.array((0.85, 0.88, 0.92)) * grey,
        )
        cloud = np.array((0.95, 0.97, 1.0)) * grey
    elif kind == "evening":
        warm = rng.uniform(0.5, 1.0)
        sun_light = _colour(np.array((1.0, 0.86 - 0.18 * warm, 0.66 - 0.3 * warm)) * rng.uniform(1.4, 2.2))
        sky, zenith = np.array((0.42, 0.46, 0.58)), np.array((0.20, 0.34, 0.62))
        horizon = np.array((1.0, 0.84 - 0.1 * warm, 0.62 - 0.12 * warm)) * 0.95
        cloud = np.array((1.1, 0.95, 0.85))
    else:
        strength = rng.uniform(1.5, 2.3) if kind != "hazy" else rng.uniform(0.7, 1.3)
        sun_light = _colour(np.array((1.0, 0.95, 0.87)) * strength)
        sky = np.array((0.44, 0.52, 0.66)) * rng.uniform(0.8, 1.25)
        depth = rng.uniform(0.5, 1.2)
        zenith = np.array((0.07, 0.21, 0.56)) * depth + 0.06 * (kind == "hazy")
        horizon = (
            np.array((0.44, 0.70, 1.02)) * rng.uniform(0.75, 1.15) if kind != "hazy" else np.array((0.82, 0.86, 0.90))
        )
        cloud = np.array((1.35, 1.36, 1.40))
    warmth = rng.normal(0, 0.03)
    exposure = rng.uniform(0.95, 1.6) * np.array([1.0 + warmth, 1.0 + rng.normal(0, 0.012), 1.0 - warmth])
    return Light(
        sun=sun,
        sun_light=sun_light,
        sky_light=_colour(sky),
        ground_light=_colour(sky * (0.5, 0.46, 0.40)),
        zenith=_colour(zenith),
        horizon=_colour(horizon),
        cloud_light=_colour(cloud),
        cloudiness=float(cloudiness),
        haze=float(haze),
        exposure=_colour(exposure),
    )


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return (red, green, blue)
