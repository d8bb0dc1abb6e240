"""Patches of real pictures, for surfaces to carry."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.recordings.pictures import open_video
from training.street.errors import StreetError

Image = npt.NDArray[np.uint8]

FRAMES, LAST = 16, 640
"""So many pictures of each folder, or of the first frames of each video, evenly spread."""
EDGE = (48, 260)
"""Smallest and largest edge of a patch, pixels."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


def cut_patches(rng: np.random.Generator, paths: tuple[str, ...], count: int) -> list[Image]:
    """Square patches ``[n, n, 3]``, RGB, from anywhere in videos or folders of pictures.

    Raises: `StreetError` for a path that is neither.
    """
    pictures = [picture for path in paths for picture in _pictures(path)]
    patches = []
    for _ in range(count if pictures else 0):
        picture = pictures[int(rng.integers(len(pictures)))]
        edge = min(int(rng.integers(*EDGE)), *picture.shape[:2])
        top, left = (int(rng.integers(0, size - edge + 1)) for size in picture.shape[:2])
        patches.append(picture[top : top + edge, left : left + edge])
    return patches


@lru_cache(maxsize=4)
def _pictures(path: str) -> tuple[Image, ...]:
    place = Path(path)
    if place.is_dir():
        files = sorted(file for file in place.iterdir() if file.suffix.lower() in SUFFIXES)
        chosen = files[:: max(len(files) // FRAMES, 1)][:FRAMES]
        found = [cv2.imread(str(file)) for file in chosen]
    else:
        found = []
        video = open_video(path)
        stride = max(min(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), LAST) // FRAMES, 1)
        while len(found) < FRAMES and video.grab():  # a jump decodes all since the last key frame, and is no quicker
            found.append(video.retrieve()[1])
            for _ in range(stride - 1):
                video.grab()
        video.release()
    pictures = tuple(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in found if picture is not None)
    if not pictures:
        raise StreetError(f"{path}: holds no pictures to cut patches from: give a video or a folder of pngs or jpegs")
    return tuple(np.asarray(picture, np.uint8) for picture in pictures)
