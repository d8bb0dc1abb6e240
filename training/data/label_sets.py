"""The sets of classes that labels are of: a class is its place in its set, `UNLABELLED` is none.

Sources: Cityscapes' train ids, Cordts et al., CVPR 2016; the 40 classes of NYU Depth v2, Gupta et al., CVPR 2013, in
their order (class 0 here is their 1, `wall`), in the colours that ScanNet (Dai et al., CVPR 2017) shows them in; and
the 4 categories of Silberman et al., ECCV 2012.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from depth_perception.model_file import SemanticClass
from training.data.snippet import UNLABELLED
from training.errors import TrainingError
from training.street import labels as street

LabelSetName = Literal["cityscapes", "nyu40", "nyu4"]


@dataclass(frozen=True)
class LabelSet:
    """Classes that are told apart together.

    Attributes:
        name: as configurations say it.
        classes: each at its id.
    """

    name: LabelSetName
    classes: tuple[SemanticClass, ...]

    def check(self, labels: npt.NDArray[np.integer], origin: object) -> npt.NDArray[np.uint8]:
        """Labels of any shape as uint8.

        Args:
            origin: of the labels, for the error.

        Raises: `TrainingError` if one is neither a class nor `UNLABELLED`.
        """
        strange = labels[((labels < 0) | (labels >= len(self.classes))) & (labels != UNLABELLED)]
        if strange.size:
            raise TrainingError(
                f"{origin}: holds the label {strange.flat[0]}, expected 0 to {len(self.classes) - 1} of {self.name}, or"
                f" {UNLABELLED} for unknown: give labels of {self.name}"
            )
        return labels.astype(np.uint8)

    def palette(self) -> npt.NDArray[np.uint8]:
        """The colour of each value that a label image can hold, RGB ``[256, 3]``; black where it is no class."""
        palette = np.zeros((256, 3), np.uint8)
        palette[: len(self.classes)] = [item.colour for item in self.classes]
        return palette


_CITYSCAPES = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation"),
    *("terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
)

_NYU40: dict[str, tuple[int, int, int]] = {
    "wall": (174, 199, 232),
    "floor": (152, 223, 138),
    "cabinet": (31, 119, 180),
    "bed": (255, 187, 120),
    "chair": (188, 189, 34),
    "sofa": (140, 86, 75),
    "table": (255, 152, 150),
    "door": (214, 39, 40),
    "window": (197, 176, 213),
    "bookshelf": (148, 103, 189),
    "picture": (196, 156, 148),
    "counter": (23, 190, 207),
    "blinds": (178, 76, 76),
    "desk": (247, 182, 210),
    "shelves": (66, 188, 102),
    "curtain": (219, 219, 141),
    "dresser": (140, 57, 197),
    "pillow": (202, 185, 52),
    "mirror": (51, 176, 203),
    "floor mat": (200, 54, 131),
    "clothes": (92, 193, 61),
    "ceiling": (78, 71, 183),
    "books": (172, 114, 82),
    "refrigerator": (255, 127, 14),
    "television": (91, 163, 138),
    "paper": (153, 98, 156),
    "towel": (140, 153, 101),
    "shower curtain": (158, 218, 229),
    "box": (100, 125, 154),
    "whiteboard": (178, 127, 135),
    "person": (120, 185, 128),
    "night stand": (146, 111, 194),
    "toilet": (44, 160, 44),
    "sink": (112, 128, 144),
    "lamp": (96, 207, 209),
    "bathtub": (227, 119, 194),
    "bag": (213, 92, 176),
    "other structure": (94, 106, 211),
    "other furniture": (82, 84, 163),
    "other prop": (100, 85, 144),
}

CITYSCAPES = LabelSet(
    "cityscapes", tuple(SemanticClass(name, street.COLOURS[number]) for number, name in enumerate(_CITYSCAPES))
)
NYU40 = LabelSet("nyu40", tuple(SemanticClass(name, colour) for name, colour in _NYU40.items()))
_NYU4: dict[str, tuple[int, int, int]] = {
    "floor": (152, 223, 138),
    "structure": (174, 199, 232),
    "furniture": (255, 152, 150),
    "props": (148, 103, 189),
}
NYU4 = LabelSet("nyu4", tuple(SemanticClass(name, colour) for name, colour in _NYU4.items()))
LABEL_SETS: dict[LabelSetName, LabelSet] = {item.name: item for item in (CITYSCAPES, NYU40, NYU4)}

_GROUPS: tuple[frozenset[str], ...] = (
    frozenset(("floor", "floor mat")),
    frozenset(("wall", "door", "window", "ceiling", "other structure")),
    frozenset(("cabinet", "bed", "chair", "sofa", "table", "bookshelf", "counter", "desk", "shelves", "dresser"))
    | frozenset(("refrigerator", "night stand", "toilet", "sink", "bathtub", "other furniture")),
    frozenset(_NYU40),
)
"""What each category takes of what those before it have left: structure cannot be moved, furniture is hard to carry."""


def _table(classes: Sequence[SemanticClass], groups: Sequence[frozenset[str]]) -> npt.NDArray[np.uint8]:
    table = np.full(256, UNLABELLED, np.uint8)
    for number, item in enumerate(classes):
        table[number] = next(place for place, group in enumerate(groups) if item.name in group)
    return table


COARSER: dict[tuple[str, str], npt.NDArray[np.uint8]] = {("nyu40", "nyu4"): _table(NYU40.classes, _GROUPS)}
"""Of a set and a coarser one: what each value that a label image can hold is there, ``[256]``."""


def labels_of(source: Any) -> LabelSetName | None:
    """What the labels are of that the settings of a source promise; None for one without labels."""
    return getattr(source, "label_set", None) if "labels" in source.truth else None


def agreed_label_set(sources: Sequence[Any], expected: LabelSetName | None) -> LabelSetName | None:
    """The one set that a training learns; None where no source has labels.

    Args:
        sources: settings of data to train on and to be judged by.
        expected: the set, which may be coarser than that of the sources (see `COARSER`), or None where they say it.

    Raises: `TrainingError` that names the source whose labels are of another set, and if none has labels of `expected`.
    """
    labelled = [source for source in sources if labels_of(source) is not None]
    if expected is not None and not labelled:
        raise TrainingError(f"data.label_set is {expected}, but no source has labels: add labels to the truth of one")
    for source in labelled:
        found = labels_of(source)
        if expected is not None and found != expected and (found, expected) not in COARSER:
            raise TrainingError(
                f"the labels of {called(source)} are of {found}, expected {expected}: leave labels out of its truth,"
                f" or train on {found} (data.label_set)"
            )
        expected = expected or found
    return expected


def called(source: Any) -> str:
    """Settings of a source, in an error: their kind, and where the data lies."""
    where = getattr(source, "path", None)
    return type(source).__name__ + (f" ({where})" if where else "")
