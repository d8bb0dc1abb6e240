"""What a camera sent, recorded or live: when, with which calibration, and some of its images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.doctor.flow import Flow, flows
from depth_perception.pixel_formats import Rgb


@dataclass(frozen=True)
class Footage:
    """Of one camera.

    Attributes:
        image_topic, info_topic: Where it came from; the latter may be a file's name.
        frame: Of the images.
        stamps: Of their headers, nanoseconds, in the order they came.
        arrivals: When they came, nanoseconds, by the clock of who took them.
        infos: The different camera_info messages that came.
        runs: Successive images, decoded, from several places.
        undecodable: Why images could not be decoded, once each.
        body_frame: Of the vehicle.
        mount: `T_body_camera` ``[4, 4]``; None if nothing says it.
        rectified_input: As `depth_perception.estimators.settings` says.
        live: Whether it is happening now.
    """

    image_topic: str
    info_topic: str
    frame: str
    stamps: Sequence[int]
    arrivals: Sequence[int]
    infos: Sequence[Any]
    runs: Sequence[Sequence[Rgb]]
    undecodable: Sequence[str] = ()
    body_frame: str = "base_link"
    mount: npt.NDArray[np.float64] | None = None
    rectified_input: str = "auto"
    live: bool = False

    @property
    def images(self) -> list[Rgb]:
        """All that were decoded."""
        return [image for run in self.runs for image in run]

    @cached_property
    def flows(self) -> list[Flow]:
        """Of the `pairs`."""
        return flows(self.pairs)

    @property
    def pairs(self) -> list[tuple[Rgb, Rgb]]:
        """Successive images of one size."""
        return [pair for run in self.runs for pair in pairwise(run) if pair[0].shape == pair[1].shape]
