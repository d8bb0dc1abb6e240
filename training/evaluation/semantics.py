"""Classes of several networks against the true ones of the same frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import Engine
from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import VIEWS, DepthProtocol
from depth_perception.evaluation.rows import Rows
from depth_perception.evaluation.semantic_metrics import (
    Confusion,
    confusion,
    intersection_over_union,
    semantic_scores,
)
from depth_perception.evaluation.table import table
from training.data.label_sets import COARSER, LABEL_SETS, LabelSet
from training.evaluation.figures import Report, scored
from training.evaluation.predictors import squeezed
from training.evaluation.tables import short_names


def evaluate_semantics(engines: Mapping[str, Engine], frames: Iterable[Frame], protocol: DepthProtocol) -> list[Report]:
    """One report for each network that tells the labels' classes apart, or coarser ones, in their order.

    Args:
        engines: by the name of the model; those of other classes, or of none, are left out.
        frames: taken one at a time; all of them have labels, or none.
        protocol: where they are from.
    """
    pixels: dict[str, Confusion] = {}
    sets: dict[str, tuple[LabelSet, npt.NDArray[np.uint8]]] = {}
    images = 0
    for frame in frames:
        images += 1
        if not sets:
            sets = {name: item for name, engine in engines.items() if (item := judged_set(engine, frame.label_set))}
        if frame.labels is None or not sets:
            return []
        for name, (labels, classes) in sets.items():
            answer = engines[name].run(squeezed(engines[name], frame.image), ("semantics",))["semantics"][0]
            size = frame.labels.shape[::-1]
            predicted = np.asarray(cv2.resize(answer, size, interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)
            found = confusion(classes[frame.labels], predicted, len(labels.classes))
            pixels[name] = pixels.get(name, np.zeros_like(found)) + found
    return [_report(name, item, sets[name][0], images, protocol) for name, item in pixels.items() if item.any()]


def judged_set(engine: Engine, label_set: str) -> tuple[LabelSet, npt.NDArray[np.uint8]] | None:
    """The classes that a network tells apart, and which of them each label of a set is, ``[256]``; None for a network
    of none, or of others."""
    for labels in LABEL_SETS.values():
        if engine.model.classes == labels.classes:
            same = np.arange(256, dtype=np.uint8) if labels.name == label_set else None
            classes = COARSER.get((label_set, labels.name), same)
            return None if classes is None else (labels, classes)
    return None


def semantic_table(reports: Sequence[Report]) -> str:
    """The three figures, and the intersection over union of each class."""
    names = short_names([report["model"] for report in reports])
    rows: Rows = [("classes", *names)]
    for figure in ("miou", "pixel_accuracy", "mean_accuracy"):
        rows.append((figure, *(f"{report[figure]:.3f}" for report in reports)))
    for name in dict.fromkeys(name for report in reports for name in report["iou"]):
        found = (report["iou"].get(name) for report in reports)
        rows.append((f"IoU {name}", *("-" if iou is None else f"{iou:.3f}" for iou in found)))
    return f"{reports[0]['protocol']}\n{table(rows)}"


def _report(model: str, pixels: Confusion, labels: LabelSet, images: int, protocol: DepthProtocol) -> Report:
    words = f"{protocol.truth}, {labels.name}, {VIEWS['whole']}, classes nearest to the truth's size, all pixels pooled"
    figures = semantic_scores(pixels)
    each = zip(labels.classes, intersection_over_union(pixels), strict=True)
    iou = {item.name: float(value) for item, value in each if not np.isnan(value)}
    scores = [asdict(score) for score in scored(words, figures)]
    return {"model": model, "protocol": words, "images": images, "scores": scores, **figures, "iou": iou}
