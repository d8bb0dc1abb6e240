"""The plots of a report, as PNG bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.result import Evaluation, TrajectoryResult
from depth_perception.evaluation.trajectory_metrics import align

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRUTH, ESTIMATE, SECOND, GREY = "#1f2937", "#e4572e", "#2e86ab", "#9aa3af"
_STYLES = {
    "origin": ("estimate, metres as they came", SECOND, "--"),
    "scale": ("estimate, scale aligned", ESTIMATE, "-"),
}


def trajectory_plot(trajectory: TrajectoryResult) -> bytes:
    """Seen from above: the true path and the estimated one, aligned by its first pose, in metres and with one scale."""
    lines: list[tuple[str, str, str, npt.NDArray[np.float64]]] = []
    if trajectory.truth is None:
        lines.append(("estimate", ESTIMATE, "-", trajectory.estimate))
    else:
        truth = np.linalg.inv(trajectory.truth[0]) @ trajectory.truth
        lines.append(("ground truth", TRUTH, "-", truth))
        for item in trajectory.metrics:
            if item.alignment in _STYLES:
                aligned = align(truth, trajectory.estimate, item.alignment).apply(trajectory.estimate)
                lines.append((*_STYLES[item.alignment], aligned))
    positions = np.concatenate([poses[:, :2, 3] for *_, poses in lines])
    extent = np.maximum(np.ptp(positions, axis=0), 1.0)
    figure = new_figure(8.0, float(np.clip(7.0 * extent[1] / extent[0], 1.8, 6.0)) + 0.6)
    axes = figure.subplots()
    for name, colour, style, poses in lines:
        axes.plot(poses[:, 0, 3], poses[:, 1, 3], style, color=colour, linewidth=1.8, label=name)
    axes.plot(0, 0, "o", color=TRUTH, markersize=6)
    axes.annotate("start", (0, 0), textcoords="offset points", xytext=(6, 8), color=TRUTH, fontsize=9)
    unit = "m" if trajectory.metric or trajectory.truth is not None else "model's unit"
    axes.set_xlabel(f"forward at the start ({unit})")
    axes.set_ylabel(f"left ({unit})")
    axes.set_aspect("equal", adjustable="datalim")
    axes.legend(frameon=False, loc="best", fontsize=9)
    return png_bytes(figure)


def depth_plot(evaluation: Evaluation) -> bytes | None:
    """Error and scale over time where there is truth, else the flatness of the road; None if there is neither."""
    if not evaluation.frames:
        return None
    start = evaluation.frames[0].stamp
    judged = [frame for frame in evaluation.frames if frame.median_scaled is not None]
    if judged:
        seconds = [(frame.stamp - start) * 1e-9 for frame in judged]
        figure = new_figure(8.0, 3.6)
        top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [2, 1]})
        scaled = [frame.median_scaled.abs_rel for frame in judged if frame.median_scaled]
        top.plot(seconds, scaled, color=ESTIMATE, linewidth=1.8, label="median-scaled")
        if all(frame.metric for frame in judged):
            metric = [frame.metric.abs_rel for frame in judged if frame.metric]
            top.plot(seconds, metric, color=SECOND, linewidth=1.4, linestyle="--", label="metric, as it came")
        top.set_ylim(bottom=0)
        top.set_ylabel("AbsRel")
        top.legend(frameon=False, fontsize=9, ncol=2)
        scales = [frame.median_scaled.scale for frame in judged if frame.median_scaled]
        bottom.axhline(1.0, color=GREY, linewidth=0.8)
        bottom.plot(seconds, scales, color=TRUTH, linewidth=1.4)
        bottom.set_ylabel("scale to truth")
        low, high = min(0.9, *scales), max(1.1, *scales)
        bottom.set_ylim(low - 0.02, high + 0.02)
        bottom.set_xlabel("time (s)")
        return png_bytes(figure)
    roads = [frame for frame in evaluation.frames if frame.road_residual is not None]
    if not roads:
        return None
    figure = new_figure(8.0, 2.6)
    axes = figure.subplots()
    seconds = [(frame.stamp - start) * 1e-9 for frame in roads]
    axes.plot(seconds, [100 * (frame.road_residual or 0.0) for frame in roads], color=ESTIMATE, linewidth=1.8)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("road residual (% of depth)")
    axes.set_xlabel("time (s)")
    return png_bytes(figure)


def new_figure(width: float, height: float) -> Figure:
    """An empty one, inches wide and high, that needs no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def png_bytes(figure: Figure) -> bytes:
    """The figure, in the style that all plots share."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(GREY)
        axes.tick_params(colors="#4b5563", labelsize=9)
        axes.grid(color="#e5e7eb", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.xaxis.label.set_color("#4b5563")
        axes.yaxis.label.set_color("#4b5563")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150, format="png")
    return buffer.getvalue()
