"""Bars of each metre of true depth, as PNG bytes: the errors, and Figs. 8 and 9 of Takamine and Endo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from depth_perception.evaluation.plots import ESTIMATE, GREY, SECOND, TRUTH, new_figure, png_bytes

COLOURS = (SECOND, ESTIMATE, TRUTH, GREY)


def section_plots(reports: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, bytes]:
    """``mae``, ``frequency`` and ``outliers``.

    Args:
        reports: of `training.evaluation.sections.Sections`.
        names: of the networks, as the legend says them.
    """
    return {
        "mae": _bars(reports, names, "mae", "mean absolute error (m)"),
        "frequency": _bars(reports[:1], [], "frequency", "share of all pixels"),  # of the truth: the same for all
        "outliers": _bars(reports, names, "outliers", "share of outliers"),
    }


def _bars(reports: Sequence[dict[str, Any]], names: Sequence[str], key: str, label: str) -> bytes:
    figure = new_figure(8.0, 3.0)
    axes = figure.subplots()
    width = 0.8 / len(reports)
    for number, report in enumerate(reports):
        places = [section["from"] + 0.1 + (number + 0.5) * width for section in report["sections"]]
        heights = [section[key] for section in report["sections"]]
        name = names[number] if names else None
        axes.bar(places, heights, width, color=COLOURS[number % len(COLOURS)], label=name)
    axes.set_xlabel("true depth (m)")
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    if names:
        axes.legend(frameon=False, fontsize=9)
    return png_bytes(figure)
