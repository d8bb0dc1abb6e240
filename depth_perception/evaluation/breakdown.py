"""Ways to divide the pixels that are judged: by distance, and whatever else one wants to know.

A way is one `Breakdown`: a name, and a function that says where each of its parts is in a frame. A tally is handed as
many as one likes (`depth_perception.evaluation.depth_tally.DepthTally`), a report holds the errors of every part under
the name of its breakdown (`depth_perception.evaluation.depth_report.DepthReport.parts`), and tables print what is
there. To judge in another way, write the function and add it where the tally is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import DepthProtocol

Parts: TypeAlias = Mapping[str, npt.NDArray[np.bool_]]
"""Where each part of a frame is, of the truth's shape ``[h, w]``, by name and in the order of the tables. Parts may
overlap, leave pixels out, or be empty."""


@dataclass(frozen=True)
class Breakdown:
    """One way to divide a frame."""

    name: str
    parts: Callable[[Frame, DepthProtocol], Parts]


def by_distance(frame: Frame, protocol: DepthProtocol) -> Parts:
    """Near and far by *true* depth, and all that is as near as each of the protocol's ranges."""
    truth, band = frame.truth, protocol.band
    with np.errstate(invalid="ignore"):
        found = {f"up to {band:g} m": truth <= band, f"beyond {band:g} m": truth > band}
        return found | {f"up to {end:g} m": truth <= end for end in protocol.ranges}


DISTANCE = Breakdown("distance", by_distance)
