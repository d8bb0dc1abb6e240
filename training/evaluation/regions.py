"""The parts of an image that are judged each on its own: near and far, and the classes of its labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.data.label_sets import LABEL_SETS, LabelSet, LabelSetName
from training.street import labels as street

ALL = "all"
TREE_AND_GRASS = "tree & grass"

CITYSCAPES: dict[str, tuple[int, ...]] = {
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


def _each(labels: LabelSet) -> dict[str, tuple[int, ...]]:
    return {item.name: (number,) for number, item in enumerate(labels.classes)}


CLASSES: dict[LabelSetName, dict[str, tuple[int, ...]]] = {
    name: CITYSCAPES if name == "cityscapes" else _each(labels) for name, labels in LABEL_SETS.items()
}
CLASS_NAMES = tuple(dict.fromkeys(name for classes in CLASSES.values() for name in classes))


def bands(limit: float) -> tuple[str, str]:
    """What near and far are called."""
    return f"up to {limit:g} m", f"beyond {limit:g} m"


def regions(
    truth: npt.NDArray[np.floating],
    labels: npt.NDArray[np.uint8] | None,
    limit: float,
    label_set: LabelSetName = "cityscapes",
    ranges: Sequence[float] = (),
) -> dict[str, npt.NDArray[np.bool_]]:
    """Where each region is, of the truth's shape: the two bands by *true* depth, and the classes if there are labels.

    Args:
        truth: metres, finite.
        labels: of the truth's shape.
        limit: metres; where near ends.
        label_set: what the labels are of.
        ranges: metres; all that is as near as each of them is a region too.
    """
    near, far = bands(limit)
    found: dict[str, npt.NDArray[np.bool_]] = {near: truth <= limit, far: truth > limit}
    found |= {bands(end)[0]: truth <= end for end in ranges}
    if labels is not None:
        found |= {name: np.isin(labels, ids) for name, ids in CLASSES[label_set].items()}
    return {name: where for name, where in found.items() if where.any()}
