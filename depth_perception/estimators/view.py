"""What the network sees of a camera: rectified, cropped to its aspect, resized, in one step."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.engines.camera_graph import Sampling
from depth_perception.errors import DepthPerceptionError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.lens import seen, source_pixels
from depth_perception.once import Once


class EstimatorError(DepthPerceptionError):
    """An image, depth map or model that an estimator cannot use."""


class NetworkView:
    """The pinhole view of `width` x `height` pixels that a network is given of a camera.

    It is the largest window of the rectified image plane that has the network's aspect, centred on the principal point
    and shifted only as far as it needs to stay inside the image. Its pixels are square whatever the camera's are, so
    that it has one focal length. Training reads real images through this same class.

    Convention:
        Optical axes and pixel centres as in `Camera`. The view looks along the camera's own optical axis: depth along
        that axis is the same number in both.

    Attributes:
        source: The camera whose images it takes.
        camera: The pinhole of the view, without distortion.
        valid: ``[height, width]`` bool, False where the camera saw nothing (a strongly distorted corner).
    """

    def __init__(self, camera: Camera, width: int, height: int, made: Once | None = None) -> None:
        """
        Args:
            made: What other views have made of the same images, so that it is not made again; the images are not
                written to then. None remembers nothing.
        """
        self.source = camera
        self._made = made
        self.camera = _view_camera(camera, width, height)
        columns, rows = source_pixels(camera, self.camera)
        self.valid = seen(camera, self.camera, columns, rows)
        self._nearest = cv2.convertMaps(columns, rows, cv2.CV_16SC2, nninterpolation=True)

        # Bilinear sampling at steps of two pixels and more would skip some: take a larger view, average its blocks.
        self._blocks = max(1, int(camera.fx / self.camera.fx))
        self._sampled = (width * self._blocks, height * self._blocks)
        if self._blocks > 1:
            columns, rows = source_pixels(camera, _view_camera(camera, *self._sampled))
        self._bilinear = cv2.convertMaps(columns, rows, cv2.CV_16SC2)
        self._same = self._sampled == (camera.width, camera.height) and _is_grid(*self._bilinear)

    def image(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The view of an image of the camera: uint8 RGB ``[source height, source width, 3]`` to ``[height, width, 3]``.

        Raises: `EstimatorError` if it is not such an image.
        """
        self.check(image)
        if self._made is None:
            view = self._rectified(image)
        else:
            view = self._made.of(image, (self.source, self._sampled), lambda: self._rectified(image))
        if self._blocks > 1:
            view = cv2.resize(view, (self.camera.width, self.camera.height), interpolation=cv2.INTER_AREA)
        return np.asarray(view, np.uint8)

    @property
    def sampling(self) -> Sampling:
        """What `image` does, for an engine that does it itself."""
        columns, rows = source_pixels(self.source, _view_camera(self.source, *self._sampled))
        return Sampling(self.source.width, self.source.height, columns, rows, self._blocks)

    def grey(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The view of an image of the camera without its colours: uint8 RGB ``[source height, source width, 3]`` to
        ``[height, width]``.

        Raises: `EstimatorError` if it is not such an image.
        """
        self.check(image)
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        view = self._rectified(grey)
        if self._blocks > 1:
            view = cv2.resize(view, (self.camera.width, self.camera.height), interpolation=cv2.INTER_AREA)
        return np.asarray(view, np.uint8)

    def check(self, image: npt.NDArray[np.uint8]) -> None:
        """Raises: `EstimatorError` if it is not an image of the camera."""
        expected = (self.source.height, self.source.width, 3)
        if image.shape != expected or image.dtype != np.uint8:
            raise EstimatorError(
                f"image is {image.dtype} {image.shape}, expected uint8 {expected} as the camera says:"
                " the calibration belongs to another resolution"
            )

    def _rectified(self, image: npt.NDArray[np.uint8]) -> npt.NDArray:
        if self._same:  # a camera whose images are rectified, and of the network's size
            return image.copy()
        # Replicated: the outermost half pixel of an enlarged image is no black frame; unseen pixels are in `valid`.
        return cv2.remap(image, *self._bilinear, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def depth(self, depth: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A true depth image of the camera, float32 metres ``[source height, source width]``, in the view.

        Takes the nearest pixel, never a mean over an edge; NaN where the camera saw nothing.

        Raises: `EstimatorError` if it is not such a depth image.
        """
        expected = (self.source.height, self.source.width)
        if depth.shape != expected or depth.dtype != np.float32:
            raise EstimatorError(
                f"depth is {depth.dtype} {depth.shape}, expected float32 {expected} as the camera says"
            )
        view = cv2.remap(depth, *self._nearest, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        view[~self.valid] = np.nan
        return np.asarray(view, np.float32)


def _is_grid(pixels: npt.NDArray, between: npt.NDArray) -> bool:
    """Whether maps of `cv2.convertMaps` leave every pixel where it is."""
    return not between.any() and np.array_equal(pixels, np.indices(between.shape)[::-1].transpose(1, 2, 0))


def _view_camera(camera: Camera, width: int, height: int) -> Camera:
    # The rectified image plane at z = 1, from the outer edge of the first pixel to that of the last.
    left, right = (-0.5 - camera.cx) / camera.fx, (camera.width - 0.5 - camera.cx) / camera.fx
    top, bottom = (-0.5 - camera.cy) / camera.fy, (camera.height - 0.5 - camera.cy) / camera.fy
    pixel = min((right - left) / width, (bottom - top) / height)
    window_left = min(max(-0.5 * pixel * width, left), right - pixel * width)
    window_top = min(max(-0.5 * pixel * height, top), bottom - pixel * height)
    return Camera(width, height, 1 / pixel, 1 / pixel, -window_left / pixel - 0.5, -window_top / pixel - 0.5)
