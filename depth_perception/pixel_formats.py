"""From the bytes of a camera message to an array, for every encoding that is taken; neither ROS nor files.

`decode_image` and `decode_depth` take the fields of a ``sensor_msgs/Image``, so that messages of rclpy and of a bag do
alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError

Rgb = npt.NDArray[np.uint8]
Depth = npt.NDArray[np.float32]


class PixelFormatError(DepthPerceptionError):
    """Image data that does not fit its own description, or an encoding nobody here can read."""


@dataclass(frozen=True)
class _Format:
    """How one encoding lies in memory, and the OpenCV conversion that makes RGB of it (None: it is RGB).

    Attributes:
        shares: pixels across and down that have one colour between them.
        planes: as how many pictures it lies there, if not as one: grey, and below it the colours, half as many rows.
    """

    dtype: str
    channels: int
    conversion: int | None
    shares: tuple[int, int] = (1, 1)
    planes: Literal["", "two", "three"] = ""


FORMATS = {
    "rgb8": _Format("u1", 3, None),
    "bgr8": _Format("u1", 3, cv2.COLOR_BGR2RGB),
    "rgba8": _Format("u1", 4, cv2.COLOR_RGBA2RGB),
    "bgra8": _Format("u1", 4, cv2.COLOR_BGRA2RGB),
    "mono8": _Format("u1", 1, cv2.COLOR_GRAY2RGB),
    # OpenCV's own names say nothing of colours: they are in its order, blue first.
    "8UC1": _Format("u1", 1, cv2.COLOR_GRAY2RGB),
    "8UC3": _Format("u1", 3, cv2.COLOR_BGR2RGB),
    "rgb16": _Format("u2", 3, None),
    "bgr16": _Format("u2", 3, cv2.COLOR_BGR2RGB),
    "mono16": _Format("u2", 1, cv2.COLOR_GRAY2RGB),
    "yuv422": _Format("u1", 2, cv2.COLOR_YUV2RGB_UYVY, (2, 1)),
    "uyvy": _Format("u1", 2, cv2.COLOR_YUV2RGB_UYVY, (2, 1)),
    "yuv422_yuy2": _Format("u1", 2, cv2.COLOR_YUV2RGB_YUYV, (2, 1)),
    "yuyv": _Format("u1", 2, cv2.COLOR_YUV2RGB_YUYV, (2, 1)),
    "nv12": _Format("u1", 1, cv2.COLOR_YUV2RGB_NV12, (2, 2), "two"),
    "nv21": _Format("u1", 1, cv2.COLOR_YUV2RGB_NV21, (2, 2), "two"),
    "yuv420": _Format("u1", 1, cv2.COLOR_YUV2RGB_I420, (2, 2), "three"),
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
"""What `decode_image` takes, by the names of sensor_msgs/image_encodings."""

DEPTH_FORMATS = {"32FC1": "f4", "16UC1": "u2", "mono16": "u2"}
"""What `decode_depth` takes (REP-118): metres, or millimetres with 0 for none."""


class SampleRange:
    """How many of their 16 bits the samples of a camera use, from what it has sent: many sensors have 10, 12 or 14.

    Attributes:
        bits: So far; it only grows, so that a dark image is not brighter than the one before.
    """

    _WIDTHS = (8, 10, 12, 14, 16)
    _SPOT = np.ones((2, 2), np.uint8)
    """What is bright covers as much at least: a pixel of a sensor that is hot alone says nothing of its bits."""

    def __init__(self) -> None:
        self.bits = self._WIDTHS[0]

    def upper_eight(self, samples: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
        """The upper eight of the bits that are used; 255 of what is beyond them."""
        used = int(cv2.erode(samples, self._SPOT).max(initial=0)).bit_length()
        self.bits = max(self.bits, next(width for width in self._WIDTHS if width >= used))
        return np.minimum(samples >> (self.bits - 8), 255).astype(np.uint8)


def eight_bits(pixels: npt.NDArray, samples: SampleRange | None = None) -> npt.NDArray[np.uint8]:
    """Pixels of 8 or 16 bits with 8.

    Args:
        samples: Of the camera's images so far; None judges the image by itself.
    """
    if pixels.dtype != np.uint16:
        return pixels
    return (samples or SampleRange()).upper_eight(pixels)


def decode_image(
    encoding: str,
    width: int,
    height: int,
    step: int,
    data: Any,
    is_bigendian: bool | int = False,
    samples: SampleRange | None = None,
) -> Rgb:
    """RGB ``[height, width, 3]`` of the fields of a ``sensor_msgs/Image``.

    Args:
        step: bytes a row, padding included.
        data: anything with the buffer protocol. The result of ``rgb8`` is a view of it, not a copy.
        samples: of the camera's 16-bit images so far; None judges each by itself.

    Raises: `PixelFormatError` if the encoding is not in `FORMATS`, or if size, step and data contradict each other.
    """
    form = FORMATS.get(encoding)
    if form is None:
        raise PixelFormatError(f"image encoding '{encoding}' cannot be read, expected one of {', '.join(FORMATS)}")
    across, down = form.shares
    if width % across:
        raise PixelFormatError(f"{encoding} image is {width} pixels wide, expected an even number")
    if height % down:
        raise PixelFormatError(f"{encoding} image is {height} pixels high, expected an even number")
    if form.planes == "three" and step != width:
        raise PixelFormatError(f"{encoding} image has rows of {step} bytes, expected {width}: it bears no padding")
    rows = height * 3 // 2 if form.planes else height
    pixels = _pixels(encoding, form.dtype, form.channels, width, rows, step, data, is_bigendian)
    pixels = eight_bits(pixels, samples)
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


def metres(pixels: npt.NDArray) -> Depth:
    """Depth in metres of what a depth image holds: uint16 millimetres, or float metres already.

    What is not above 0 says that there is none, and becomes NaN; only -inf stays, which says "too close" (REP-117).
    """
    depth = pixels.astype(np.float32)
    if pixels.dtype == np.uint16:
        depth *= np.float32(1e-3)
    depth[(depth <= 0) & (depth != -np.inf)] = np.nan
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
