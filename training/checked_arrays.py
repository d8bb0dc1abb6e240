"""Arrays on disk, written frame by frame, that know what was written: what has changed since is noticed when read.

A disk, a copy or a crash can leave a file that is as long as it should be, and holds something else. Each array of n
frames has a sum of each beside it; a frame is checked as it is read, which costs a hundredth of learning from it.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError

ROOM = 10**9
"""Arrays that the header of a growing file has room for."""


def sum_of(frame: npt.ArrayLike) -> int:
    """CRC-32 of its bytes."""
    return zlib.crc32(np.ascontiguousarray(frame).data.cast("B"))


class GrowingArray:
    """Appends array after array to one ``.npy`` whose header is written last, when their number is known.

    The sums of the arrays are written with it.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self._path, self._shape, self._dtype = path, shape, np.dtype(dtype)
        self._file = path.open("wb+")
        self._write_header(ROOM)
        self._start = self._file.tell()
        self.count = 0
        self._sums: list[int] = []

    def append(self, array: npt.NDArray) -> None:
        """`array` is of the shape and type."""
        if array.shape != self._shape or array.dtype != self._dtype:
            raise ValueError(f"{array.dtype} {array.shape} appended to arrays of {self._dtype} {self._shape}")
        self._file.write(array.tobytes())
        self._sums.append(sum_of(array))
        self.count += 1

    def __enter__(self) -> GrowingArray:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write_header(self.count)
        end = self._file.tell()
        self._file.close()
        _write_sums(self._path, self._sums)
        if end != self._start and error is None:
            raise TrainingError(f"{self._path}: the header of {self.count} frames has another length than reserved")

    def _write_header(self, count: int) -> None:
        self._file.seek(0)
        description = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": description, "fortran_order": False, "shape": (count, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)


def open_checked(path: Path) -> CheckedArray | npt.NDArray[Any]:
    """The array at `path`, as a memory map; one that was written before there were sums is not checked.

    Raises: `OSError`, `ValueError` if there is none, or it is shorter than it says.
    """
    array = np.load(path, mmap_mode="r")
    try:
        sums = np.load(_sums_path(path))
    except FileNotFoundError:
        return array
    if len(sums) != len(array):
        raise ValueError(f"it holds {len(array)} frames and {len(sums)} sums")
    checked = array.view(CheckedArray)
    checked.sums, checked.path = sums, path
    return checked


class CheckedArray(np.memmap):
    """As `numpy.memmap`; a frame that is taken by its number is checked.

    Attributes:
        sums: of the frames; None for what is cut out of them.

    Raises: `TrainingError` for a frame that is not what was written.
    """

    sums: npt.NDArray[np.uint32] | None = None
    path: Path = Path()

    def __array_finalize__(self, source: Any) -> None:
        super().__array_finalize__(source)  # type: ignore[misc]  # what NumPy's stubs leave out
        self.sums, self.path = None, getattr(source, "path", Path())

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        if self.sums is None:
            return found
        if isinstance(index, int | np.integer):
            if sum_of(np.asarray(found)) != self.sums[index]:
                raise TrainingError(
                    f"{self.path}: frame {int(index) % len(self)} is damaged, it is not what was written: delete"
                    f" {self.path.parent}, it will be made again"
                )
            return np.asarray(found)
        if isinstance(index, slice):
            found.sums = self.sums[index]
        return found


def _sums_path(path: Path) -> Path:
    return path.with_suffix(".sums.npy")


def _write_sums(path: Path, sums: list[int]) -> None:
    np.save(_sums_path(path), np.array(sums, np.uint32))
