"""What to say of a source of scale that never measured anything: figures are then those of the model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from depth_perception.recordings.matching import seconds
from depth_perception.recordings.recording import Recording

_STANDING = 0.1
"""m/s that a vehicle is not said to drive at."""


def unmeasured(
    recording: Recording,
    whose: str,
    wanted: Collection[str],
    heard: Collection[str],
    images: int,
    speeds: Sequence[tuple[int, float]],
) -> Iterator[str]:
    """A sentence for each source that was wanted and not heard.

    Args:
        whose: scale it is, depth's or odometry's.
        images: How many it might have measured in.
        speeds: All that the recording has, in order of time.
    """
    for source in sorted(set(wanted) - set(heard)):
        why = f" ({_about(recording, speeds)})" if source == "speed" else ""
        yield f"{whose}'s scale_source {source} measured nothing in {images} images{why}: lengths are as without it."


def _about(recording: Recording, speeds: Sequence[tuple[int, float]]) -> str:
    """What is the matter with speeds that measured nothing."""
    topic, finite = recording.topics.speed, [(stamp, abs(speed)) for stamp, speed in speeds if np.isfinite(speed)]
    if not finite:
        return f"none of the {len(speeds)} speeds on {topic} is a number"
    first, last, begin, end = finite[0][0], finite[-1][0], min(recording.stamps), max(recording.stamps)
    times = f"{seconds(first)} to {seconds(last)}, the images from {seconds(begin)} to {seconds(end)}"
    if last < begin or first > end:
        return f"the speeds on {topic} are from {times}: of another clock?"
    fastest = max(speed for _, speed in finite)
    if fastest < _STANDING:
        return f"the speeds on {topic} are at most {fastest:.2g} m/s"
    return f"the {len(finite)} speeds on {topic} are from {times}: too few, too far apart, or of too short a way"
