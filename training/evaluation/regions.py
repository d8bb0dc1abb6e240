"""The parts of an image that are judged each on its own: near and far, and what Cityscapes tells apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.street import labels as street

ALL = "all"
TREE_AND_GRASS = "tree & grass"

CLASSES: dict[str, tuple[int, ...]] = {
    "road": (street.ROAD,),
    TREE_AND_GRASS: (street.VEGETATION, street.TERRAIN),
    "sidewalk": (street.SIDEWALK,),
    "building": (street.BUILDING,),
    "wall": (street.WALL,),
    "fence": (street.FENCE,),
    "pole": (street.POLE,),
    "traffic light": (street.TRAFFIC_LIGHT,),
    "traffic sign": (street.TRAFFIC_SIGN,),
    "person": (street.PERSON, street.RIDER),
    "car": (street.CAR,),
    "truck": (street.TRUCK,),
    "bus": (street.BUS,),
    "train": (street.TRAIN,),
    "two-wheeler": (street.MOTORCYCLE, street.BICYCLE),
}
"""Train ids of Cityscapes by name; the first two are the rows of Dual Networks, Table 6."""


def bands(limit: float) -> tuple[str, str]:
    """What near and far are called."""
    return f"up to {limit:g} m", f"beyond {limit:g} m"


def regions(
    truth: npt.NDArray[np.floating], labels: npt.NDArray[np.uint8] | None, limit: float
) -> dict[str, npt.NDArray[np.bool_]]:
    """Where each region is, of the truth's shape: the two bands by *true* depth, and the classes if there are labels.

    Args:
        truth: metres, finite.
        labels: Cityscapes train ids, of the truth's shape.
        limit: metres; where near ends.
    """
    near, far = bands(limit)
    found: dict[str, npt.NDArray[np.bool_]] = {near: truth <= limit, far: truth > limit}
    if labels is not None:
        found |= {name: np.isin(labels, ids) for name, ids in CLASSES.items()}
    return {name: where for name, where in found.items() if where.any()}
