"""Snippets made different: mirrored, zoomed, rolled, and seen by another, worse camera.

All of it happens at full resolution, and down-sampling to what the network sees comes last (Dual Networks, section
4.5): the other order blurs the details, because what was cut out of a small image is enlarged again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.errors import TrainingError

Image = npt.NDArray[np.uint8]
Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True)
class Augmentation:
    """How much of what, and in which order; probabilities and ranges.

    Attributes:
        flip: probability of a mirror image.
        zoom: the largest; a window of 1/zoom of the image is cut out and enlarged, the focal length grows with it.
        shift: of the window's centre from the principal point, at most, as a share of its size. Robots centre it there,
            and a motion cannot be told from a principal point that is elsewhere: keep it small.
        turn: of the frames beside the middle one, about the vertical, at most, radians (see `training.data.turning`).
        roll: of all frames alike, about the optical axis, at most, radians: images rotate, depth stays.
        colour: 0 none, 1 strong: exposure, contrast, saturation, white balance, haze and gamma.
        gain: red, green and blue are multiplied with up to so much more or less than 1, each on its own.
        blur, noise, jpeg: probabilities of each.
        downsample_last: false reduces images to the samples' size before anything else, as was usual before the paper;
            to see the difference.
    """

    flip: float = 0.5
    zoom: float = 1.7
    shift: float = 0.06
    turn: float = 0.0
    roll: float = 0.0
    colour: float = 1.0
    gain: float = 0.0
    blur: float = 0.4
    noise: float = 0.4
    jpeg: float = 0.15
    downsample_last: bool = True

    def __post_init__(self) -> None:
        for name in ("flip", "blur", "noise", "jpeg"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise TrainingError(f"augmentation {name} is {getattr(self, name)}, expected a probability")
        if self.zoom < 1.0 or min(self.colour, self.shift, self.turn) < 0.0:
            raise TrainingError(
                f"augmentation has zoom {self.zoom}, colour {self.colour}, shift {self.shift}, turn {self.turn}:"
                " expected at least 1, 0, 0 and 0"
            )
        if not 0.0 <= self.roll <= 0.5 * math.pi:
            raise TrainingError(f"augmentation roll is {self.roll}, expected radians between 0 and a right angle")
        if not 0.0 <= self.gain < 1.0:
            raise TrainingError(f"augmentation gain is {self.gain}, expected at least 0 and less than 1")


NONE = Augmentation(flip=0.0, zoom=1.0, shift=0.0, colour=0.0, blur=0.0, noise=0.0, jpeg=0.0)


@dataclass(frozen=True)
class Window:
    """What of the image the network sees: a window of its aspect, perhaps mirrored."""

    left: int
    top: int
    width: int
    height: int
    flip: bool

    @classmethod
    def draw(
        cls, camera: Camera, width: int, height: int, augmentation: Augmentation, rng: np.random.Generator
    ) -> Window:
        """A window of the aspect of ``width x height``, exactly: pixels stay square.

        Its centre lies about the principal point, or as near as the image allows.

        Raises: `TrainingError` if the image is too small to hold any.
        """
        divisor = math.gcd(width, height)
        unit_width, unit_height = width // divisor, height // divisor
        largest = min(camera.width // unit_width, camera.height // unit_height)
        if largest < 1:
            raise TrainingError(f"image of {camera.width}x{camera.height} holds no window of aspect {width}:{height}")
        smallest = max(1, math.ceil(largest / augmentation.zoom))
        units = int(rng.integers(smallest, largest + 1))
        window_width, window_height = units * unit_width, units * unit_height
        shift_x, shift_y = rng.uniform(-augmentation.shift, augmentation.shift, 2)
        left = round(camera.cx - 0.5 * (window_width - 1) + shift_x * window_width)
        top = round(camera.cy - 0.5 * (window_height - 1) + shift_y * window_height)
        left = min(max(left, 0), camera.width - window_width)
        top = min(max(top, 0), camera.height - window_height)
        return cls(left, top, window_width, window_height, bool(rng.random() < augmentation.flip))

    def cut(self, array: npt.NDArray) -> npt.NDArray:
        """The window of an image or depth map, contiguous."""
        cut = array[self.top : self.top + self.height, self.left : self.left + self.width]
        return np.asarray(cv2.flip(np.ascontiguousarray(cut), 1)) if self.flip else np.ascontiguousarray(cut)

    def camera(self, camera: Camera, width: int, height: int) -> Camera | None:
        """The pinhole of the window after it is resized; None if its principal point lies outside the image."""
        cx, cy = camera.cx - self.left, camera.cy - self.top
        if self.flip:
            cx = self.width - 1 - cx
        if not (0 <= cx < self.width and 0 <= cy < self.height):
            return None
        return Camera(self.width, self.height, camera.fx, camera.fy, cx, cy).resized(width, height)

    def motions(self, motions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Motions ``[n, 6]`` as the mirror sees them: sideways, and turning about y and z, change sign."""
        return motions * [1, -1, -1, -1, 1, 1] if self.flip else motions


