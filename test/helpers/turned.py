"""Pictures and videos whose metadata say that they are to be shown turned."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2

from helpers.recordings import picture

MATRICES = {
    90: (0, 1 << 16, 0, -1 << 16, 0, 0, 32 << 16, 0, 1 << 30),
    180: (-1 << 16, 0, 0, 0, -1 << 16, 0, 64 << 16, 32 << 16, 1 << 30),
}
"""Those that mp4 has for it, by degrees."""


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The same jpeg with a tag that says how to turn it."""
    tag = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\x00\x00II*\x00" + struct.pack("<IH", 8, 1) + tag + struct.pack("<I", 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def write_turned_video(path: Path, degrees: int) -> None:
    """Three frames of 64x32, the pictures 0 to 2."""
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (64, 32))
    for index in range(3):
        video.write(picture(index, 64, 32))
    video.release()
    data = bytearray(path.read_bytes())
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, *MATRICES[degrees])
    path.write_bytes(data)
