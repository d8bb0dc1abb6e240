"""The textures of a world: one array of square RGBA layers, and what the renderer must know of them.

What alpha means depends on the kind of layer: of a plain layer how much it mirrors the sky, of a cut-out what is there
at all (leaves, railings), of a decal how much it covers what lies below (stains, contact shadows).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Textures:
    """Layers: plain ones, then cut-outs, then decals.

    Attributes:
        layers: uint8 RGBA ``[layers, size, size, 4]``, first row at texture coordinate v = 0 (the bottom).
        first_cutout, first_decal: where those kinds begin.
        clouds: the layer that is drawn across a cloudy sky.
    """

    layers: npt.NDArray[np.uint8]
    first_cutout: int
    first_decal: int
    clouds: int = 0
