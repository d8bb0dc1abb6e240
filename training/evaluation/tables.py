"""Reports as tables for a terminal, in the order of the paper's, and as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from depth_perception.evaluation.rows import Rows
from depth_perception.evaluation.table import table
from training.errors import TrainingError
from training.evaluation.depth import Report
from training.evaluation.regions import ALL, CLASS_NAMES

ERRORS = {
    "abs_rel": "AbsRel",
    "sq_rel": "SqRel",
    "rmse": "RMSE",
    "rmse_log": "RMSE log",
    "log10": "log10",
    "a1": "d<1.25",
    "a2": "d<1.25^2",
    "a3": "d<1.25^3",
}


def scores(report: Report) -> str:
    """The scores of one network, in lines."""
    lines, protocol = [], None
    for score in report["scores"]:
        if score["protocol"] != protocol:
            protocol = score["protocol"]
            lines.append(f"  {protocol}")
        lines.append(f"    {score['value']:10.4g}  {score['name']}")
    return "\n".join(lines)


def depth_tables(reports: Sequence[Report]) -> str:
    """Errors of the whole and of each band, sharpness, and errors by class; one line or column for each network.

    Args:
        reports: of `evaluate_depth`, of the same frames.
    """
    protocol = reports[0]["protocol"]
    names = short_names([report["model"] for report in reports])
    rows: Rows = [("depth", "of", *ERRORS.values(), "scale", "images")]
    for region in reports[0]["regions"]:
        if region in CLASS_NAMES:
            continue
        if region == ALL and (baseline := reports[0].get("baseline")):
            rows.append((region, "training drives' median", *_figures(baseline), ""))
        for name, report in zip(names, reports, strict=True):
            item = report["regions"].get(region)
            rows.append((region, name, *(["-"] * 10 if item is None else [*_figures(item), str(item["images"])])))
    lines = [f"{protocol['name']}: {protocol['words']}", table(rows)]

    rows = [("Tenengrad, mean over images", *names, "truth")]
    truth = reports[0]["tenengrad of the truth"] or {}
    for limit in reports[0]["tenengrad"]:
        sharpness = (f"{report['tenengrad'][limit]:.0f}" for report in reports)
        rows.append((f"t = {limit} m", *sharpness, f"{truth[limit]:.0f}" if limit in truth else ""))
    lines += ["", table(rows)]

    classes = [name for name in CLASS_NAMES if all(name in report["regions"] for report in reports)]
    if classes:
        rows = [("AbsRel of", *names, "images")]
        for region in classes:
            errors = (f"{report['regions'][region]['abs_rel']:.3f}" for report in reports)
            rows.append((region, *errors, str(reports[0]["regions"][region]["images"])))
        lines += ["", table(rows)]
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


def _figures(errors: Report) -> list[str]:
    return [f"{errors[name]:.3f}" for name in (*ERRORS, "scale")]


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

    Raises: `TrainingError` if it cannot be written.
    """
    write_bytes((json.dumps(report, indent=2) + "\n").encode(), path)


def write_bytes(content: bytes, path: Path) -> None:
    """As `write_json`."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written ({error.strerror})") from None
