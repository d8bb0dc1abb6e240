"""Depth compressed by run lengths and differences.

Source: Wilson, "Fast Lossless Depth Image Compression", ISS 2017; as image_transport's compressedDepth stores it. A row
of numbers in pieces of three bits, most significant piece last, each in a nibble whose highest bit says that more
follow; eight nibbles a little-endian word, first one highest. The numbers are, in turn: how many pixels are zero, how
many are not, and of each of these the difference to the one before, with its sign in the lowest bit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def decode_rvl(data: bytes, count: int) -> npt.NDArray[np.uint16] | None:
    """The `count` pixels, uint16; None if the data holds fewer, or more than it says."""
    numbers = _numbers(data)
    pixels = np.zeros(count, np.int64)
    place, pixel, before = 0, 0, 0
    while pixel < count:
        if place + 2 > len(numbers):
            return None
        zeros, values = int(numbers[place]), int(numbers[place + 1])
        start, place = place + 2, place + 2 + values
        pixel += zeros
        if place > len(numbers) or pixel + values > count or zeros + values == 0:
            return None
        coded = numbers[start:place]
        steps = (coded >> 1) ^ -(coded & 1)
        if values:
            pixels[pixel : pixel + values] = before + np.cumsum(steps)
            before = int(pixels[pixel + values - 1])
        pixel += values
    return pixels.astype(np.uint16)  # differences wrap


def _numbers(data: bytes) -> npt.NDArray[np.int64]:
    """None at all if one of them is longer than 32 bits."""
    words = np.frombuffer(data[: len(data) // 4 * 4], "<u4")
    nibbles = ((words[:, None] >> np.arange(28, -4, -4, np.uint32)) & 15).reshape(-1).astype(np.int64)
    ends = np.flatnonzero(nibbles < 8)
    lengths = np.diff(ends, prepend=-1)
    if not len(ends) or lengths.max() > 11:
        return np.zeros(0, np.int64)
    starts = ends - lengths + 1
    places = np.arange(ends[-1] + 1) - np.repeat(starts, lengths)
    return np.add.reduceat((nibbles[: ends[-1] + 1] & 7) << 3 * places, starts)
