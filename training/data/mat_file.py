"""A matrix of numbers from a MATLAB file, as Make3D keeps its depth: all of the format that this needs.

Source: MathWorks, MAT-File Level 5 File Format (files that MATLAB 5 to 7 save).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError

HEADER = 128
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}


def read_matrix(path: Path, name: str) -> npt.NDArray[np.float64]:
    """The real matrix called `name`.

    Raises: `TrainingError` if there is no such file or matrix, or the file is damaged or of another version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror}): get it again") from None
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None:
        raise TrainingError(f"{path}: is no MATLAB file of version 5 to 7: save it again in MATLAB with -v7")
    names = []
    try:
        for kind, content in _elements(data[HEADER:], order):
            if kind == COMPRESSED:
                kind, content = next(_elements(zlib.decompress(content), order))
            if kind != MATRIX:
                continue
            _, shape, label, (number_kind, numbers) = islice(_elements(content, order), 4)
            names.append(label[1].decode())
            if names[-1] == name:
                values = np.frombuffer(numbers, order + NUMBERS[number_kind]).astype(np.float64)
                return values.reshape(np.frombuffer(shape[1], order + "i4"), order="F")
    except (struct.error, zlib.error, ValueError, KeyError, StopIteration) as error:
        raise TrainingError(f"{path}: is damaged or cut short ({error!r}): get it again") from None
    raise TrainingError(f"{path}: has no matrix {name}, but {', '.join(names) or 'none at all'}: get it again")


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of one element after the other; small ones have both in eight bytes."""
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from(order + "II", data, place)
        if kind >> 16:
            yield kind & 0xFFFF, data[place + 4 : place + 4 + (kind >> 16)]
            place += 8
            continue
        content = data[place + 8 : place + 8 + size]
        if len(content) < size:
            raise ValueError(f"an element of {size} bytes has {len(content)}")
        yield kind, content
        place += 8 + size + (0 if kind == COMPRESSED else -size % 8)
