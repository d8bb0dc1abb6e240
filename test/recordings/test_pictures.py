"""Pictures, folders of them and videos: the pixels as they are stored."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from helpers.recordings import picture

from depth_perception.recordings.pictures import pictures

TURNED = {
    90: (0, 1 << 16, 0, -1 << 16, 0, 0, 32 << 16, 0, 1 << 30),
    180: (-1 << 16, 0, 0, 0, -1 << 16, 0, 64 << 16, 32 << 16, 1 << 30),
}
"""The matrices that mp4 has for it, by degrees."""


@pytest.mark.parametrize("degrees", TURNED)
def test_no_video_is_turned(tmp_path, degrees):
    path = tmp_path / "drive.mp4"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (64, 32))
    for index in range(3):
        video.write(picture(index, 64, 32))
    video.release()
    data = bytearray(path.read_bytes())
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, *TURNED[degrees])
    path.write_bytes(data)
    seen = next(pictures(path)[1]).decode()
    assert seen.shape == (32, 64, 3)
    assert np.abs(seen.astype(int) - picture(0, 64, 32)).mean() < 8


def test_a_dark_picture_of_a_folder_stays_dark(tmp_path):
    for name, value in (("a", 4000), ("b", 400)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((32, 64), value, np.uint16))
    assert [int(item.decode().max()) for item in pictures(tmp_path)[1]] == [250, 25]
