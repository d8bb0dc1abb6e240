"""sensor_msgs/Image and CompressedImage to arrays and back."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
from rclpy.lifecycle import LifecyclePublisher
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from std_msgs.msg import Header

from depth_perception.compressed_formats import decode_compressed
from depth_perception.message_fields import image_fields
from depth_perception.pixel_formats import FORMATS, PixelFormatError, SampleRange, decode_depth, decode_image


def image_from_message(message: Image | CompressedImage, samples: SampleRange | None = None) -> npt.NDArray[np.uint8]:
    """RGB ``[height, width, 3]``, for ``rgb8`` a view of the message's own memory.

    Args:
        samples: Of the camera's 16-bit images so far; None judges each by itself.

    Encodings that this package does not know itself go through ``cv_bridge`` where ROS has it.

    Raises: `PixelFormatError` if the message contradicts itself or has an encoding that is not taken.
    """
    if isinstance(message, CompressedImage):
        return decode_compressed(message.data, message.format, samples)
    if message.encoding not in FORMATS and find_spec("cv_bridge"):
        return _through_cv_bridge(message)
    return decode_image(
        message.encoding, message.width, message.height, message.step, message.data, message.is_bigendian, samples
    )


def _through_cv_bridge(message: Image) -> npt.NDArray[np.uint8]:
    from cv_bridge import CvBridge, CvBridgeError

    try:
        return np.asarray(CvBridge().imgmsg_to_cv2(message, "rgb8"), np.uint8)
    except (CvBridgeError, RuntimeError, ValueError, TypeError) as error:  # the last three: of its bindings
        raise PixelFormatError(
            f"image encoding '{message.encoding}' can be read neither here nor by cv_bridge ({error})"
        ) from None


def depth_from_message(message: Image) -> npt.NDArray[np.float32]:
    """Depth in metres ``[height, width]`` (REP-118), NaN where there is none.

    Raises: `PixelFormatError` if the message contradicts itself or is no depth image.
    """
    return decode_depth(
        message.encoding, message.width, message.height, message.step, message.data, message.is_bigendian
    )


def message_from_image(pixels: npt.NDArray, encoding: str, header: Header, into: Image | None = None) -> Image:
    """The message of an array ``[height, width(, channels)]`` whose bytes are already what the encoding says.

    Args:
        into: A message that has been published and may be written over (see `write_data`); None makes a new one.
    """
    message = Image() if into is None else into
    message.header = header
    for name, value in image_fields(pixels, encoding).items():
        setattr(message, name, value)
    write_data(message, pixels)
    return message


class ImageOutput:
    """A topic of images of one encoding, with a message whose memory is used again for every image.

    Attributes:
        is_wanted: Whether anybody subscribes to it.
    """

    def __init__(self, publisher: LifecyclePublisher, encoding: str) -> None:
        self._publisher = publisher
        self._encoding = encoding
        self._message = Image()

    @property
    def is_wanted(self) -> bool:
        return self._publisher.get_subscription_count() > 0

    def publish(self, pixels: npt.NDArray, header: Header) -> None:
        """Publishes an array as `message_from_image` takes it."""
        self._publisher.publish(message_from_image(pixels, self._encoding, header, self._message))


def write_data(message: Image | PointCloud2, values: npt.NDArray) -> None:
    """Writes the bytes of an array into the message's data, in the memory it has if that is as large."""
    np.copyto(data_of(message, values.shape, values.dtype), values)


def data_of(message: Image | PointCloud2, shape: Sequence[int], dtype: npt.DTypeLike) -> npt.NDArray:
    """The message's data as an array to write into, in the memory it has if that is as large.

    Fresh memory for every large message costs several times the copy; and whatever is assigned that is not an
    ``array("B")`` costs up to 500 ms, because rclpy looks at every byte.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if len(message.data) != size:
        message.data = array("B", bytes(size))
    return np.frombuffer(message.data, dtype).reshape(shape)
