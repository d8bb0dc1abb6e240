"""Errors in each metre of true depth: near and far things are not missed by as much, nor are there as many of them.

Source: Takamine and Endo, Table I (right half) and Figs. 8 and 9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.frame import Depth, Frame
from depth_perception.evaluation.protocol import DepthProtocol
from depth_perception.evaluation.rows import Rows
from depth_perception.evaluation.table import table
from depth_perception.files import write_atomically
from training.evaluation.figures import Report
from training.evaluation.section_plots import section_plots
from training.evaluation.tables import short_names, write_json

OUTLIER = 1.25**3
"""Depth that is wrong by more than this factor is an outlier: the last of the usual thresholds. The paper does not say
what one is."""


class Sections:
    """Gathers errors by section, one metre each, of the frames it is handed (see `training.evaluation.depth.Draw`).

    All pixels of all frames count alike, those without a prediction not at all. Predictions are scaled and clamped as
    the protocol says. Truth beyond its maximum is in the last section.
    """

    def __init__(self, protocol: DepthProtocol) -> None:
        self._protocol = protocol
        self._tallies: dict[str, _Tally] = {}

    def __call__(self, number: int, frame: Frame, depth: Mapping[str, Depth], scales: Mapping[str, float]) -> None:
        protocol = self._protocol
        mask = protocol.mask(frame.truth)
        truth = frame.truth[mask].astype(np.float64)
        for name, prediction in depth.items():
            predicted = np.clip(prediction[mask] * scales[name], protocol.minimum, protocol.maximum)
            there = predicted > 0
            tally = self._tallies.setdefault(name, _Tally(math.ceil(protocol.maximum)))
            tally.add(truth[there], predicted[there])

    def reports(self) -> list[Report]:
        """One for each network, in their order: the ``mae`` of all pixels, metres; the mean ``sc_inv`` of the frames
        (Eigen et al., NIPS 2014, lambda = 1); and of each section that has pixels its bounds in metres, its share of
        all pixels, its ``mae`` and its share of ``outliers``."""
        words = self._protocol.words
        return [{"model": name, "protocol": words} | tally.report() for name, tally in self._tallies.items()]

    def write(self, folder: Path) -> None:
        """Writes ``sections.json``, and the figures as ``mae.png``, ``frequency.png`` and ``outliers.png``.

        Raises: `OutputError` if they cannot be written.
        """
        reports = self.reports()
        write_json({"sections": reports}, folder / "sections.json")
        for name, picture in section_plots(reports, short_names(list(self._tallies))).items():
            write_atomically(folder / f"{name}.png", picture)

    def table(self) -> str:
        """One line a section, one column a network."""
        reports = self.reports()
        names = short_names(list(self._tallies))
        found = [{item["from"]: item for item in report["sections"]} for report in reports]
        rows: Rows = [("true depth", "of all pixels", *(f"MAE m, {name}" for name in names), *_outlier_heads(names))]
        for start in sorted(set[int]().union(*found)):
            items = [sections.get(start) for sections in found]
            share = next(f"{100 * item['frequency']:.1f} %" for item in items if item)
            errors = ("-" if item is None else f"{item['mae']:.3f}" for item in items)
            outliers = ("-" if item is None else f"{100 * item['outliers']:.1f} %" for item in items)
            rows.append((f"{start} to {start + 1} m", share, *errors, *outliers))
        rows.append(("all", "", *(f"{report['mae']:.3f}" for report in reports), *("" for _ in names)))
        rows.append(("sc-inv", "", *(f"{report['sc_inv']:.4f}" for report in reports), *("" for _ in names)))
        return table(rows)


class _Tally:
    """Of one network."""

    def __init__(self, sections: int) -> None:
        self._pixels: npt.NDArray[np.float64] = np.zeros(sections)
        self._errors: npt.NDArray[np.float64] = np.zeros(sections)
        self._outliers: npt.NDArray[np.float64] = np.zeros(sections)
        self._sc_inv: list[float] = []

    def add(self, truth: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64]) -> None:
        """Pixels of a frame, metres."""
        if not len(truth):
            return
        sections = len(self._pixels)
        where = np.minimum(truth.astype(int), sections - 1)
        ratio = np.maximum(truth / predicted, predicted / truth)
        self._pixels += np.bincount(where, minlength=sections)
        self._errors += np.bincount(where, np.abs(truth - predicted), sections)
        self._outliers += np.bincount(where, ratio > OUTLIER, sections)
        self._sc_inv.append(float(np.var(np.log(predicted) - np.log(truth))))

    def report(self) -> Report:
        """Without the name."""
        total = self._pixels.sum()
        return {
            "mae": float(self._errors.sum() / total),
            "sc_inv": float(np.mean(self._sc_inv)),
            "sections": [
                {
                    "from": start,
                    "to": start + 1,
                    "frequency": float(pixels / total),
                    "mae": float(self._errors[start] / pixels),
                    "outliers": float(self._outliers[start] / pixels),
                }
                for start, pixels in enumerate(self._pixels)
                if pixels
            ],
        }


def _outlier_heads(names: list[str]) -> list[str]:
    return [f"outliers, {name}" for name in names]
