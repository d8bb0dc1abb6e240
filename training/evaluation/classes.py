"""The classes that depth is judged in, each on its own."""

from __future__ import annotations

import numpy as np

from depth_perception.evaluation.breakdown import Breakdown, Parts
from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import DepthProtocol
from training.data.label_sets import LABEL_SETS, LabelSet
from training.street import labels as street

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


CLASSES: dict[str, dict[str, tuple[int, ...]]] = {
    name: CITYSCAPES if name == "cityscapes" else _each(labels) for name, labels in LABEL_SETS.items()
}


def by_class(frame: Frame, _: DepthProtocol) -> Parts:
    """Where each class of the frame's labels is; nothing without labels."""
    if frame.labels is None:
        return {}
    return {name: np.isin(frame.labels, ids) for name, ids in CLASSES[frame.label_set].items()}


CLASS = Breakdown("class", by_class)
