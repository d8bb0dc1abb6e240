"""From the bytes of a compressed camera message to an array; neither ROS nor files.

`decode_compressed` and `decode_compressed_depth` take the fields of a ``sensor_msgs/CompressedImage``, `decode_picture`
the content of a file. A picture that is damaged is refused, never half a picture: what the libraries merely warn of is
an error here.
"""

from __future__ import annotations

import contextlib
import re
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

from depth_perception.pixel_formats import (
    FORMATS,
    Depth,
    PixelFormatError,
    Rgb,
    SampleRange,
    eight_bits,
    metres,
)
from depth_perception.rvl import decode_rvl

JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"

VIDEO = ("h264", "avc1", "h265", "hevc", "av1", "vp8", "vp9", "mpeg", "theora", "ffmpeg", "x264", "x265")
"""What formats of video have in their names: their pictures depend on those before."""
_VIDEO_STARTS = (b"\x00\x00\x00\x01", b"\x00\x00\x01")
"""Of a unit of H.264 and H.265."""

MOST_PIXELS = 100_000_000
"""A picture that says it has more is refused before memory is asked for it."""
MOST_PADDING = 16
"""Bytes that cameras put between the last pixel of a jpeg and its end; libjpeg warns of them, the picture is whole."""

_TRANSPORT_HEADER = struct.Struct("<iff")
"""Before the picture of image_transport's compressedDepth: kind, and a and b of 32FC1, whose depth is a / (pixel - b).
"""
_RVL_HEADER = struct.Struct("<II")
"""Columns and rows."""


def decode_compressed(data: Any, description: str = "", samples: SampleRange | None = None) -> Rgb:
    """RGB ``[height, width, 3]`` of the data of a ``sensor_msgs/CompressedImage`` (jpeg, png, whatever OpenCV reads).

    It is not turned as its metadata may say, nor does image_transport do that: the calibration is of these pixels.

    Args:
        description: The message's ``format``. image_transport's, such as ``rgb8; jpeg compressed bgr8``, says which
            encoding the image had, and in which order its colours were encoded.
        samples: Of the camera's 16-bit images so far; None judges each by itself.

    Raises: `PixelFormatError` if the data is not a complete picture.
    """
    _refuse_what_is_no_picture(bytes(memoryview(data)[:4]), description)
    encoding, _, compression = (part.strip() for part in description.partition(";"))
    pixels = _pixels(data)
    if encoding.startswith("bayer_") and pixels.ndim == 2:
        form = FORMATS.get(encoding)
        if form is None or form.conversion is None:
            raise PixelFormatError(f"compressed image has the encoding '{encoding}', which cannot be read")
        return np.asarray(cv2.cvtColor(eight_bits(pixels, samples), form.conversion), np.uint8)
    swapped = encoding.startswith(("rgb", "bgr")) and compression and "compressed bgr" not in compression
    return _rgb(pixels, samples, swapped=bool(swapped))


def decode_picture(data: bytes, samples: SampleRange | None = None) -> Rgb:
    """RGB ``[height, width, 3]`` of the content of a picture's file, its pixels as they are stored: not turned.

    Raises: `PixelFormatError` if it is not a complete picture.
    """
    return _rgb(_pixels(data), samples)


def is_turned(data: bytes) -> bool:
    """Whether the metadata of a picture that `decode_picture` takes have it shown turned or mirrored."""
    buffer, small = np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8
    shown, stored = (cv2.imdecode(buffer, small | how) for how in (0, cv2.IMREAD_IGNORE_ORIENTATION))
    return shown is not None and stored is not None and not np.array_equal(shown, stored)


def decode_compressed_depth(data: Any, description: str = "") -> Depth:
    """Depth in metres ``[height, width]`` of the data of a ``sensor_msgs/CompressedImage``, NaN where there is none.

    Takes a 16-bit png in millimetres (0: none), and what image_transport's compressedDepth makes of 16UC1 and 32FC1,
    png or rvl.

    Args:
        description: The message's ``format``.

    Raises: `PixelFormatError` if the data is not such a picture.
    """
    buffer = np.frombuffer(data, np.uint8)
    is_transport = "compressedDepth" in description
    if is_transport and buffer.size <= _TRANSPORT_HEADER.size:
        raise PixelFormatError(f"compressed depth has {buffer.size} bytes, expected a header and a picture")
    picture = buffer[_TRANSPORT_HEADER.size :] if is_transport else buffer
    is_rvl = is_transport and "compressedDepth rvl" in description
    pixels = _rvl(picture.tobytes()) if is_rvl else _pixels(picture)
    if pixels.ndim != 2 or pixels.dtype != np.uint16:
        raise PixelFormatError(
            f"compressed depth is {pixels.dtype} of shape {pixels.shape}, expected a 16-bit grey png in millimetres"
        )
    if is_transport and description.startswith("32FC1"):
        _, a, b = _TRANSPORT_HEADER.unpack(buffer[: _TRANSPORT_HEADER.size].tobytes())
        with np.errstate(divide="ignore"):
            return metres(np.where(pixels == 0, np.nan, a / (pixels.astype(np.float64) - b)))
    return metres(pixels)


