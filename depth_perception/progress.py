"""A progress bar for people; nothing but the end where the output is a file."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class ProgressBar:
    """Shows how far something is, on standard error. Use it in a `with`."""

    _WIDTH = 30
    _INTERVAL = 0.1

    def __init__(self, title: str, unit: str) -> None:
        self._title = title
        self._unit = unit
        self._start = time.monotonic()
        self._shown = 0.0
        self._last = (0, 0)
        self._terminal = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Shows `done` of `total`; quick enough to be called for every frame."""
        self._last = (done, total)
        now = time.monotonic()
        if self._terminal and (now - self._shown >= self._INTERVAL or done == total):
            self._shown = now
            sys.stderr.write(f"\r{self._line()}\033[K")
            sys.stderr.flush()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stderr.write(f"\r{self._line()}\033[K\n" if self._terminal else f"{self._line()}\n")
        sys.stderr.flush()

    def _line(self) -> str:
        done, total = self._last
        share = done / total if total else 0.0
        filled = round(share * self._WIDTH)
        seconds = time.monotonic() - self._start
        bar = "█" * filled + "░" * (self._WIDTH - filled)
        return f"{self._title} {bar} {done}/{total} {self._unit}, {seconds:.0f} s"
