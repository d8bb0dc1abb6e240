"""Snippets made different: mirrored, zoomed, rolled, and seen by another, worse camera.

All of it happens at full resolution, and down-sampling to what the network sees comes last (Dual Networks, section
4.5): the other order blurs the details, because what was cut out of a small image is enlarged again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.errors import TrainingError

Image = npt.NDArray[np.uint8]
Value = TypeVar("Value", bound=np.generic)

LUMA = np.array([0.299, 0.587, 0.114])
"""What red, green and blue give to grey."""

ORDERS = ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
"""Of red, green and blue, but for their own."""


@dataclass(frozen=True)
class Augmentation:
    """How much of what, and in which order; probabilities and ranges.

    Attributes:
        flip: probability of a mirror image.
        zoom: the largest; a window of 1/zoom of the image is cut out and enlarged, the focal length grows with it.
        focal: smallest and largest focal length of the samples, in widths of theirs: windows are as large as that
            takes, whatever `zoom`, and black beside the image.
        shift: of the window's centre from the principal point, at most, as a share of its size. Robots centre it there,
            and a motion cannot be told from a principal point that is elsewhere: keep it small.
        turn: of the frames beside the middle one, about the vertical, at most, radians (see `training.data.turning`).
        roll: of all frames alike, about the optical axis, at most, radians: images rotate, depth stays.
        colour: 0 none, 1 strong: exposure, contrast, saturation, white balance, haze and gamma.
        gain: red, green and blue are multiplied with up to so much more or less than 1, each on its own.
        blur, noise, jpeg: probabilities of each.
        permute, grey, invert: probabilities that channels change places, that colours go, and that every hue becomes
            its opposite: what is learnt then cannot rest on them.
        harsh: probability of a sensor that clips: skies white, shadows black, steep between.
        vignette: probability of dark corners.
        unlike: probability that each frame of a snippet gets a look of its own, as when the exposure jumps.
        downsample_last: false reduces images to the samples' size before anything else, as was usual before the paper;
            to see the difference.
    """

    flip: float = 0.5
    zoom: float = 1.7
    focal: tuple[float, float] | None = None
    shift: float = 0.06
    turn: float = 0.0
    roll: float = 0.0
    colour: float = 1.0
    gain: float = 0.0
    blur: float = 0.4
    noise: float = 0.4
    jpeg: float = 0.15
    permute: float = 0.0
    grey: float = 0.0
    invert: float = 0.0
    harsh: float = 0.0
    vignette: float = 0.0
    unlike: float = 0.0
    downsample_last: bool = True

    def __post_init__(self) -> None:
        for name in ("flip", "blur", "noise", "jpeg", "permute", "grey", "invert", "harsh", "vignette", "unlike"):
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

        Its centre lies about the principal point, or as near as the image allows; where the augmentation says the focal
        length, at the principal point or about it, whatever the image allows.

        Raises: `TrainingError` if the image is too small to hold any.
        """
        divisor = math.gcd(width, height)
        unit_width, unit_height = width // divisor, height // divisor
        if augmentation.focal is not None:
            smallest, largest = (camera.fx / focal / unit_width for focal in augmentation.focal[::-1])
            units = max(1, round(rng.uniform(smallest, largest)))
            return cls._about(camera, units * unit_width, units * unit_height, augmentation, rng)
        largest = min(camera.width // unit_width, camera.height // unit_height)
        if largest < 1:
            raise TrainingError(f"image of {camera.width}x{camera.height} holds no window of aspect {width}:{height}")
        smallest = max(1, math.ceil(largest / augmentation.zoom))
        units = int(rng.integers(smallest, largest + 1))
        window = cls._about(camera, units * unit_width, units * unit_height, augmentation, rng)
        left = min(max(window.left, 0), camera.width - window.width)
        top = min(max(window.top, 0), camera.height - window.height)
        return replace(window, left=left, top=top)

    @classmethod
    def _about(
        cls, camera: Camera, width: int, height: int, augmentation: Augmentation, rng: np.random.Generator
    ) -> Window:
        """A window of a size about the principal point."""
        shift_x, shift_y = rng.uniform(-augmentation.shift, augmentation.shift, 2)
        left = round(camera.cx - 0.5 * (width - 1) + shift_x * width)
        top = round(camera.cy - 0.5 * (height - 1) + shift_y * height)
        return cls(left, top, width, height, bool(rng.random() < augmentation.flip))

    def cut(self, array: npt.NDArray, beside: float = 0.0) -> npt.NDArray:
        """The window of an image or depth map, contiguous; `beside` it where it is larger."""
        top, left = max(self.top, 0), max(self.left, 0)
        bottom, right = self.top + self.height, self.left + self.width
        cut = array[top:bottom, left:right]
        if cut.shape[:2] != (self.height, self.width):
            below, beyond = max(bottom - array.shape[0], 0), max(right - array.shape[1], 0)
            around = [(top - self.top, below), (left - self.left, beyond)]
            cut = np.pad(cut, [*around, *[(0, 0)] * (array.ndim - 2)], constant_values=beside)
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
        # and each of these only where it is asked for, for the same reason
        if (mixing := _draw_mixing(augmentation, rng)) is not None:
            self._gain = mixing if self._gain is None else self._gain @ mixing
        self._tones = _draw_harsh(rng) if augmentation.harsh and rng.random() < augmentation.harsh else None
        self._corners = rng.uniform(0.2, 0.9) if augmentation.vignette and rng.random() < augmentation.vignette else 0.0

    def apply(self, image: Image) -> Image:
        """uint8 RGB ``[H, W, 3]``; a new image, or the same one where nothing was drawn."""
        result: cv2.typing.MatLike = image
        if self._corners:
            result = cv2.multiply(result, _vignette(image.shape[0], image.shape[1], self._corners), scale=1.0 / 255.0)
        if self._gain is not None:
            result = cv2.transform(result, self._gain)
        if self._colour is not None:
            result = cv2.LUT(cv2.transform(result, self._colour), self._gamma)
        if self._tones is not None:
            result = cv2.LUT(result, self._tones)
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
    mixing = saturation * np.eye(3) + (1.0 - saturation) * LUMA
    matrix = np.empty((3, 4), np.float32)
    gain = exposure * contrast * (1.0 - haze)
    matrix[:, :3] = gain * balance[:, None] * mixing
    matrix[:, 3] = 128.0 * (1.0 - contrast) * exposure * (1.0 - haze) + haze * rng.uniform(120, 230)
    gamma = math.exp(rng.uniform(-0.35, 0.35) * strength)
    table = 255.0 * (np.arange(256) / 255.0) ** gamma
    return matrix, np.round(table).astype(np.uint8)


def _draw_mixing(augmentation: Augmentation, rng: np.random.Generator) -> npt.NDArray[np.float64] | None:
    """What the channels are mixed with ``[3, 3]``; None where they stay."""
    mixing = None
    if augmentation.permute and rng.random() < augmentation.permute:
        mixing = np.eye(3)[list(ORDERS[int(rng.integers(len(ORDERS)))])]
    grey = np.tile(LUMA, (3, 1))
    for probability, change in ((augmentation.invert, 2.0 * grey - np.eye(3)), (augmentation.grey, grey)):
        if probability and rng.random() < probability:
            mixing = change if mixing is None else change @ mixing
    return mixing


def _draw_harsh(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Grey levels of a sensor that clips, ``[256]``."""
    black, white = 255.0 * rng.uniform(0.0, 0.2), 255.0 * rng.uniform(0.55, 1.0)
    level = np.clip((np.arange(256) - black) / (white - black), 0.0, 1.0) ** math.exp(rng.uniform(-0.7, 0.7))
    steep = rng.uniform(1.0, 2.0)
    up, down = level**steep, (1.0 - level) ** steep
    return np.rint(255.0 * up / (up + down)).astype(np.uint8)


def _vignette(height: int, width: int, strength: float) -> npt.NDArray[np.uint8]:
    """What of the light reaches a sensor, of 255, ``[height, width, 3]``: in the corners `strength` of it does not."""
    y, x = np.linspace(-1.0, 1.0, 32)[:, None], np.linspace(-1.0, 1.0, 32)[None]
    left = 255.0 * (1.0 - strength * (0.5 * (x * x + y * y)) ** 1.5)
    small = np.repeat(np.rint(left).astype(np.uint8)[..., None], 3, 2)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