def _refuse_what_is_no_picture(start: bytes, description: str) -> None:
    low = description.lower()
    if "compresseddepth" in low:
        raise PixelFormatError(
            f"compressed image is depth (format '{description}'), expected a camera's picture: subscribe to its image"
        )
    if any(name in low for name in VIDEO) or start.startswith(_VIDEO_STARTS):
        raise PixelFormatError(
            f"compressed image is a piece of a video (format '{description}'), which cannot be decoded by itself:"
            " record or republish it as jpeg or png (image_transport's compressed), or as raw images"
        )


def _rgb(pixels: npt.NDArray, samples: SampleRange | None, *, swapped: bool = False) -> Rgb:
    """Of what a picture holds: grey, or colours as RGB (with `swapped`, as BGR), with or without alpha."""
    pixels = eight_bits(pixels, samples)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    pixels = pixels[..., :3]
    return np.ascontiguousarray(pixels[..., ::-1] if swapped else pixels)


def _pixels(data: Any) -> npt.NDArray:
    """``[height, width]`` or ``[height, width, 3 or 4]`` as RGB(A), of 8 or 16 bits."""
    buffer = np.frombuffer(data, np.uint8)
    start = buffer[:8].tobytes()
    if start.startswith(JPEG):
        return _decode_jpeg(buffer.tobytes())
    if start == PNG:
        if buffer.size >= 24:
            _check_size(*struct.unpack(">II", buffer[16:24].tobytes()))
        _check_png(buffer.data)
    pixels = None
    if buffer.size:
        with contextlib.suppress(cv2.error):
            pixels = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)  # neither turned nor converted
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise PixelFormatError(
            f"compressed image, whose data begins with {start[:4].hex(' ') or 'nothing'}, is not a complete picture"
            " that can be decoded"
        )
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    return np.asarray(pixels)


def _check_png(data: memoryview) -> None:
    """All its pieces are there, with the sums that they should have: libpng tells the terminal alone what is wrong."""
    place = len(PNG)
    while place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 8 + length
        if end + 4 > len(data) or zlib.crc32(data[place + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            break
        if name == b"IEND":
            return
        place = end + 4
    raise PixelFormatError("compressed image is not a complete picture: its png is damaged or cut short")


def _decode_jpeg(data: bytes) -> npt.NDArray[np.uint8]:
    """OpenCV fills in what is damaged, and says so only to the terminal; simplejpeg takes libjpeg's word for it."""
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data, strict=True)
        _check_size(width, height)
        options = {"colorspace": "GRAY" if space == "Gray" else "RGB", "fastdct": False, "fastupsample": False}
        try:
            pixels = simplejpeg.decode_jpeg(data, **options)
        except ValueError as error:
            if not _is_padding(str(error)):
                raise
            pixels = simplejpeg.decode_jpeg(data, **options, strict=False)
    except ValueError as error:
        raise PixelFormatError(f"compressed image is not a complete picture: its jpeg is damaged ({error})") from None
    return pixels[..., 0] if space == "Gray" else pixels


def _is_padding(warning: str) -> bool:
    """Whether the first thing that libjpeg warns of is a few bytes between the last pixel and the end (marker d9)."""
    found = re.search(r"(\d+) extraneous bytes before marker 0xd9", warning)
    return found is not None and int(found[1]) <= MOST_PADDING


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PixelFormatError(f"compressed image says it is {width}x{height}, expected at most {MOST_PIXELS} pixels")


def _rvl(data: bytes) -> npt.NDArray[np.uint16]:
    if len(data) < _RVL_HEADER.size:
        raise PixelFormatError(f"compressed depth has {len(data)} bytes of rvl, expected its size and pixels")
    columns, rows = _RVL_HEADER.unpack_from(data)
    _check_size(columns, rows)
    pixels = decode_rvl(data[_RVL_HEADER.size :], columns * rows)
    if pixels is None or not pixels.size:
        raise PixelFormatError(f"compressed depth is rvl of {columns}x{rows} pixels, and damaged or cut short")
    return pixels.reshape(rows, columns)
