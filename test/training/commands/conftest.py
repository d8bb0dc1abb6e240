"""Commands as a user types them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from training.__main__ import main


@pytest.fixture
def run(monkeypatch, capfd):
    """``python -m training ARGUMENTS`` and how it ended, without a process of its own, which imports for seconds."""

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        words = ["training", *map(str, arguments)]
        monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
        monkeypatch.setattr(sys, "argv", words)
        capfd.readouterr()
        status = 0
        try:
            main()
        except SystemExit as end:  # which Python answers so
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        return subprocess.CompletedProcess(words, status, *capfd.readouterr())

    return command
