"""Figures that are kept: as the scores that a model file carries, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from depth_perception.model_file import Score

Report = dict[str, Any]
"""As it is written to JSON."""


def scored(protocol: str, figures: Mapping[str, float]) -> tuple[Score, ...]:
    """Figures of one protocol, to the four digits that they are worth."""
    return tuple(Score(protocol, name, float(f"{value:.4g}")) for name, value in figures.items())


def score_lines(scores: Iterable[Score]) -> str:
    """Scores to print, each protocol once."""
    lines, protocol = [], None
    for score in scores:
        if score.protocol != protocol:
            protocol = score.protocol
            lines.append(f"  {protocol}")
        lines.append(f"    {score.value:10.4g}  {score.name}")
    return "\n".join(lines)
