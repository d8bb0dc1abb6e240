"""The tables of an evaluation as rows of text, the first row the header: for the terminal and for the page alike."""

from __future__ import annotations

from depth_perception.evaluation.depth_metrics import DepthMetrics
from depth_perception.evaluation.result import Evaluation

Rows = list[tuple[str, ...]]

ALIGNMENTS = {
    "origin": "first pose, metres as they came",
    "scale": "first pose and one scale",
    "se3": "rotation and translation (SE3)",
    "sim3": "rotation, translation and scale (Sim3)",
}


def depth_rows(evaluation: Evaluation) -> Rows:
    """Empty without ground truth."""
    if evaluation.depth is None:
        return []
    rows: Rows = [("depth", "AbsRel", "SqRel", "RMSE", "RMSE log", "d<1.25", "d<1.25²", "d<1.25³", "scale", "images")]
    depth = evaluation.depth
    rows.append(("median-scaled", *_errors(depth.median_scaled), str(depth.images)))
    if depth.metric is not None:
        rows.append(("metric, as it came", *_errors(depth.metric), str(depth.images)))
    for parts in depth.parts.values():
        rows += [(f"median-scaled, {name}", *_errors(part.errors), str(part.images)) for name, part in parts.items()]
    guesses = depth.baselines.items()
    rows += [(f"instead: the truth's {name}", *_errors(errors), str(depth.images)) for name, errors in guesses]
    return rows


def worst_rows(evaluation: Evaluation) -> Rows:
    """The frames with the largest errors; empty without ground truth."""
    if not evaluation.worst:
        return []
    by_stamp = {frame.stamp: frame for frame in evaluation.frames}
    start = evaluation.frames[0].stamp
    rows: Rows = [("worst frames", "at", "AbsRel, median-scaled", "scale", "obstacles up to 10 m are put at")]
    for place, sample in enumerate(evaluation.worst, 1):
        frame = by_stamp[sample.stamp]
        assert frame.median_scaled is not None
        obstacles = "" if frame.obstacles is None else f"{frame.obstacles:.2f} times their distance"
        errors = frame.median_scaled
        seconds = f"{(frame.stamp - start) * 1e-9:.1f} s"
        rows.append((str(place), seconds, f"{errors.abs_rel:.3f}", f"{errors.scale:.3f}", obstacles))
    return rows


def road_rows(evaluation: Evaluation) -> Rows:
    """Empty if no road was seen."""
    road = evaluation.road
    if road is None:
        return []
    unit = "m" if evaluation.depth_is_metric else "units"
    true_height = "unknown" if road.true_height is None else f"{road.true_height:.2f} m"
    return [
        ("road in front", "residual", "95 % of images", "camera height", "true height"),
        (
            f"plane, {road.images} images",
            f"{road.residual_median:.1%}",
            f"{road.residual_p95:.1%}",
            f"{road.height_median:.2f} {unit}",
            true_height,
        ),
    ]


def trajectory_rows(evaluation: Evaluation) -> Rows:
    """Empty without ground truth."""
    if evaluation.trajectory is None or not evaluation.trajectory.metrics:
        return []
    rows: Rows = [
        (
            "trajectory, aligned by",
            "ATE RMSE",
            "of the path",
            "at the end",
            "RPE",
            "RPE rot.",
            "t_err",
            "r_err",
            "scale",
        )
    ]
    named = [(ALIGNMENTS[item.alignment], item) for item in evaluation.trajectory.metrics]
    if evaluation.trajectory.straight is not None:
        named.append(("instead: a straight line at the mean speed", evaluation.trajectory.straight))
    for name, item in named:
        rows.append(
            (
                name,
                f"{item.ate_rmse:.2f} m",
                f"{item.ate_percent:.2f} %",
                f"{item.end_error_percent:.2f} %",
                f"{item.rpe_translation:.3f} m",
                f"{item.rpe_rotation:.3f}°",
                "path < 100 m" if item.t_err is None else f"{item.t_err:.2f} %",
                "" if item.r_err is None else f"{item.r_err:.2f}°/100 m",
                f"{item.scale:.3f}",
            )
        )
    return rows


def timing_rows(evaluation: Evaluation) -> Rows:
    """Empty if nothing was timed."""
    if not evaluation.timings:
        return []
    rows: Rows = [("time", "p50", "p95", "p99", "longest", "of")]
    for item in evaluation.timings:
        values = (item.seconds.p50, item.seconds.p95, item.seconds.p99, item.seconds.largest)
        rows.append((item.name, *(f"{1e3 * value:.1f} ms" for value in values), item.meaning))
    return rows


def topic_rows(evaluation: Evaluation) -> Rows:
    """Empty without ROS."""
    if not evaluation.topics:
        return []
    rows: Rows = [("topic", "messages", "of images", "rate")]
    for item in evaluation.topics:
        expected = "" if not item.expected else f"{item.messages / item.expected:.0%}"
        rows.append((item.name, str(item.messages), expected, "" if item.rate is None else f"{item.rate:.1f} Hz"))
    return rows


def node_rows(evaluation: Evaluation) -> Rows:
    """Empty without ROS."""
    if not evaluation.nodes:
        return []
    rows: Rows = [("node", "received", "processed", "dropped", "failed", "receipt to publish p50", "p95", "p99")]
    for item in evaluation.nodes:
        counts = (item.received, item.processed, item.dropped, item.failed)
        latencies = ("" if value != value else f"{1e3 * value:.1f} ms" for value in (item.p50, item.p95, item.p99))
        rows.append((item.name, *map(str, counts), *latencies))
    return rows


def model_rows(evaluation: Evaluation) -> Rows:
    """What ran."""
    rows: Rows = [("model", "name", "method", "engine", "precision", "device")]
    rows += [
        (model.role, model.name, model.method, model.backend, model.precision, model.device)
        for model in evaluation.models
    ]
    return rows


def tables(evaluation: Evaluation) -> list[Rows]:
    """All that have something to say."""
    makers = (depth_rows, worst_rows, road_rows, trajectory_rows, timing_rows, topic_rows, node_rows, model_rows)
    return [rows for rows in (maker(evaluation) for maker in makers) if rows]


def _errors(item: DepthMetrics) -> tuple[str, ...]:
    return (
        f"{item.abs_rel:.3f}",
        f"{item.sq_rel:.3f} m",
        f"{item.rmse:.2f} m",
        f"{item.rmse_log:.3f}",
        f"{item.a1:.1%}",
        f"{item.a2:.1%}",
        f"{item.a3:.1%}",
        f"{item.scale:.3f}",
    )
