"""What a dataset must consist of, and what to say where it does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from training.errors import TrainingError


@dataclass(frozen=True)
class Origin:
    """Where a dataset is to be had.

    Attributes:
        name: as its page calls it.
        url: of that page.
    """

    name: str
    url: str

    def file(self, path: Path, what: str) -> Path:
        """`path`, which must be a file.

        Raises: `TrainingError` that says what is missing, where it was looked for and where to get it.
        """
        if not path.is_file():
            raise self.missing(path, what)
        return path

    def folder(self, path: Path, what: str) -> Path:
        """`path`, which must be a folder."""
        if not path.is_dir():
            raise self.missing(path, what)
        return path

    def missing(self, path: Path | str, what: str) -> TrainingError:
        """The error to raise."""
        return TrainingError(f"{path}: there is no {what} of {self.name}: get it from {self.url}")


def numbers_in(path: Path, columns: int, what: str, takes: Iterable[int] | None = None) -> list[list[float]]:
    """The numbers of a text file, line by line.

    Args:
        columns: of each line.
        what: one line is, for the error.
        takes: only these columns; None for all.

    Raises: `TrainingError` if a line has another number of them, or something else.
    """
    chosen = range(columns) if takes is None else list(takes)
    lines = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            continue
        words = line.split()
        try:
            if len(words) != columns:
                raise ValueError
            lines.append([float(words[k]) for k in chosen])
        except ValueError:
            raise TrainingError(
                f"{path}: line {number} is not {what} of {columns} numbers: the file is damaged, get it again"
            ) from None
    return lines
