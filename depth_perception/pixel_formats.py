"""From the bytes of a camera message to an array, for every encoding that is taken; neither ROS nor files.

`decode_image` and `decode_depth` read ``sensor_msgs/Image``, `decode_compressed` and `decode_compressed_depth` read
``sensor_msgs/CompressedImage``; all take the fields of the message, so that messages of rclpy and of a bag do alike.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError

Rgb = npt.NDArray[np.uint8]
Depth = npt.NDArray[np.float32]


_TRANSPORT_HEADER = struct.Struct("<iff")
"""Before the png of image_transport's compressedDepth: kind, and a and b of 32FC1, whose depth is a / (pixel - b)."""


class PixelFormatError(DepthPerceptionError):
    """Image data that does not fit its own description, or an encoding nobody here can read."""


@dataclass(frozen=True)
class _Format:
    """How one encoding lies in memory, and the OpenCV conversion that makes RGB of it (None: it is RGB)."""

    dtype: str
    channels: int
    conversion: int | None


FORMATS = {
    "rgb8": _Format("u1", 3, None),
    "bgr8": _Format("u1", 3, cv2.COLOR_BGR2RGB),
    "rgba8": _Format("u1", 4, cv2.COLOR_RGBA2RGB),
    "bgra8": _Format("u1", 4, cv2.COLOR_BGRA2RGB),
    "mono8": _Format("u1", 1, cv2.COLOR_GRAY2RGB),
    "rgb16": _Format("u2", 3, None),
    "bgr16": _Format("u2", 3, cv2.COLOR_BGR2RGB),
    "mono16": _Format("u2", 1, cv2.COLOR_GRAY2RGB),
    "yuv422": _Format("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": _Format("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": _Format("u1", 2, cv2.COLOR_YUV2RGB_YUYV),
    "yuyv": _Format("u1", 2, cv2.COLOR_YUV2RGB_YUYV),
    # OpenCV's short Bayer names describe the second row; these long ones describe the first, as ROS does.
    "bayer_rggb8": _Format("u1", 1, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr8": _Format("u1", 1, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg8": _Format("u1", 1, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg8": _Format("u1", 1, cv2.COLOR_BayerGRBG2RGB),
    "bayer_rggb16": _Format("u2", 1, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr16": _Format("u2", 1, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg16": _Format("u2", 1, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg16": _Format("u2", 1, cv2.COLOR_BayerGRBG2RGB),
}
"""What `decode_image` takes, by the names of sensor_msgs/image_encodings. Of 16 bits the upper eight are used."""

DEPTH_FORMATS = {"32FC1": "f4", "16UC1": "u2", "mono16": "u2"}
"""What `decode_depth` takes (REP-118): metres, or millimetres with 0 for none."""


def decode_image(encoding: str, width: int, height: int, step: int, data: Any, is_bigendian: bool | int = False) -> Rgb:
    """RGB ``[height, width, 3]`` of the fields of a ``sensor_msgs/Image``.

    Args:
        step: bytes a row, padding included.
        data: anything with the buffer protocol. The result of ``rgb8`` is a view of it, not a copy.

    Raises: `PixelFormatError` if the encoding is not in `FORMATS`, or if size, step and data contradict each other.
    """
    form = FORMATS.get(encoding)
    if form is None:
        raise PixelFormatError(f"image encoding '{encoding}' cannot be read, expected one of {', '.join(FORMATS)}")
    if form.channels == 2 and width % 2:
        raise PixelFormatError(f"{encoding} image is {width} pixels wide, expected an even number")
    pixels = _pixels(encoding, form.dtype, form.channels, width, height, step, data, is_bigendian)
    if form.dtype == "u2":
        pixels = (pixels >> 8).astype(np.uint8)
    if form.conversion is None:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, form.conversion), np.uint8)


def decode_depth(
    encoding: str, width: int, height: int, step: int, data: Any, is_bigendian: bool | int = False
) -> Depth:
    """Depth in metres ``[height, width]`` of the fields of a ``sensor_msgs/Image``, NaN where there is none.

    Raises: `PixelFormatError` if the encoding is not in `DEPTH_FORMATS`, or size, step and data contradict each other.
    """
    dtype = DEPTH_FORMATS.get(encoding)
    if dtype is None:
        raise PixelFormatError(f"depth encoding '{encoding}' cannot be read, expected 32FC1 (m) or 16UC1 (mm)")
    pixels = _pixels(encoding, dtype, 1, width, height, step, data, is_bigendian)
    return metres(pixels)


def decode_compressed(data: Any) -> Rgb:
    """RGB ``[height, width, 3]`` of the data of a ``sensor_msgs/CompressedImage`` (jpeg, png, whatever OpenCV reads).

    Raises: `PixelFormatError` if the data is not a complete picture.
    """
    return np.asarray(cv2.cvtColor(_imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def decode_compressed_depth(data: Any, description: str = "") -> Depth:
    """Depth in metres ``[height, width]`` of the data of a ``sensor_msgs/CompressedImage``, NaN where there is none.

    Takes a 16-bit png in millimetres (0: none), and what image_transport's compressedDepth makes of 16UC1 and 32FC1.

    Args:
        description: The message's ``format``.

    Raises: `PixelFormatError` if the data is not such a picture.
    """
    buffer = np.frombuffer(data, np.uint8)
    is_transport = "compressedDepth" in description
    if is_transport and buffer.size <= _TRANSPORT_HEADER.size:
        raise PixelFormatError(f"compressed depth has {buffer.size} bytes, expected a header and a picture")
    pixels = _imdecode(buffer[_TRANSPORT_HEADER.size :] if is_transport else buffer, cv2.IMREAD_UNCHANGED)
    if pixels.ndim != 2 or pixels.dtype != np.uint16:
        raise PixelFormatError(
            f"compressed depth is {pixels.dtype} of shape {pixels.shape}, expected a 16-bit grey png in millimetres"
        )
    if is_transport and description.startswith("32FC1"):
        _, a, b = _TRANSPORT_HEADER.unpack(buffer[: _TRANSPORT_HEADER.size].tobytes())
        with np.errstate(divide="ignore"):
            return np.where(pixels == 0, np.nan, a / (pixels.astype(np.float64) - b)).astype(np.float32)
    return metres(pixels)


def metres(pixels: npt.NDArray) -> Depth:
    """Depth in metres of what a depth image holds: uint16 millimetres with 0 for none, or float metres already."""
    if pixels.dtype != np.uint16:
        return pixels.astype(np.float32)
    depth = pixels.astype(np.float32) * np.float32(1e-3)
    depth[pixels == 0] = np.nan
    return depth


def _pixels(
    encoding: str, dtype: str, channels: int, width: int, height: int, step: int, data: Any, is_bigendian: bool | int
) -> npt.NDArray:
    """The pixels ``[height, width(, channels)]`` in this machine's byte order: a view wherever that is possible."""
    kind = np.dtype(dtype).newbyteorder(">" if is_bigendian else "<")
    if width <= 0 or height <= 0:
        raise PixelFormatError(f"image size is {width}x{height}, expected positive numbers")
    row = width * channels * kind.itemsize
    if step < row or step % kind.itemsize:
        raise PixelFormatError(f"step is {step} bytes, a row of {width} {encoding} pixels takes {row}")
    flat = np.frombuffer(data, np.uint8)
    if flat.size != step * height:
        raise PixelFormatError(
            f"data has {flat.size} bytes, expected {step * height}: {height} rows of {step} bytes ({encoding})"
        )
    shape: tuple[int, ...] = (height, width, channels)
    strides: tuple[int, ...] = (step, channels * kind.itemsize, kind.itemsize)
    if channels == 1:
        shape, strides = shape[:2], strides[:2]
    return np.ndarray(shape, kind, buffer=flat.data, strides=strides).astype(kind.newbyteorder("="), copy=False)


def _imdecode(data: Any, flags: int) -> npt.NDArray:
    buffer = np.frombuffer(data, np.uint8)
    pixels = None
    if buffer.size and not _is_cut_jpeg(buffer):
        with contextlib.suppress(cv2.error):
            pixels = cv2.imdecode(buffer, flags)
    if pixels is None:
        raise PixelFormatError(f"compressed image ({buffer.size} bytes) is not a complete picture that can be decoded")
    return pixels


def _is_cut_jpeg(buffer: npt.NDArray[np.uint8]) -> bool:
    """A jpeg that ends early: OpenCV would answer it with a picture that is grey from there on."""
    return buffer[:2].tobytes() == b"\xff\xd8" and b"\xff\xd9" not in buffer.tobytes()
