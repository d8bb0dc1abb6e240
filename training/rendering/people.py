"""People, indoors and outdoors.

Convention:
    Stands on z = 0 over the origin, faces +x.
"""

from __future__ import annotations

import numpy as np

from training.rendering.mesh import Material, Mesh, ellipsoid, join, quad, tube


def make_figure(rng: np.random.Generator, cloth: Material, shadow: Material) -> Mesh:
    """Someone who stands or walks.

    Args:
        cloth: what skin, hair and clothes are tints of.
        shadow: a decal for the ground below.
    """
    trousers = cloth.tinted(rng.uniform(0.1, 0.5, 3))
    coat = cloth.tinted(rng.uniform(0.1, 0.8) + rng.normal(0, 0.1, 3))
    skin = cloth.tinted(np.array((0.85, 0.66, 0.54)) * rng.uniform(0.45, 1.05))
    hair = cloth.tinted(np.array((0.4, 0.3, 0.2)) * rng.uniform(0.2, 1.5))
    stride = rng.uniform(0.0, 0.28)
    parts = [
        tube((stride, -0.10, 0), (0, -0.09, 0.88), (0.07, 0.10), trousers, 7),
        tube((-stride, 0.10, 0), (0, 0.09, 0.88), (0.07, 0.10), trousers, 7),
        tube((0, 0, 0.84), (0.02, 0, 1.46), (0.17, 0.20), coat, 8),
        ellipsoid((0.02, 0, 1.44), (0.15, 0.22, 0.10), coat, 4, 8),
        tube((0, -0.24, 1.42), (-stride, -0.26, 0.85), (0.06, 0.05), coat, 6),
        tube((0, 0.24, 1.42), (stride, 0.26, 0.85), (0.06, 0.05), coat, 6),
        ellipsoid((0.03, 0, 1.64), (0.10, 0.08, 0.125), skin, 5, 8),
        ellipsoid((0.0, 0, 1.68), (0.10, 0.088, 0.105), hair, 5, 8),
        quad([[-0.4, -0.35, 0.02], [0.4, -0.35, 0.02], [0.4, 0.35, 0.02], [-0.4, 0.35, 0.02]], shadow),
    ]
    return join(parts).placed(np.eye(4), rng.uniform(0.9, 1.08))
