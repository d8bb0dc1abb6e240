"""Arrays that are written one after the other, and read as one memory map."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError

ROOM = 10**9
"""Arrays that the header of a growing file has room for."""


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
