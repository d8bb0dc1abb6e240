"""What a command prints at its end: the verdict, the tables, the notes, and where the report is."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from depth_perception.evaluation.table import table

if TYPE_CHECKING:
    from depth_perception.evaluation.result import Evaluation


def show(evaluation: Evaluation, reports: tuple[Path, Path]) -> None:
    """Prints the evaluation."""
    from depth_perception.evaluation.rows import tables
    from depth_perception.evaluation.verdict import verdict

    for finding in verdict(evaluation):
        print(fill(finding.text, 118, initial_indent="\n  ", subsequent_indent="  "))
    for rows in tables(evaluation):
        print(f"\n{table(rows)}")
    if evaluation.notes:
        print()
    for note in evaluation.notes:
        print(f"  note: {note}")
    json_path, html_path = reports
    print(f"\nreport: {html_path.resolve()}\n        {json_path.resolve()}")
