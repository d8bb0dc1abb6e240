from __future__ import annotations

import re
import threading
from pathlib import Path

from depth_perception.nodes.memory import tidy

BLOCK = 50_000
"""Bytes, few enough for the C library to take them from what it keeps for a thread."""


def resident() -> float:
    """MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def test_what_a_thread_has_freed_goes_back_to_the_system() -> None:
    kept: list[bytes] = []

    def work() -> None:
        blocks = [b"x" * BLOCK for _ in range(2000)]
        kept.append(b"x" * BLOCK)  # lies above them: else they would go back by themselves
        blocks.clear()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    before = resident()
    tidy()
    assert before - resident() > 1500 * BLOCK / 2**20
