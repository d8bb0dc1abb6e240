"""``python -m training compare REPORT ...``: what evaluations wrote, of networks or of recordings, in one table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from depth_perception.evaluation.depth_report import read_depth_reports
from training.evaluation.tables import depth_tables


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(prog="python -m training compare", description=__doc__)
    command.add_argument(
        "reports",
        nargs="+",
        type=Path,
        metavar="REPORT",
        help="JSON of python -m training evaluate --json, or report.json of depth-perception evaluate; all of the same"
        " frames by the same protocol",
    )
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = parser().parse_args(arguments)
    print(depth_tables([report for path in options.reports for report in read_depth_reports(path)]))
