"""Images of one camera that are no recording: a picture, a folder of them, a video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from depth_perception.compressed_formats import decode_picture, is_turned
from depth_perception.pixel_formats import PixelFormatError, Rgb, SampleRange
from depth_perception.recordings.errors import RecordingError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".tif", ".tiff", ".webp")

MOST_MISSING = 0.02
"""Share of the frames that a video promises and need not have: of some containers their number is an estimate."""


@dataclass(frozen=True)
class Picture:
    """One of them, decoded when it is asked for: one that is damaged costs only itself.

    Attributes:
        name: for messages and for what is made of it; no two have the same.
        stamp: nanoseconds since the video began; None of pictures that nobody says belong together.
    """

    name: str
    stamp: int | None
    _decode: Callable[[], Rgb] = field(repr=False)
    _is_turned: Callable[[], bool] = field(repr=False)

    def decode(self) -> Rgb:
        """RGB ``[height, width, 3]``, as it is stored: not turned.

        Raises: `PixelFormatError` if it is damaged.
        """
        return self._decode()

    @property
    def is_turned(self) -> bool:
        """Whether metadata say, of one that can be decoded, that it is to be shown turned: then it may lie on its
        side.
        """
        return self._is_turned()


def pictures(path: str | Path) -> tuple[int, Iterator[Picture]]:
    """How many there are (0: nobody knows), and the pictures in order.

    Raises: `RecordingError` if there is none, or the path is nothing of the kind; of a video that breaks off, after
        its last picture.
    """
    path = Path(path)
    if not path.exists():
        raise RecordingError(f"{path}: there is no such picture, folder or video")
    if path.is_dir():
        files = sorted(item for item in path.iterdir() if item.suffix.lower() in SUFFIXES)
        if not files:
            raise RecordingError(f"{path}: holds neither a rosbag2 nor pictures ({', '.join(SUFFIXES)})")
        twins, samples = len({item.stem for item in files}) < len(files), SampleRange()
        return len(files), (_of_file(item, item.name if twins else item.stem, samples) for item in files)
    if path.suffix.lower() in SUFFIXES:
        return 1, iter([_of_file(path, path.stem, SampleRange())])
    video = open_video(path)
    if not video.isOpened():
        raise RecordingError(
            f"{path}: is neither a picture ({', '.join(SUFFIXES)}), nor a rosbag2, nor a video that OpenCV can read"
        )
    return max(0, int(video.get(cv2.CAP_PROP_FRAME_COUNT))), _frames(video, path)


def open_video(path: str | Path) -> cv2.VideoCapture:
    """A video whose frames come as they are stored, as pictures do: a calibration is of the pixels as they are."""
    video = cv2.VideoCapture(str(path))
    video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)  # else they would be turned as the file's metadata says
    return video


def stamps_of(video: cv2.VideoCapture) -> Callable[[int], int]:
    """Nanoseconds since an open video began, of its frames by their numbers."""
    rate = video.get(cv2.CAP_PROP_FPS) or 25.0
    return lambda number: round(number * 1e9 / rate)


def early_end(video: cv2.VideoCapture, number: int) -> str:
    """Why a video ended after `number` frames, where it promises more; empty if it has them all."""
    promised = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    if number == 0:
        code = int(video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("ascii", "replace")
        return (
            f"not one of its {promised} frames can be decoded, OpenCV knows no '{code}': convert it, for instance to"
            " H.264 in mp4"
        )
    if promised - number > max(1, MOST_MISSING * promised):
        return f"breaks off after {number} of {promised} frames: copy it again"
    return ""


def _of_file(path: Path, name: str, samples: SampleRange) -> Picture:
    def decode() -> Rgb:
        try:
            return decode_picture(path.read_bytes(), samples)
        except OSError as error:
            raise PixelFormatError(f"{path}: cannot be read ({error.strerror})") from None
        except PixelFormatError as error:
            raise PixelFormatError(f"{path}: {error}") from None

    return Picture(name, None, decode, lambda: is_turned(path.read_bytes()))


def _frames(video: cv2.VideoCapture, path: Path) -> Iterator[Picture]:
    stamp, index = stamps_of(video), 0
    turned = video.get(cv2.CAP_PROP_ORIENTATION_META) != 0
    while True:
        there, frame = video.read()
        if not there:
            reason = early_end(video, index)
            video.release()
            if reason:
                raise RecordingError(f"{path}: {reason}")
            return
        image = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
        yield Picture(f"{path.stem}_{index:06d}", stamp(index), partial(np.copy, image), lambda: turned)
        index += 1
