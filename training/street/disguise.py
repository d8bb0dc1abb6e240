"""A world in other clothes: surfaces that carry any pattern and any colour, so that what they look like tells nothing.

Patterns are noise, stripes, spots and courses of random colours, and patches of real pictures where some are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Mesh
from training.rendering.patterns import SIZE, Values, bricks, noise
from training.rendering.textures import Textures
from training.street import labels
from training.street.textures import FACADES, LEAVES, SHOPS, Layer

DISGUISED = (
    Layer.ASPHALT, Layer.CONCRETE, Layer.PAVING, Layer.GRASS, Layer.DRY_GRASS, Layer.BRICK, Layer.PLASTER, Layer.ROOF,
    Layer.BARK, Layer.HEDGE, Layer.FOREST, Layer.BILLBOARD, *FACADES, *SHOPS,
)  # fmt: skip
"""What may carry another pattern: not what is seen through or mirrors by its own pattern."""
TINTED = (Layer.TUFT, *LEAVES)
"""What keeps its shape and gets other colours."""

Image = npt.NDArray[np.uint8]
Colour = npt.NDArray[np.float64]


def disguised(rng: np.random.Generator, textures: Textures, share: float, patches: Sequence[Image] = ()) -> Textures:
    """Textures of which a share carries other patterns; alpha stays, that is, what mirrors.

    Args:
        patches: RGB ``[h, w, 3]`` of real surfaces.
    """
    layers = textures.layers.copy()
    fields = [noise(rng, int(cells), octaves) for cells, octaves in ((2, 8), (4, 5), (16, 5), (64, 3))]
    for layer in DISGUISED:
        if rng.random() < share:
            layers[layer, ..., :3] = _pattern(rng, fields, patches)
    for layer in TINTED:
        if rng.random() < share:
            tint = np.exp(rng.normal(0.0, 0.4, 3))
            layers[layer, ..., :3] = np.clip(layers[layer, ..., :3] * tint, 0, 255).astype(np.uint8)
    return replace(textures, layers=layers)


def recoloured(rng: np.random.Generator, mesh: Mesh, strength: float) -> Mesh:
    """A mesh in which everything of one class and texture gets the same other tint; what is painted stays.

    Args:
        strength: standard deviation of the logarithm of a tint.
    """
    groups = mesh.materials[:, 0].astype(np.int64) * 256 + mesh.materials[:, 1]
    tints = np.exp(rng.normal(0.0, strength, (256 * 256, 3)))
    solid = (mesh.materials[:, 0] < Layer.SHADOW)[:, None]
    colours = mesh.colours.copy()
    colours[:, :3] = np.where(solid, np.clip(mesh.colours[:, :3] * tints[groups], 0.0, 1.0), mesh.colours[:, :3])
    return replace(mesh, colours=colours)


def wetted(rng: np.random.Generator, mesh: Mesh, textures: Textures) -> tuple[Mesh, Textures]:
    """Roads and pavements that mirror the sky, in puddles or all over."""
    wet = np.isin(mesh.materials[:, 1], (labels.ROAD, labels.SIDEWALK)) & (mesh.materials[:, 0] < Layer.LEAVES_0)
    colours = mesh.colours.copy()
    colours[wet, 3] = rng.uniform(0.3, 0.95)
    colours[wet, :3] *= rng.uniform(0.55, 0.9)  # what is wet is darker
    layers = textures.layers.copy()
    puddles = np.clip(noise(rng, 4, 5) * rng.uniform(0.5, 1.5) + rng.uniform(-0.3, 1.0), 0.05, 1.0)
    for layer in (Layer.ASPHALT, Layer.CONCRETE, Layer.PAVING):
        layers[layer, ..., 3] = np.rint(255.0 * puddles)
    return replace(mesh, colours=colours), replace(textures, layers=layers)


def _pattern(rng: np.random.Generator, fields: Sequence[Values], patches: Sequence[Image]) -> Image:
    """One of any kind, RGB ``[SIZE, SIZE, 3]``."""
    kind = rng.random()
    if patches and kind < 0.45:
        return _tile(rng, patches[int(rng.integers(len(patches)))])
    first, second = _field(rng, fields), _field(rng, fields)
    a, b, c = _colours(rng)
    kind = rng.random()
    if kind < 0.45:  # colours that run into each other
        blend = _share(0.5 + rng.uniform(0.1, 0.5) * first)
    elif kind < 0.6:  # stripes
        y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
        across, along = (int(n) for n in rng.integers(-12, 13, 2))
        waves = np.sin(2 * np.pi * (across * x + along * y) + rng.uniform(0.0, 1.5) * first)
        blend = _share(0.5 + waves * rng.choice([0.5, 4.0]))
    elif kind < 0.8:  # spots
        blend = _share(0.5 + 6.0 * (first - rng.uniform(-0.5, 1.2)))
    else:
        rows, columns = (int(2 ** rng.integers(1, 6)) for _ in range(2))
        image = bricks(rng, rows, columns, tuple(a), tuple(b), int(rng.integers(1, 5)), rng.uniform(0.0, 0.2))
        return np.asarray(np.clip(255.0 * image[..., :3], 0, 255), np.uint8)
    image = (a * blend + b * (1.0 - blend)) * (1.0 + rng.uniform(0.0, 0.25) * second[..., None])
    if rng.random() < 0.4:
        spots = _share(8.0 * (second - rng.uniform(0.8, 2.0)))
        image = image * (1.0 - spots) + c * spots
    return np.asarray(np.clip(255.0 * image, 0, 255), np.uint8)


def _field(rng: np.random.Generator, fields: Sequence[Values]) -> Values:
    """One of some fields of noise, shifted and turned."""
    field = np.roll(fields[int(rng.integers(len(fields)))], rng.integers(0, SIZE, 2).tolist(), (0, 1))
    return np.ascontiguousarray(field.T if rng.random() < 0.5 else field)


def _share(values: npt.NDArray) -> npt.NDArray:
    return np.clip(values, 0.0, 1.0)[..., None]


def _colours(rng: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    """Three that go together or do not."""
    base = rng.uniform(0.1, 1.0) * (1.0 + rng.normal(0.0, rng.choice([0.03, 0.1, 0.4]), 3))
    spread = rng.choice([0.1, 0.3, 0.6])
    a, b, c = (
        np.clip(base * np.exp(rng.normal(0.0, spread)) * (1.0 + rng.normal(0.0, 0.3 * spread, 3)), 0, 1)
        for _ in range(3)
    )
    return a, b, c


def _tile(rng: np.random.Generator, patch: Image) -> Image:
    """A patch and its mirror images, which fit together, in one of some sizes, brighter or darker."""
    half = SIZE // int(rng.choice([2, 4]))
    small = cv2.resize(patch, (half, half), interpolation=cv2.INTER_AREA)
    tile = np.vstack([np.hstack([small, small[:, ::-1]]), np.hstack([small[::-1], small[::-1, ::-1]])])
    tile = np.tile(tile, (SIZE // len(tile), SIZE // len(tile), 1)).astype(np.float32)
    return np.asarray(np.clip(tile * rng.uniform(0.7, 1.0) * 235.0 / max(float(tile.max()), 60.0), 0, 255), np.uint8)
