"""The ``depth-perception`` command. Heavy imports happen inside the commands, so that help is instant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from depth_perception.errors import DepthPerceptionError
from depth_perception.standard_output import until_its_reader_leaves
from depth_perception.version import __version__

COMMANDS = ("inspect", "evaluate", "predict", "view", "demo", "benchmark", "build", "doctor")
"""Modules of this room; each has ``add_parser(subparsers)``, which sets ``run`` to a function of the arguments."""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    root = argparse.ArgumentParser(
        prog="depth-perception",
        description="Metric depth, odometry and coloured point clouds from one camera.",
    )
    root.add_argument("--version", action="version", version=f"depth-perception {__version__}")
    subparsers = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        if find_spec(f"depth_perception.cli.{command}"):
            import_module(f"depth_perception.cli.{command}").add_parser(subparsers)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command, returns the exit status: a known error is one line and 1, others keep their traceback."""
    with until_its_reader_leaves():
        given = parser().parse_args(arguments)
        try:
            return int(given.run(given))
        except DepthPerceptionError as error:
            print(f"depth-perception: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("depth-perception: interrupted", file=sys.stderr)
            return 130
