"""What images show of their camera's motion, its exposure, and which way up it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from depth_perception.doctor.finding import Finding
from depth_perception.doctor.flow import FEWEST, WIDTH, Flow
from depth_perception.doctor.footage import Footage
from depth_perception.pixel_formats import Rgb

_STILL = 0.25
"""Pixels between two images that a camera at rest moves at most, by noise and compression."""
_FAR = 80.0
_TRACKED = 0.25
"""Share of corners that must be found again."""
_STEP = 0.15
"""Share by which the mean brightness changes from one image to the next if exposure jumps."""
_DARK, _BRIGHT = (12, 0.6), (250, 0.4)
"""Grey values that are black and white, and the shares of pixels that may be."""
_MOST = 0.6
"""Share of pairs of images that must show something for it to be the camera's way."""
_BONNET = 0.9
_EXPANDS = 0.002
"""Share of its distance from the middle that a corner moves at least, of a camera that drives ahead."""
_UPRIGHT = 1.5
"""Times that the lower part of an image moves away faster than the upper one, or the other way round."""
_CLEARLY, _FEWEST_RATIOS = 0.75, 4


def static(footage: Footage) -> Iterator[Finding]:
    """Images of a camera that stands, of which nothing is learnt and odometry has nothing to do."""
    found = footage.flows
    still = sum(flow.tracked > _TRACKED and flow.distance < _STILL for flow in found)
    if found and still > _MOST * len(found):
        yield Finding(
            "warning",
            f"the camera stands in {still} of the {len(found)} places looked at",
            "record while driving; a training leaves such images out, an evaluation of odometry says little",
        )


def fast(footage: Footage) -> Iterator[Finding]:
    """Successive images that are too far apart to be matched."""
    found = footage.flows
    apart = sum(flow.tracked < _TRACKED or flow.distance > _FAR for flow in found)
    if found and apart > _MOST * len(found):
        distance, tracked = (np.median([getattr(flow, name) for flow in found]) for name in ("distance", "tracked"))
        yield Finding(
            "warning",
            f"in {apart} of the {len(found)} places looked at, successive images have moved too far to be matched"
            f" (the middle corner by {distance:.0f} px of {WIDTH}; {tracked:.0%} of them found again)",
            "use a higher frame rate, or let the camera expose shorter if it is blur",
        )


def upside_down(footage: Footage) -> Iterator[Finding]:
    """Ground that comes nearest above and a sky below: images are upside down."""
    ratios = [ratio for flow in footage.flows if (ratio := _lower_by_upper(flow)) is not None]
    darker = [_lower_is_darker(image) for image in footage.images]
    if len(ratios) < _FEWEST_RATIOS or np.mean(darker) > 1 - _CLEARLY:
        return
    if np.mean(np.array(ratios) < 1 / _UPRIGHT) > _CLEARLY:
        yield Finding(
            "error",
            f"the upper part of the images comes nearer {1 / float(np.median(ratios)):.1f} times as fast as the lower"
            " one, and is darker: they are upside down",
            "let the driver turn its images, with their calibration and frame: networks know upright images alone",
        )


def exposure(footage: Footage) -> Iterator[Finding]:
    """Brightness that jumps, and images that are mostly black or white."""
    pairs = footage.pairs
    steps = [abs(np.log((np.mean(b) + 1) / (np.mean(a) + 1))) for a, b in pairs]
    jumps = sum(step > _STEP for step in steps)
    if pairs and jumps > 0.15 * len(pairs):
        yield Finding(
            "warning",
            f"brightness jumps by more than {_STEP:.0%} between {jumps} of {len(pairs)} pairs of successive images"
            f" (by {np.exp(max(steps)) - 1:.0%} at most)",
            "let exposure change slowly (or fix it), and look for mains light at the camera's frame rate",
        )
    images = footage.images
    for what, outside, (_, most) in (
        ("black", [float(np.mean(image <= _DARK[0])) for image in images], _DARK),
        ("white", [float(np.mean(image >= _BRIGHT[0])) for image in images], _BRIGHT),
    ):
        if images and float(np.median(outside)) > most:
            yield Finding(
                "warning",
                f"{float(np.median(outside)):.0%} of the pixels are {what}: there is nothing to see in them",
                "correct the exposure; look at the lens",
            )


def repeated(footage: Footage) -> Iterator[Finding]:
    """The same image sent more than once."""
    pairs = footage.pairs
    same = sum(np.array_equal(a, b) for a, b in pairs)
    if same > 0.1 * len(pairs):
        yield Finding(
            "warning",
            f"{same} of {len(pairs)} pairs of successive images are the same to the bit: frames are repeated, or the"
            " camera is frozen",
            "let the driver publish each frame once; a player or converter may fill gaps with copies",
        )


def images(footage: Footage) -> Iterator[Finding]:
    """Images that cannot be decoded."""
    for reason in footage.undecodable:
        yield Finding("error", reason, "publish rgb8, bgr8, mono8, a Bayer encoding, or jpeg or png")


def _lower_is_darker(image: Rgb) -> bool:
    third = len(image) // 3
    return bool(np.mean(image[-third:]) < np.mean(image[:third]))


def _lower_by_upper(flow: Flow) -> float | None:
    """How much faster the lower third expands than the upper one; None of a camera that does not drive ahead."""
    width, height = flow.size
    # What does not move is the vehicle itself, and what is lowest mirrors in its bonnet.
    moving = (np.linalg.norm(flow.moves, axis=1) > _STILL) & (flow.places[:, 1] < _BONNET * height)
    places, moves = flow.places[moving], flow.moves[moving]
    if len(places) < FEWEST:
        return None
    # A turn moves all alike: the expansion about the middle is what is left without the median move.
    centred = places - (width / 2, height / 2)
    moves = moves - np.median(moves, axis=0)
    radius = np.linalg.norm(centred, axis=1)
    expansion = np.sum(moves * centred, axis=1) / np.maximum(radius, 1.0) ** 2
    lower, upper = centred[:, 1] > height / 8, centred[:, 1] < -height / 8
    if min(lower.sum(), upper.sum()) < 5:
        return None
    below, above = np.median(expansion[lower]), np.median(expansion[upper])
    if max(below, above) <= _EXPANDS or min(below, above) < -_EXPANDS:
        return None
    return float(max(below, 1e-4) / max(above, 1e-4))
