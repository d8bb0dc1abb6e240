"""Recordings decoded once, to what the networks see of their camera, and read as memory maps ever after.

A stored recording is a folder named after everything it depends on, complete or absent: it is filled under another name
and renamed when the last frame is in.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError

ROOM = 10**9
"""Arrays that the header of a growing file has room for."""


def stored(cache: str | Path, name: str, what: Any, fill: Callable[[Path], None]) -> Path:
    """The folder of `name` in `cache`, filled unless it is there.

    Args:
        what: everything the content depends on, as JSON can say it.
        fill: writes the content into an empty folder.
    """
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    folder = Path(cache) / f"{name}-{key}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        fill(temporary)
        temporary.chmod(0o755)
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if not folder.is_dir():  # another process may have been faster
            raise
    return folder


class GrowingArray:
    """Appends array after array to one ``.npy`` whose header is written last, when their number is known."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self._path, self._shape, self._dtype = path, shape, np.dtype(dtype)
        self._file = path.open("wb+")
        self._write_header(ROOM)
        self._start = self._file.tell()
        self.count = 0

    def append(self, array: npt.NDArray) -> None:
        """`array` is of the shape and type."""
        if array.shape != self._shape or array.dtype != self._dtype:
            raise ValueError(f"{array.dtype} {array.shape} appended to arrays of {self._dtype} {self._shape}")
        self._file.write(array.tobytes())
        self.count += 1

    def __enter__(self) -> GrowingArray:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write_header(self.count)
        end = self._file.tell()
        self._file.close()
        if end != self._start and error is None:
            raise TrainingError(f"{self._path}: the header of {self.count} frames has another length than reserved")

    def _write_header(self, count: int) -> None:
        self._file.seek(0)
        description = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": description, "fortran_order": False, "shape": (count, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)
