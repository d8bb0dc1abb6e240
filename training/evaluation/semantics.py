"""Classes of several networks against the true ones of the same frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import cv2
import numpy as np

from depth_perception.cli.table import table
from depth_perception.engines.engine import Engine
from depth_perception.evaluation.rows import Rows
from depth_perception.evaluation.semantic_metrics import (
    Confusion,
    confusion,
    intersection_over_union,
    semantic_scores,
)
from depth_perception.model_file import Score
from training.data.label_sets import CITYSCAPES, LABEL_SETS, LabelSet
from training.evaluation.depth import Report, rounded
from training.evaluation.frame import Frame
from training.evaluation.predictors import squeezed
from training.evaluation.protocol import VIEWS, DepthProtocol
from training.evaluation.tables import short_names


def evaluate_semantics(engines: Mapping[str, Engine], frames: Iterable[Frame], protocol: DepthProtocol) -> list[Report]:
    """One report for each network that tells the labels' classes apart, in their order.

    Args:
        engines: by the name of the model; those of other classes, or of none, are left out.
        frames: taken one at a time; all of them have labels, or none.
        protocol: where they are from.
    """
    pixels: dict[str, Confusion] = {}
    labels, images = CITYSCAPES, 0
    for frame in frames:
        labels, images = LABEL_SETS[frame.label_set], images + 1
        judged = {name: engine for name, engine in engines.items() if engine.model.classes == labels.classes}
        if frame.labels is None or not judged:
            return []
        for name, engine in judged.items():
            answer = engine.run(squeezed(engine, frame.image), ("semantics",))["semantics"][0]
            size = frame.labels.shape[::-1]
            predicted = np.asarray(cv2.resize(answer, size, interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)
            found = confusion(frame.labels, predicted, len(labels.classes))
            pixels[name] = pixels.get(name, np.zeros_like(found)) + found
    words = f"{protocol.truth}, {labels.name}, {VIEWS['whole']}, classes nearest to the truth's size, all pixels pooled"
    return [_report(name, item, labels, images, words) for name, item in pixels.items() if item.any()]


def semantic_table(reports: Sequence[Report]) -> str:
    """The three figures, and the intersection over union of each class."""
    names = short_names([report["model"] for report in reports])
    rows: Rows = [("classes", *names)]
    for figure in ("miou", "pixel_accuracy", "mean_accuracy"):
        rows.append((figure, *(f"{report[figure]:.3f}" for report in reports)))
    for name in reports[0]["iou"]:
        rows.append((f"IoU {name}", *(f"{report['iou'][name]:.3f}" for report in reports)))
    return f"{reports[0]['protocol']}\n{table(rows)}"


def _report(model: str, pixels: Confusion, labels: LabelSet, images: int, words: str) -> Report:
    figures = semantic_scores(pixels)
    each = zip(labels.classes, intersection_over_union(pixels), strict=True)
    iou = {item.name: float(value) for item, value in each if not np.isnan(value)}
    scores = [asdict(Score(words, name, rounded(value))) for name, value in figures.items()]
    return {"model": model, "protocol": words, "images": images, "scores": scores, **figures, "iou": iou}
