"""Says on stderr how far a long rendering is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def shown(items: Iterable[Item], total: int, title: str) -> Iterator[Item]:
    """The items, with a line on stderr that says how far it is: in place on a terminal, else a few times in all."""
    live = sys.stderr.isatty()
    start = last = time.monotonic()
    for count, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if count == total or now - last > (0.3 if live else 20.0):
            last = now
            end = "\r" if live and count < total else "\n"
            sys.stderr.write(f"{title}: frame {count} of {total}, {count / max(now - start, 1e-6):.1f} a second{end}")
            sys.stderr.flush()
