"""Standard output, whose reader may leave before all is said, as ``head`` does."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_DESCRIPTOR = 1

LEFT = 141
"""The exit status of what ends because nobody reads on: that of SIGPIPE, as shells count it."""


@contextmanager
def until_its_reader_leaves() -> Iterator[None]:
    """Of a whole command: ends it with the status `LEFT`, without a word, once nobody reads what it prints."""
    try:
        try:
            yield
        finally:
            print(end="", flush=True)  # else it would fail when Python ends, where nobody can catch it
    except BrokenPipeError:
        if not _has_left():
            raise  # it is of another pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), _DESCRIPTOR)  # for what has not been written yet
        sys.exit(LEFT)


def _has_left() -> bool:
    output = select.poll()
    output.register(_DESCRIPTOR, 0)
    return any(event & select.POLLERR for _, event in output.poll(0))
