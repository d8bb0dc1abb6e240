"""What may be said with every message that comes is said now and then."""

from __future__ import annotations

import threading
import time
import traceback
import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from depth_perception.errors import DepthPerceptionError, one_line

REPEAT = 10.0
"""Seconds after which something that lasts is logged again."""
CHANGED = 1.0
"""Seconds after which it is logged again in other words, such as with other figures."""


class LimitedLog:
    """Logs one line of a kind at once, and then one now and then as long as it lasts.

    What messages held stays on that line, and short. Any thread may call any method.
    """

    def __init__(self, logger: Any) -> None:
        """
        Args:
            logger: rclpy's.
        """
        self._logger = logger
        self._lock = threading.Lock()
        self._said: dict[Hashable, _Said] = {}

    def exception(self, error: Exception, where: str = "") -> None:
        """An error, of the kind that comes from its place in the code; a bug the first time with its traceback."""
        frames = traceback.extract_tb(error.__traceback__)
        place = (frames[-1].filename, frames[-1].lineno) if frames else None
        kind = (where, type(error), place)
        if isinstance(error, DepthPerceptionError):
            self.error(kind, f"{where}{error}")
            return
        is_new = kind not in self._said
        if line := self._line(kind, f"{where}{type(error).__name__}: {error}"):
            self._logger.error(line + ("\n" + "".join(traceback.format_list(frames)) if is_new else ""))

    # Whether it was said now. rclpy remembers each place that logs with its severity: one place each.

    def error(self, kind: Hashable, text: str) -> bool:
        if line := self._line(kind, text):
            self._logger.error(line)
        return bool(line)

    def warning(self, kind: Hashable, text: str) -> bool:
        if line := self._line(kind, text):
            self._logger.warning(line)
        return bool(line)

    def info(self, kind: Hashable, text: str) -> bool:
        if line := self._line(kind, text):
            self._logger.info(line)
        return bool(line)

    def forget(self) -> None:
        """What was said before is said again when it comes again."""
        with self._lock:
            self._said.clear()

    def _line(self, kind: Hashable, text: str) -> str:
        now = time.monotonic()
        with self._lock:
            before = self._said.get(kind)
            if before is not None and now - before.when < (REPEAT if text == before.text else CHANGED):
                before.untold += 1
                return ""
            self._said[kind] = _Said(text, now)
        more = f" ({before.untold} more like it in {now - before.when:.0f} s)" if before and before.untold else ""
        return one_line(text) + more


def log_warnings(log: LimitedLog) -> None:
    """What Python's libraries warn of, in any thread from now on, is a line of the log: they would write two of their
    own, to the terminal."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        log.warning((filename, lineno), f"{category.__name__}: {message} ({Path(filename).name}, line {lineno})")

    warnings.showwarning = show


@dataclass
class _Said:
    text: str
    when: float
    untold: int = 0
