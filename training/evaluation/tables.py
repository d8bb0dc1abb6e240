"""Reports as tables for a terminal, in the order of the paper's, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from depth_perception.evaluation.breakdown import DISTANCE
from depth_perception.evaluation.depth_metrics import DepthMetrics
from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.heights import HEIGHT
from depth_perception.evaluation.rows import Rows
from depth_perception.evaluation.table import table
from depth_perception.files import write_atomically
from training.errors import TrainingError
from training.evaluation.figures import Report

ERRORS = {
    "abs_rel": "AbsRel",
    "sq_rel": "SqRel",
    "rmse": "RMSE",
    "rmse_log": "RMSE log",
    "log10": "log10",
    "a1": "d<1.25",
    "a2": "d<1.25^2",
    "a3": "d<1.25^3",
    "ratio": "pred/true",
}

WHOLE_LINES = (DISTANCE.name, HEIGHT.name)
"""The breakdowns whose parts are told with all their errors."""


def depth_tables(reports: Sequence[DepthReport]) -> str:
    """Errors of the whole, of each distance and each height above the ground, sharpness, and AbsRel by all other
    breakdowns; one line or column for each network.

    Args:
        reports: of the same frames.

    Raises: `TrainingError` for reports by several protocols, which cannot be compared.
    """
    protocol = reports[0].protocol
    for report in reports:
        if (report.protocol, report.images) != (protocol, reports[0].images):
            raise TrainingError(
                f"{report.model} and {reports[0].model} cannot be compared: {report.images} images of"
                f" {report.protocol.words}; {reports[0].images} images of {protocol.words}"
            )
    names = short_names([report.model for report in reports])
    if protocol.scaling == "none":
        beside = [report.metric for report in reports]
        names = [name if it else f"{name} (no metres: scaled)" for name, it in zip(names, beside, strict=True)]
    rows: Rows = [("depth", "of", *ERRORS.values(), "scale", "images")]
    rows += [("all", name, *_figures(errors), "") for name, errors in reports[0].baselines.items()]
    rows += [("all", name, *_figures(item.errors), str(item.images)) for name, item in zip(names, reports, strict=True)]
    for breakdown in WHOLE_LINES:
        for part in _parts(reports, breakdown):
            for name, report in zip(names, reports, strict=True):
                found = report.parts[breakdown].get(part)
                none = ["-"] * (len(ERRORS) + 2)
                rows.append((part, name, *(none if found is None else [*_figures(found.errors), str(found.images)])))
    lines = [f"{protocol.name}: {protocol.words}", table(rows)]

    if reports[0].sharpness:
        rows = [("Tenengrad, mean over images", *names, "truth")]
        truth = reports[0].true_sharpness or {}
        for limit in reports[0].sharpness:
            sharpness = (f"{report.sharpness[limit]:.0f}" for report in reports)
            rows.append((f"t = {limit} m", *sharpness, f"{truth[limit]:.0f}" if limit in truth else ""))
        lines += ["", table(rows)]

    for breakdown in reports[0].parts:
        if breakdown not in WHOLE_LINES and (parts := _parts(reports, breakdown)):
            rows = [("AbsRel of", *names, "images")]
            for part in parts:
                found_in = [report.parts[breakdown].get(part) for report in reports]
                errors = ("-" if item is None else f"{item.errors.abs_rel:.3f}" for item in found_in)
                rows.append((part, *errors, str(max(item.images for item in found_in if item is not None))))
            lines += ["", table(rows)]
    if blank := max(report.blank or 0 for report in reports):
        lines += ["", f"{blank} of {reports[0].images + blank} images show nothing, and were passed over"]
    return "\n".join(lines)


def pose_tables(report: Report) -> str:
    """Every drive, in every alignment, and its snippets."""
    rows: Rows = [
        ("drive", "aligned by", "t_err %", "r_err deg/100m", "ate_rmse m", "ate %", "rpe m", "rpe deg", "scale")
    ]
    for drive in report["drives"]:
        for how, item in drive["alignments"].items():
            drift = ("-", "-") if item["t_err"] is None else (f"{item['t_err']:.2f}", f"{item['r_err']:.2f}")
            ate = (f"{item['ate_rmse']:.2f}", f"{item['ate_percent']:.2f}")
            steps = (f"{item['rpe_translation']:.3f}", f"{item['rpe_rotation']:.3f}", f"{item['scale']:.3f}")
            rows.append((drive["name"], how, *drift, *ate, *steps))
    lines = [table(rows), ""]
    rows = [("drive", *(f"ate_sfmlearner, {item['frames']} frames" for item in report["drives"][0]["ate_sfmlearner"]))]
    for drive in report["drives"]:
        errors = (f"{item['mean']:.4f} +- {item['std']:.4f} m" for item in drive["ate_sfmlearner"])
        rows.append((drive["name"], *errors))
    return "\n".join([*lines, table(rows)])


def _parts(reports: Sequence[DepthReport], breakdown: str) -> list[str]:
    return list(dict.fromkeys(part for report in reports for part in report.parts.get(breakdown, ())))


def _figures(errors: DepthMetrics) -> list[str]:
    return [f"{getattr(errors, name):.3f}" for name in (*ERRORS, "scale")]


def short_names(models: Sequence[str]) -> list[str]:
    """File names, or as much of the paths as tells them apart."""
    paths = [list(Path(model).parts) for model in models]
    if len({path[-1] for path in paths}) == len(paths):
        return [path[-1] for path in paths]
    for end in (0, -1):
        while min(map(len, paths)) > 1 and len({path[end] for path in paths}) == 1:
            for path in paths:
                del path[end]
    return ["/".join(path) for path in paths]


def write_json(report: Report, path: Path) -> None:
    """Writes it complete or not at all.

    Raises: `OutputError` if it cannot be written.
    """
    write_atomically(path, (json.dumps(report, indent=2) + "\n").encode())
