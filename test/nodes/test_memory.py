from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from depth_perception.nodes.memory import ARENAS, tidy

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


THREADS = """
import ctypes, sys, threading
from depth_perception.nodes import memory

if sys.argv[2] == "shared":
    memory.share_arenas()
meeting = threading.Barrier(10)

def work():
    block = b"x" * 50_000
    meeting.wait()

threads = [threading.Thread(target=work) for _ in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype, libc.malloc_info.argtypes, libc.fclose.argtypes = (
    ctypes.c_void_p, (ctypes.c_int, ctypes.c_void_p), (ctypes.c_void_p,)
)
file = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.parametrize("how", ["shared", "by itself"])
def test_threads_share_the_arenas_that_they_allocate_from(tmp_path: Path, how: str) -> None:
    subprocess.run([sys.executable, "-c", THREADS, str(tmp_path / "heaps"), how], check=True)
    arenas = (tmp_path / "heaps").read_text().count("<heap nr=")
    assert (arenas <= ARENAS) == (how == "shared")
