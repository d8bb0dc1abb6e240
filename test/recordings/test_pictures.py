"""Pictures, folders of them and videos: the pixels as they are stored."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from helpers.recordings import picture
from helpers.turned import MATRICES, write_turned_video

from depth_perception.recordings.pictures import pictures


@pytest.mark.parametrize("degrees", MATRICES)
def test_no_video_is_turned(tmp_path, degrees):
    path = tmp_path / "drive.mp4"
    write_turned_video(path, degrees)
    seen = next(pictures(path)[1]).decode()
    assert seen.shape == (32, 64, 3)
    assert np.abs(seen.astype(int) - picture(0, 64, 32)).mean() < 8


def test_a_dark_picture_of_a_folder_stays_dark(tmp_path):
    for name, value in (("a", 4000), ("b", 400)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((32, 64), value, np.uint16))
    assert [int(item.decode().max()) for item in pictures(tmp_path)[1]] == [250, 25]
