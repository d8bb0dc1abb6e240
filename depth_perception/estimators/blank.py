"""Whether an image shows anything: networks answer whatever they are shown, a covered lens too."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.estimators.view import EstimatorError

_BLOCK = 16
"""Pixels, in both directions, that are taken together, so that a sensor's noise is no picture."""
_FAINTEST = 1.0
"""Grey levels, one sigma over the blocks; a street at night has more."""
_NOISIEST = 6.0
"""Grey levels, one sigma over the pixels: more is a fine texture, not noise."""

_STEP = 8
"""Rows, of which one is looked at first: a tenth of the time that looking at all takes. Not the very first one, which
some sensors write to what is no picture."""
_PLAIN = 1.5 * _NOISIEST
"""Grey levels that tell by these rows alone that it is neither noise nor nothing."""


class BlankImageError(EstimatorError):
    """An image that shows nothing."""


def check_seen(image: npt.NDArray[np.uint8]) -> None:
    """
    Args:
        image: RGB ``[height, width, 3]``.

    Raises: `BlankImageError` for one that shows nothing.
    """
    height, width = image.shape[:2]
    if height >= _STEP and float(cv2.meanStdDev(image[_STEP // 2 :: _STEP])[1].max()) > _PLAIN:
        return
    blocks = cv2.resize(image, (-(-width // _BLOCK), -(-height // _BLOCK)), interpolation=cv2.INTER_AREA)
    spread = float(cv2.cvtColor(blocks, cv2.COLOR_RGB2GRAY).std())
    if spread < _FAINTEST and float(cv2.meanStdDev(image)[1].max()) < _NOISIEST:
        raise BlankImageError(
            f"the image shows nothing (its brightness varies by {spread:.2g} of 255 grey levels): is the lens covered,"
            " or is it dark?"
        )
