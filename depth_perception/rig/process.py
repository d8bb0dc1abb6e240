"""Python as a process of its own: started, spoken to, and ended in every case."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

Patience = Sequence[tuple[signal.Signals, float]]
"""Signals to end a process with, one after the other, and the seconds that each is given."""

_PR_SET_PDEATHSIG = 1


class Process:
    """Starts ``python arguments``. Its output goes to a log file; it ends at the latest when this process does.

    Args:
        environment: All of it.
        talks: Its standard output comes to this process, as `heard` says; only its errors go to the log.
    """

    def __init__(
        self, arguments: Sequence[str], log: Path, environment: Mapping[str, str], *, talks: bool = False
    ) -> None:
        self.log = log
        self._said = b""
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if talks else file,
                stderr=file,
                # Unbuffered, or what it said last would stand in its log before what it had said before.
                env={**environment, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C in the terminal comes to us alone, and we end the others in order
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self.code is None

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    @property
    def output(self) -> str:
        """All of its log."""
        return self.log.read_text(errors="replace")

    @property
    def last_output(self) -> str:
        """The end of its log, however long that is."""
        with self.log.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 8192))
            return log.read().decode(errors="replace")

    def say(self, line: str) -> None:
        """Writes a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def heard(self) -> list[str]:
        """The lines that one that talks has said since; does not wait for any."""
        pipe = self._process.stdout
        assert pipe is not None
        while select.select([pipe], [], [], 0)[0] and (data := os.read(pipe.fileno(), 65536)):
            self._said += data
        *lines, self._said = self._said.split(b"\n")
        return [line.decode() for line in lines if line]

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """The exit code, once it has ended by itself.

        Raises: `subprocess.TimeoutExpired` if it has not within so many seconds.
        """
        return self._process.wait(timeout)

    def close(self) -> None:
        """Ends talking with it; for one that has ended."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def end(processes: Collection[Process], patience: Patience) -> None:
    """Ends them all at once: each signal goes to those that the ones before it have not ended."""
    for number, seconds in patience:
        alive = [process for process in processes if process.alive]
        for process in alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number) if number == signal.SIGKILL else process.signal(number)
        deadline = time.monotonic() + seconds
        while any(process.alive for process in alive) and time.monotonic() < deadline:
            time.sleep(0.02)
    for process in processes:
        process.close()


def ros_arguments(parameters: Mapping[str, object]) -> list[str]:
    """The command line of a node with these parameters."""
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in parameters.items()}
    return ["--ros-args", *(text for key, value in texts.items() for text in ("-p", f"{key}:={value}"))]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
