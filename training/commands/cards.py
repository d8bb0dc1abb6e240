"""``python -m training cards models/`` writes ``models/README.md`` from what the model files say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from depth_perception.files import write_atomically
from training.exporting.model_cards import model_cards


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(prog="python -m training cards", description=__doc__)
    command.add_argument("folder", type=Path, help="where the model files lie, such as models")
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = parser().parse_args(arguments)
    path = options.folder / "README.md"
    write_atomically(path, model_cards(options.folder).encode())
    print(f"{path}: written")