class Appearance:
    """One draw of another camera's colours, focus, noise and compression; the same for all frames of a snippet."""

    def __init__(self, augmentation: Augmentation, rng: np.random.Generator) -> None:
        self._rng = rng
        self._colour, self._gamma = _draw_colour(augmentation.colour, rng)
        self._blur = rng.uniform(0.4, 1.8) if rng.random() < augmentation.blur else 0.0
        self._noise = rng.uniform(2.0, 10.0) if rng.random() < augmentation.noise else 0.0
        self._quality = int(rng.integers(30, 95)) if rng.random() < augmentation.jpeg else None
        gain = augmentation.gain  # drawn last: without it, all else is as it was before there was one
        self._gain = np.diag(rng.uniform(1.0 - gain, 1.0 + gain, 3)) if gain else None

    def apply(self, image: Image) -> Image:
        """uint8 RGB ``[H, W, 3]``; a new image, or the same one where nothing was drawn."""
        result: cv2.typing.MatLike = image
        if self._gain is not None:
            result = cv2.transform(result, self._gain)
        if self._colour is not None:
            result = cv2.LUT(cv2.transform(result, self._colour), self._gamma)
        if self._blur:
            result = cv2.GaussianBlur(result, (0, 0), self._blur)
        if self._noise:
            result = cv2.add(result, self._grain(result.shape), dtype=cv2.CV_8U)
        if self._quality is not None:
            encoded = cv2.imencode(".jpg", result, (cv2.IMWRITE_JPEG_QUALITY, self._quality))[1]
            result = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
        return np.asarray(result, np.uint8)

    def skip(self, shape: tuple[int, ...]) -> None:
        """Leaves out an image ``[H, W, 3]``: the next ones are what they would be after it."""
        if self._noise:
            self._draw_grain(shape)

    def _grain(self, shape: tuple[int, ...]) -> npt.NDArray[np.int16]:
        normal, starts = self._draw_grain(shape)
        strip = (normal * self._noise).astype(np.int16)
        rows = np.lib.stride_tricks.sliding_window_view(strip, shape[1] * 3)[starts]
        return np.ascontiguousarray(rows.reshape(shape))

    def _draw_grain(self, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        # Drawing a normal number for every pixel would cost more than all the rest: one strip, shifted by rows.
        return self._rng.standard_normal(65536 + shape[1] * 3), self._rng.integers(0, 65536, shape[0])


def resized(image: Image, width: int, height: int) -> Image:
    """An image resized as pixel centres demand: whole areas averaged when it shrinks, bilinear when it grows."""
    if image.shape[1] == width and image.shape[0] == height:
        return image
    interpolation = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def resized_nearest(values: npt.NDArray[Value], width: int, height: int) -> npt.NDArray[Value]:
    """Depth or labels resized to the nearest pixel: the mean over an edge would be a depth, or a class, of nothing."""
    rows = ((np.arange(height) + 0.5) * (values.shape[0] / height)).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * (values.shape[1] / width)).astype(np.intp)
    return values.take(rows, 0).take(columns, 1)


def _draw_colour(
    strength: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.uint8]]:
    if strength <= 0:
        return None, np.arange(256, dtype=np.uint8)
    exposure = math.exp(rng.uniform(-0.4, 0.4) * strength)
    contrast = math.exp(rng.uniform(-0.35, 0.35) * strength)
    saturation = math.exp(rng.uniform(-1.2, 0.5) * strength)
    balance = np.exp(rng.normal(0.0, 0.08 * strength, 3))
    haze = max(0.0, rng.uniform(-0.3, 0.3)) * strength
    grey = np.array([0.299, 0.587, 0.114])
    mixing = saturation * np.eye(3) + (1.0 - saturation) * grey
    matrix = np.empty((3, 4), np.float32)
    gain = exposure * contrast * (1.0 - haze)
    matrix[:, :3] = gain * balance[:, None] * mixing
    matrix[:, 3] = 128.0 * (1.0 - contrast) * exposure * (1.0 - haze) + haze * rng.uniform(120, 230)
    gamma = math.exp(rng.uniform(-0.35, 0.35) * strength)
    table = 255.0 * (np.arange(256) / 255.0) ** gamma
    return matrix, np.round(table).astype(np.uint8)
