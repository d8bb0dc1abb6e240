"""How a camera turns light into grey levels: exposure, hard clipping of what is too bright, crushed shadows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Response:
    """A camera that exposes by what it sees.

    Attributes:
        aim: what the mean of the picture's logarithm is brought to, a share of what is white.
        metered: share of the picture's rows, from the lowest up, that it exposes by.
        knee: 0 clips at white, 1 bends towards it.
        gamma: of the picture; 2.2 is usual.
        black: share of white below which everything is black.
        contrast: steepness of the middle; 1 leaves it.
        warmth: red gets so much more, blue so much less.
    """

    aim: float
    metered: float
    knee: float
    gamma: float
    black: float
    contrast: float
    warmth: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Response:
        return cls(
            aim=float(0.2 * np.exp(rng.normal(0.0, 0.35))),
            metered=float(rng.choice([0.55, 0.75, 1.0])),
            knee=float(rng.choice([0.0, 0.3, 1.0])),
            gamma=float(rng.uniform(1.9, 2.5)),
            black=float(max(rng.uniform(-0.06, 0.07), 0.0)),
            contrast=float(rng.uniform(0.9, 1.5)),
            warmth=float(rng.normal(0.0, 0.05)),
        )

    def apply(self, image: npt.NDArray[np.uint8], off: float = 0.0) -> npt.NDArray[np.uint8]:
        """A picture of the renderer ``[h, w, 3]`` as this camera takes it.

        Args:
            off: how much too bright it is exposed, in stops.
        """
        light = _radiance()
        grey = cv2.cvtColor(image[round(image.shape[0] * (1.0 - self.metered)) :], cv2.COLOR_RGB2GRAY)
        counts = np.bincount(grey.ravel(), minlength=256)
        mean = float(np.exp(np.sum(counts * np.log(light + 0.01)) / counts.sum()))
        gain = self.aim / mean * 2.0**off
        table = np.empty((256, 3), np.float64)
        for channel, tint in enumerate((1.0 + self.warmth, 1.0, 1.0 - self.warmth)):
            level = gain * tint * light
            level = np.clip(level * (1.0 + self.knee) / (1.0 + self.knee * level), 0.0, 1.0) ** (1.0 / self.gamma)
            level = np.clip((level - self.black) / (1.0 - self.black), 0.0, 1.0)
            # a sigmoid through (0, 0), (1/2, 1/2) and (1, 1)
            up, down = level**self.contrast, (1.0 - level) ** self.contrast
            table[:, channel] = up / (up + down)
        return np.asarray(cv2.LUT(image, np.rint(255.0 * table).astype(np.uint8)[None]), np.uint8)


def _radiance() -> npt.NDArray[np.float64]:
    """What the renderer's grey levels stand for, ``[256]``: the inverse of its own curve (see the shaders)."""
    level = np.minimum(np.arange(256) / 255.0, 254.6 / 255.0)
    return np.asarray(-np.log(1.0 - level**2))
