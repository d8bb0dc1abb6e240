"""What killed processes of ROS 2 left in shared memory."""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")

_LOCK = re.compile(r"(fastrtps_[0-9a-f]{16})_el")
"""Beside each of its segments Fast DDS keeps a file that is locked as long as the segment's process lives."""
_YOUNGEST = 1.0
"""Seconds; one that is being made is not locked yet."""


def sweep_shared_memory() -> None:
    """Removes the segments of processes that have ended, which Fast DDS never looks at again; those of this user."""
    for lock in SHARED_MEMORY.glob("fastrtps_*_el"):
        name = _LOCK.fullmatch(lock.name)
        if name is None:
            continue
        with suppress(OSError):  # somebody else's, or gone meanwhile
            handle = os.open(lock, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(handle).st_mtime > _YOUNGEST:
                    lock.with_name(name[1]).unlink(missing_ok=True)
                    lock.unlink()
            finally:
                os.close(handle)
