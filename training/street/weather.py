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


HARSH = ("noon", "low sun", "white sky", "overcast", "dusk", "night", "fog")


def harsh_light(rng: np.random.Generator) -> Light:
    """Light as real cameras meet it: hard shadows, a sun in the picture, white skies, little light at all."""
    kind = str(rng.choice(HARSH, p=[0.28, 0.2, 0.18, 0.12, 0.08, 0.06, 0.08]))
    if rng.random() < 0.2:
        return random_light(rng, (3, 2, 2, 1, 2))
    elevation = np.deg2rad({"noon": rng.uniform(40, 75), "low sun": rng.uniform(7, 20)}.get(kind, rng.uniform(20, 60)))
    azimuth = rng.uniform(0, 2 * np.pi)
    sun = (np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation))
    warm = np.array((1.0, 0.78, 0.52)) if kind in ("low sun", "dusk") else np.array((1.0, 0.95, 0.87))
    blue, grey = np.array((0.75, 0.95, 1.25)), np.array((0.97, 1.0, 1.03))
    # of the sun, the sky on surfaces, and the sky itself at the zenith and the horizon
    strengths = {
        "noon": (rng.uniform(1.8, 3.0), rng.uniform(0.15, 0.4), rng.uniform(0.2, 0.8), rng.uniform(0.7, 2.0)),
        "low sun": (rng.uniform(1.5, 2.5), rng.uniform(0.12, 0.3), rng.uniform(0.2, 0.6), rng.uniform(0.8, 2.5)),
        "white sky": (rng.uniform(0.3, 2.2), rng.uniform(0.3, 0.6), rng.uniform(1.5, 3.0), rng.uniform(2.0, 4.0)),
        "overcast": (rng.uniform(0.0, 0.1), rng.uniform(0.4, 0.9), rng.uniform(0.5, 1.5), rng.uniform(0.8, 2.0)),
        "dusk": (rng.uniform(0.0, 0.1), rng.uniform(0.08, 0.2), rng.uniform(0.08, 0.25), rng.uniform(0.3, 0.9)),
        "night": (rng.uniform(0.05, 0.25), rng.uniform(0.02, 0.08), rng.uniform(0.005, 0.03), rng.uniform(0.01, 0.08)),
        "fog": (rng.uniform(0.0, 0.2), rng.uniform(0.5, 0.9), rng.uniform(0.8, 1.2), rng.uniform(0.8, 1.2)),
    }[kind]
    hue = grey if kind in ("white sky", "overcast", "fog") else blue
    haze = rng.uniform(0.006, 0.03) if kind == "fog" else np.exp(rng.uniform(np.log(1e-4), np.log(3e-3)))
    ground = strengths[1] * rng.uniform(0.25, 0.6) + 0.08 * strengths[0] * np.sin(elevation)
    horizon = strengths[3] * (warm if kind in ("low sun", "dusk") else 0.5 * (hue + 1.0))
    return Light(
        sun=(float(sun[0]), float(sun[1]), float(sun[2])),
        sun_light=_colour(strengths[0] * warm),
        sky_light=_colour(strengths[1] * hue),
        ground_light=_colour(ground * np.array((1.0, 0.95, 0.88))),
        zenith=_colour(strengths[2] * (hue if hue is grey else hue**3)),
        horizon=_colour(horizon),
        cloud_light=_colour(strengths[3] * rng.uniform(0.8, 1.6) * grey),
        cloudiness=float({"overcast": 1.0, "fog": 0.0}.get(kind, rng.choice([0.0, rng.uniform(0.2, 0.7)]))),
        haze=float(haze),
        exposure=_colour(
            rng.uniform(0.8, 1.3) * np.ones(3) * (4.0 if kind == "night" else 2.0 if kind == "dusk" else 1.0)
        ),
    )


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return (red, green, blue)
