"""Images on disk, read when they are asked for; one that is damaged is named, never half a picture."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.compressed_formats import decode_picture
from depth_perception.geometry.camera import Camera
from depth_perception.pixel_formats import PixelFormatError, SampleRange
from training.errors import TrainingError

SUFFIXES = (".png", ".jpg", ".jpeg")
PNG, JPEG = b"\x89PNG", b"\xff\xd8"


@dataclass(frozen=True)
class ImageFiles:
    """A row of image files of one camera, as a sequence of images.

    Attributes:
        paths: in order of time.
        camera: of the images as they are handed out.
        cut: rows at the bottom of the files that are not handed out: a bonnet moves with the camera.
    """

    paths: Sequence[Path]
    camera: Camera
    cut: int = 0

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> npt.NDArray[np.uint8]:
        path = self.paths[index]
        image = read_image(path)
        expected = (self.camera.height + self.cut, self.camera.width)
        if image.shape[:2] != expected:
            raise TrainingError(
                f"{path}: is {image.shape[1]}x{image.shape[0]}, its calibration says {expected[1]}x{expected[0]}:"
                " use the files at the size they were published in"
            )
        return image[: self.camera.height]


def read_image(path: Path, samples: SampleRange | None = None) -> npt.NDArray[np.uint8]:
    """RGB ``[H, W, 3]`` of a png, jpeg or ppm, grey ones included, as it is stored: an orientation in a phone's picture
    is not applied, the calibration is of the sensor's pixels.

    Args:
        samples: of the camera's 16-bit images so far; None judges each by itself.

    Raises: `TrainingError` if it is missing, damaged or cut short.
    """
    data = _bytes(path)
    if not _is_whole(data):
        raise _damaged(path, data)
    try:
        return decode_picture(data, samples)
    except PixelFormatError:
        raise _damaged(path, data) from None


def read_16_bit(path: Path) -> npt.NDArray[np.uint16]:
    """``[H, W]`` of a 16-bit grey png or pgm, as depth and disparity are kept.

    Raises: `TrainingError` if it is missing, damaged, cut short, or has been converted to 8 bits.
    """
    image = _decoded(path, cv2.IMREAD_UNCHANGED)
    if image.dtype != np.uint16 or image.ndim != 2:
        raise TrainingError(f"{path}: is {image.dtype} {image.shape}, expected a 16-bit grey png: use the original")
    return image.astype(np.uint16, copy=False)


def read_8_bit(path: Path) -> npt.NDArray[np.uint8]:
    """``[H, W]`` of an 8-bit grey png, as classes are kept.

    Raises: `TrainingError` if it is missing, damaged, cut short, or shows classes in colours.
    """
    image = _decoded(path, cv2.IMREAD_UNCHANGED)
    if image.dtype != np.uint8 or image.ndim != 2:
        raise TrainingError(
            f"{path}: is {image.dtype} {image.shape}, expected an 8-bit grey png of class ids: give the ids, not their"
            " colours"
        )
    return image.astype(np.uint8, copy=False)


def image_size(path: Path) -> tuple[int, int]:
    """Width and height that a png or jpeg says it has, without decoding it.

    Raises: `TrainingError` if it is missing or neither.
    """
    data = _bytes(path)
    if data.startswith(PNG) and len(data) >= 24:
        width, height = struct.unpack_from(">II", data, 16)
        return width, height
    place = 2
    while data.startswith(JPEG) and place + 9 <= len(data) and data[place] == 0xFF:
        marker, size = data[place + 1], struct.unpack_from(">H", data, place + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame header, not a table
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 + size
    raise TrainingError(f"{path}: is neither a png nor a jpeg, or is cut short ({len(data)} bytes): get it again")


def image_paths(folder: Path) -> list[Path]:
    """The images of a folder in the order of the numbers in their names.

    ``frame_2`` is before ``frame_10``, a stamp of ``12.25`` before ``12.5``; ``scene_1.9`` before ``scene_1.10``.
    """
    found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    fractions = [match[1] for path in found for match in re.finditer(r"\d\.(\d+)", path.stem)]
    # A stamp that is printed with fewer digits where it ends in zeros never ends in one.
    are_counters = len({len(text) for text in fractions}) > 1 and any(re.search(r".0$", text) for text in fractions)
    number = re.compile(r"\d+" if are_counters else r"\d+(?:\.\d+)?")

    def key(path: Path) -> list[tuple[Decimal, str]]:
        parts = re.split(f"({number.pattern})", path.stem)
        return [(Decimal(part), "") if k % 2 else (Decimal(-1), part) for k, part in enumerate(parts)]

    return sorted(found, key=key)


def _decoded(path: Path, flags: int) -> npt.NDArray:
    data = _bytes(path)
    # OpenCV fills in what is missing of a file that is cut short, and says so only to the terminal.
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data and _is_whole(data) else None
    if image is None:
        raise _damaged(path, data)
    return np.asarray(image)


def _damaged(path: Path, data: bytes) -> TrainingError:
    return TrainingError(f"{path}: is damaged or cut short ({len(data)} bytes): get it again")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror}): get it again") from None


def _is_whole(data: bytes) -> bool:
    if data.startswith(PNG):
        return b"IEND" in data[-64:]
    if header := re.match(rb"P([56])\s+(\d+)\s+(\d+)\s+(\d+)\s", data):
        kind, width, height, largest = (int(group) for group in header.groups())
        return len(data) - header.end() >= width * height * (3 if kind == 6 else 1) * (1 if largest < 256 else 2)
    return True
