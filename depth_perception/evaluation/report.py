"""``report.json`` for machines and ``report.html``, one file with everything in it, for people."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.page import page
from depth_perception.evaluation.result import Evaluation
from depth_perception.evaluation.verdict import verdict
from depth_perception.files import write_atomically
from depth_perception.trajectory_file import tum_line
from depth_perception.version import __version__

FORMAT_VERSION = 3


def write_report(evaluation: Evaluation, folder: str | Path) -> tuple[Path, Path]:
    """Writes ``report.json`` and ``report.html`` into the folder, each complete or absent, and returns their paths.

    Beside them, ``estimate.tum`` and ``truth.tum`` hold the trajectories, not aligned, for other tools to read.
    """
    folder = Path(folder)
    json_path, html_path = folder / "report.json", folder / "report.html"
    write_atomically(json_path, (json.dumps(summary(evaluation), indent=2, allow_nan=False) + "\n").encode())
    write_atomically(html_path, page(evaluation).encode())
    trajectory = evaluation.trajectory
    for name, poses in (
        ("estimate", None if trajectory is None else trajectory.estimate),
        ("truth", None if trajectory is None else trajectory.truth),
    ):
        path = folder / f"{name}.tum"
        if trajectory is None or poses is None:
            path.unlink(missing_ok=True)  # of an earlier report
        else:
            lines = map(tum_line, trajectory.stamps.tolist(), poses)
            write_atomically(path, "".join(lines).encode())
    return json_path, html_path


def summary(evaluation: Evaluation) -> dict[str, Any]:
    """All figures as plain values; what is unknown is None."""
    depth, trajectory = evaluation.depth, evaluation.trajectory
    model = next((item.name for item in evaluation.models if item.role == "depth"), "")
    return {
        "format_version": FORMAT_VERSION,
        "depth_perception": __version__,
        "kind": evaluation.kind,
        "interrupted": evaluation.interrupted,
        "recording": asdict(evaluation.recording),
        "images_failed": evaluation.images_failed,
        "models": [asdict(model) for model in evaluation.models],
        "verdict": [asdict(finding) for finding in verdict(evaluation)],
        "depth": None if depth is None else replace(depth, model=model).to_json(),
        "depth_is_metric": evaluation.depth_is_metric,
        "obstacles": None if evaluation.obstacles is None else asdict(evaluation.obstacles),
        "road": None if evaluation.road is None else asdict(evaluation.road),
        "trajectory": None
        if trajectory is None
        else {
            "poses": len(trajectory.stamps),
            "path_length": trajectory.path_length,
            "metric": trajectory.metric,
            "alignments": {item.alignment: asdict(item) for item in trajectory.metrics},
            "straight": None if trajectory.straight is None else asdict(trajectory.straight),
            "worst": None if trajectory.worst is None else asdict(trajectory.worst),
        },
        "timings": {item.name: {"meaning": item.meaning, **asdict(item.seconds)} for item in evaluation.timings},
        "topics": {item.name: asdict(item) for item in evaluation.topics},
        "nodes": {item.name: _without_nan(asdict(item)) for item in evaluation.nodes},
        "notes": list(evaluation.notes),
        "frames": [asdict(frame) for frame in evaluation.frames],
    }


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {key: None if value != value else value for key, value in values.items()}


def read_report(path: str | Path) -> dict[str, Any]:
    """``report.json``, read back.

    Raises: `EvaluationError` if it cannot be read, or is something else.
    """
    try:
        values = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path}: cannot be read as a report ({error}): give a report.json") from None
    if not isinstance(values, dict) or not {"kind", "recording", "frames"} <= set(values):
        raise EvaluationError(f"{path}: is no report, expected the report.json that evaluate or demo wrote")
    return values
