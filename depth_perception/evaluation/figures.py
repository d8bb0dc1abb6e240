"""The figures of a report by name: what bars are set on, and what two reports are compared by."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.rows import Rows


@dataclass(frozen=True)
class Figure:
    """One of them.

    Attributes:
        where: it is in ``report.json``, from key to key.
        ideal: what it is in a perfect world: nearer is better.
        form: how it is written.
    """

    name: str
    words: str
    where: tuple[str, ...]
    ideal: float = 0.0
    form: str = ".3f"

    def of(self, report: Mapping[str, Any]) -> float | None:
        """None if the report does not tell."""
        value: Any = report
        for key in self.where:
            value = value.get(key) if isinstance(value, Mapping) else None
        return float(value) if isinstance(value, int | float) else None


_SCALED, _METRIC, _BASELINES = ("depth", "median_scaled"), ("depth", "metric"), ("depth", "baselines")
_STRAIGHT = ("trajectory", "straight", "ate_percent")
_ORIGIN, _ONE_SCALE = ("trajectory", "alignments", "origin"), ("trajectory", "alignments", "scale")

FIGURES = (
    Figure("abs_rel", "AbsRel of depth, median-scaled", (*_SCALED, "abs_rel")),
    Figure("rmse", "RMSE of depth, median-scaled, m", (*_SCALED, "rmse"), form=".2f"),
    Figure("a1", "share of pixels within 25 %, median-scaled", (*_SCALED, "a1"), 1.0),
    Figure("abs_rel_metric", "AbsRel of depth in metres as they come", (*_METRIC, "abs_rel")),
    Figure("rmse_metric", "RMSE of depth in metres as they come, m", (*_METRIC, "rmse"), form=".2f"),
    Figure("coverage", "share of the truth for which there was depth", (*_SCALED, "coverage"), 1.0),
    Figure("scale", "true over estimated depth, median of images", ("depth", "scale_median"), 1.0),
    Figure("scale_spread", "spread of that over images", ("depth", "scale_spread")),
    Figure("constant", "AbsRel of one constant depth", (*_BASELINES, "constant", "abs_rel")),
    Figure("row_median", "AbsRel of one depth for each row", (*_BASELINES, "row median", "abs_rel")),
    Figure("obstacles", "obstacles up to 10 m: placed at this times their distance", ("obstacles", "ratio"), 1.0),
    Figure("obstacles_too_far", "share of images with obstacles, them too far", ("obstacles", "share_too_far")),
    Figure("road_residual", "how far the road is from a plane, share of depth", ("road", "residual_median")),
    Figure("t_err", "KITTI's t_err, %", (*_ORIGIN, "t_err"), form=".2f"),
    Figure("r_err", "KITTI's r_err, degrees per 100 m", (*_ORIGIN, "r_err"), form=".2f"),
    Figure("t_err_scaled", "KITTI's t_err with one scale, %", (*_ONE_SCALE, "t_err"), form=".2f"),
    Figure("end_percent", "error at the end, % of the path", (*_ORIGIN, "end_error_percent"), form=".2f"),
    Figure("ate_percent", "ATE in metres as they come, % of the path", (*_ORIGIN, "ate_percent"), form=".2f"),
    Figure("ate_percent_scaled", "ATE with one scale, % of the path", (*_ONE_SCALE, "ate_percent"), form=".2f"),
    Figure("straight_percent", "ATE of a straight line, % of the path", _STRAIGHT, form=".2f"),
    Figure("odometry_scale", "true over estimated way", (*_ONE_SCALE, "scale"), 1.0),
    Figure("images_failed", "share of the images that gave no depth", ("images_failed",)),
    Figure("depth_seconds", "depth of an image, median, s", ("timings", "depth", "p50")),
    Figure("odometry_seconds", "motion of an image, median, s", ("timings", "odometry", "p50")),
)
"""All there are."""

_BY_NAME = {item.name: item for item in FIGURES}
_CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*")
_HOLDS = {
    "<": lambda value, bar: value < bar,
    ">": lambda value, bar: value > bar,
    "<=": lambda value, bar: value <= bar,
    ">=": lambda value, bar: value >= bar,
}


@dataclass(frozen=True)
class Condition:
    """What a report must not be like: a figure beyond a bar."""

    figure: Figure
    sign: str
    bar: float

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Of ``abs_rel>0.2``: a figure of the table, one of < > <= >=, and a number.

        Raises: `EvaluationError` for anything else, with the names there are.
        """
        found = _CONDITION.fullmatch(text)
        try:
            name, sign, bar = ("", "", 0.0) if found is None else (found[1], found[2], float(found[3]))
        except ValueError:
            found = None
        if found is None:
            raise EvaluationError(
                f"'{text}' is no condition, expected a figure, one of < > <= >=, and a number, such as abs_rel>0.2"
            )
        if name not in _BY_NAME:
            near = difflib.get_close_matches(name, _BY_NAME, 1)
            hint = f", did you mean {near[0]}?" if near else ""
            raise EvaluationError(f"'{name}' is not a figure of a report{hint} There are: {', '.join(_BY_NAME)}")
        return cls(_BY_NAME[name], sign, bar)

    def failure(self, report: Mapping[str, Any]) -> str | None:
        """Why a report is as it must not be, which one is too that does not tell; None if it is not."""
        value = self.figure.of(report)
        said = f"{self.figure.name}{self.sign}{self.bar:g}"
        if value is None:
            return f"{said}: the recording does not tell"
        return f"{said}: it is {value:.4g}" if _HOLDS[self.sign](value, self.bar) else None


def comparison(reports: Sequence[tuple[str, Mapping[str, Any]]]) -> Rows:
    """A table of all figures that any of the reports tells, a column each, the better of two marked."""
    rows: Rows = [("figure", *(name for name, _ in reports), "meaning")]
    for figure in FIGURES:
        values = [figure.of(report) for _, report in reports]
        known = [abs(value - figure.ideal) for value in values if value is not None]
        if not known:
            continue
        best = min(known) if len(known) > 1 and max(known) > min(known) else None
        cells = [
            "" if value is None else f"{value:{figure.form}}{' *' if abs(value - figure.ideal) == best else ''}"
            for value in values
        ]
        rows.append((figure.name, *cells, figure.words))
    return rows
