"""Processes that a command starts, watches, and ends in every case."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType

from depth_perception.rig.errors import RigError

_PR_SET_PDEATHSIG = 1


class Processes:
    """Starts Python modules as processes of their own, each with a log file. Use it in a `with`: the end ends them all.

    The end comes with an interrupt, then a termination, then a kill; and with the death of this process.
    """

    _PATIENCE = ((signal.SIGINT, 5.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0))

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        # Unbuffered, or what a process said last would stand in its log before what it had said before.
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        self._running: dict[str, subprocess.Popen] = {}

    def start(self, name: str, module: str, arguments: Sequence[str], *, talks: bool = False) -> subprocess.Popen:
        """Starts ``python -m module arguments``.

        Args:
            talks: Its standard input and output are pipes to this process; only its errors go to the log.
        """
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C in the terminal comes to us alone, and we end the others in order
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self._running[name] = process
        return process

    def check(self) -> None:
        """Raises: `RigError` with its last words if one has ended, or has said that it cannot go on."""
        for name, process in self._running.items():
            code = process.poll()
            if code is not None and code != 0:
                raise RigError(f"{name} ended with exit code {code}: {self.last_words(name)}")
            if code is None and "[FATAL]" in self._tail(name):
                raise RigError(f"{name} cannot run: {self.last_words(name)}")

    def last_words(self, name: str) -> str:
        """The end of its log, in one line: its fatal line if there is one."""
        lines = [line.strip() for line in self._tail(name).splitlines() if line.strip()]
        fatal = [line for line in lines if "[FATAL]" in line]
        words = " | ".join(fatal[-1:] or lines[-4:]) or "it said nothing"
        return f"{words} (log: {self._log(name)})"

    def all_last_words(self) -> str:
        """Of each of them."""
        return "; ".join(f"{name}: {self.last_words(name)}" for name in self._running)

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, patience in self._PATIENCE:
            alive = [process for process in self._running.values() if process.poll() is None]
            for process in alive:
                _signal_group(process, number)
            deadline = time.monotonic() + patience
            while any(process.poll() is None for process in alive) and time.monotonic() < deadline:
                time.sleep(0.02)
        for process in self._running.values():
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _tail(self, name: str) -> str:
        with self._log(name).open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 8192))
            return log.read().decode(errors="replace")


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


def ros_arguments(parameters: Mapping[str, object]) -> list[str]:
    """The command line of a node with these parameters."""
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in parameters.items()}
    return ["--ros-args", *(text for key, value in texts.items() for text in ("-p", f"{key}:={value}"))]


def _signal_group(process: subprocess.Popen, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
