"""Processes that a command starts, watches, and ends in every case."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType

from depth_perception.rig.errors import RigError
from depth_perception.rig.process import Patience, Process, end
from depth_perception.rig.shared_memory import sweep_shared_memory


class Processes:
    """Starts Python modules as processes of their own, each with a log file. Use it in a `with`: the end ends them all.

    The end comes with an interrupt, then a termination, then a kill; and with the death of this process.
    """

    _PATIENCE: Patience = ((signal.SIGINT, 5.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0))

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        sweep_shared_memory()  # or each process that is killed costs 70 MB for ever
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._environment = {**os.environ, **environment}
        self._running: dict[str, Process] = {}

    def start(self, name: str, module: str, arguments: Sequence[str], *, talks: bool = False) -> Process:
        """Starts ``python -m module arguments``; `talks` as `Process` has it."""
        log = self._logs / f"{name}.log"
        process = self._running[name] = Process(["-m", module, *arguments], log, self._environment, talks=talks)
        return process

    def check(self) -> None:
        """Raises: `RigError` with its last words if one has ended, or has said that it cannot go on."""
        for name, process in self._running.items():
            code = process.code
            if code is not None and code != 0:
                raise RigError(f"{name} ended with exit code {code}: {self.last_words(name)}")
            if code is None and "[FATAL]" in process.last_output:
                raise RigError(f"{name} cannot run: {self.last_words(name)}")

    def last_words(self, name: str) -> str:
        """The end of its log, in one line: its fatal line if there is one."""
        process = self._running[name]
        lines = [line.strip() for line in process.last_output.splitlines() if line.strip()]
        fatal = [line for line in lines if "[FATAL]" in line]
        words = " | ".join(fatal[-1:] or lines[-4:]) or "it said nothing"
        return f"{words} (log: {process.log})"

    def all_last_words(self) -> str:
        """Of each of them."""
        return "; ".join(f"{name}: {self.last_words(name)}" for name in self._running)

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._running.values(), self._PATIENCE)


class TerminationInterrupts:
    """Within it, SIGTERM and SIGHUP end this process as Ctrl-C does: with everything cleaned up."""

    _SIGNALS = (signal.SIGTERM, signal.SIGHUP)

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, self._interrupt) for number in self._SIGNALS}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @staticmethod
    def _interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt
