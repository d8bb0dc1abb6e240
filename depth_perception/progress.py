"""How far something is: a bar for people, now and then a line where the output is a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


class ProgressBar(tqdm):
    """Shows how far something is, on standard error. Use it in a `with`."""

    monitor_interval = 0  # no thread of its own: nothing here is so uneven that it needs one

    def __init__(self, title: str, unit: str) -> None:
        live = sys.stderr.isatty()
        where = {"file": sys.stderr, "mininterval": 0.1} if live else {"file": _Lines(), "mininterval": 20.0}
        super().__init__(desc=title, unit=f" {unit}", miniters=1, **where)

    def __call__(self, done: int, total: int) -> None:
        """Shows `done` of `total`; quick enough to be called for every frame."""
        self.total = total
        self.update(done - self.n)

    def told(self, what: str, done: int, total: int) -> bool:
        """The same for what may be cancelled, as engines have it; a bar never cancels."""
        self(done, total)
        return True


def shown(items: Iterable[Item], total: int, title: str, unit: str) -> Iterator[Item]:
    """The items, with a bar that says how many of them are done."""
    with ProgressBar(title, unit) as progress:
        for count, item in enumerate(items, 1):
            yield item
            progress(count, total)


class _Lines:
    """Standard error, where a bar that is drawn anew is a new line."""

    def write(self, text: str) -> None:
        if text := text.strip():
            sys.stderr.write(f"{text}\n")

    def flush(self) -> None:
        sys.stderr.flush()
