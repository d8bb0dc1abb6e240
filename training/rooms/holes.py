"""What a structured-light camera does not measure: holes in the depth, as NYU Depth v2's Kinect leaves them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from training.rooms import labels

BASELINE = 0.075
"""Between the Kinect's projector and its infrared camera, metres."""
FARTHEST = 9.0
"""From here on nothing is measured, metres; shortly before it only some."""
SHINY = (labels.WINDOW, labels.MIRROR, labels.TELEVISION)
"""Glass sends the pattern elsewhere."""
DARK = 60.0
"""Of the brightest channel: below, less and less of the pattern comes back."""


def kinect_holes(
    depth: npt.NDArray[np.floating],
    image: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.uint8],
    focal_length: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """The depth with NaN where a Kinect would not know it.

    Unknown is what the projector, `BASELINE` to the right, does not see behind the edge of something nearer; what is
    very dark or blinding; most of glass; and, more and more, what is far.

    Args:
        depth: ``[H, W]`` metres.
        image: uint8 RGB ``[H, W, 3]``.
        classes: uint8 ``[H, W]``, NYU40.
        focal_length: pixels.
        rng: of all chance.
    """
    measured = depth.astype(np.float32)
    rows, columns = measured.shape
    # columns in the projector's image: what it sees lies to the left of all that is further right in the camera's
    projected = np.arange(columns) - focal_length * BASELINE / np.maximum(measured, 1e-3)
    hidden = projected > np.minimum.accumulate(projected[:, ::-1], axis=1)[:, ::-1] + 0.5
    brightness = image.max(axis=2).astype(np.float32)
    doubt = 1.5 * np.clip((DARK - brightness) / DARK, 0, 1) + 1.5 * (image.min(axis=2) > 250)
    doubt += np.isin(classes, SHINY) + np.clip((measured - FARTHEST + 2.0) / 2.0, 0, 1) + 0.12
    patches = cv2.resize(rng.random((max(rows // 8, 2), max(columns // 8, 2)), np.float32), (columns, rows))
    unknown = hidden | (doubt > 0.25 + 1.1 * patches) | ~(measured < FARTHEST)
    measured[unknown] = np.nan
    return measured
