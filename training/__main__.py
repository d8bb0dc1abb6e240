"""``python -m training COMMAND``: everything the workshop does."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from depth_perception.errors import DepthPerceptionError
from depth_perception.standard_output import until_its_reader_leaves

COMMANDS = {
    "fit": "trains what a configuration says; --smoke only tries it out, in seconds; -v has libraries talk",
    "validate": "judges a checkpoint by the validation of its configuration",
    "evaluate": "scores models on unseen drives, or by a protocol of the literature",
    "compare": "shows what evaluations wrote in one table",
    "export": "turns a checkpoint into the model file that a robot runs",
    "finetune": "adapts the models that come along to a camera, from its recordings",
    "doctor": "finds what is wrong with recordings, or with a training",
    "models": "makes the depth model that ships, from nothing",
    "cards": "writes the README of a folder of model files",
    "inspect": "tells what the networks of configurations cost",
    "benchmark": "tells how fast a configuration trains here, and what a step waits for",
    "study_sharing": "compares how depth and classes share a network",
    "street": "renders, records and times the procedural street world",
    "rooms": "renders procedural rooms",
}
"""What each is for; the module of one is `training.commands` and its name."""

TRAINER = ("fit", "validate")
"""What the trainer's own command line does, whose parser takes the seconds that importing torch takes."""

SMOKE = "--smoke"


def main() -> None:
    """Runs the command line; a known error is one line and exit status 1."""
    # Read when torch loads: threads that wait for each other sleep, so that other programs can be busy beside us.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    command = _parser().parse_args(sys.argv[1:2]).command
    module = "smoke" if command == "fit" and SMOKE in sys.argv else "fit" if command in TRAINER else command
    # The trainer's command line reads those of the process itself.
    arguments = None if module == "fit" else [item for item in sys.argv[2:] if item != SMOKE]
    try:
        importlib.import_module(f"training.commands.{module}").main(arguments)
    except DepthPerceptionError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="The workshop: networks are trained, judged and exported here.",
        epilog="Each command has a --help of its own.",
        usage="%(prog)s COMMAND ...",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, words in COMMANDS.items():
        commands.add_parser(name, help=words, add_help=False)
    return parser


if __name__ == "__main__":
    with until_its_reader_leaves():
        main()
