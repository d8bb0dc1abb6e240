"""``python -m training cards models/`` writes ``models/README.md`` from what the model files say."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from training.exporting.model_cards import model_cards


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training cards", description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    path = options.folder / "README.md"
    temporary = options.folder / ".README.md.part"
    text = model_cards(options.folder)
    temporary.write_text(text)
    os.replace(temporary, path)
    print(f"{path}: written")
