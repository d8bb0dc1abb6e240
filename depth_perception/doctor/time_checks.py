"""Frame rate, stamps and clocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from depth_perception.doctor.finding import Finding
from depth_perception.doctor.footage import Footage

_SLOWEST, _FASTEST = 5.0, 65.0
"""Images a second."""
_GAP = 1.7
"""Times the usual step between two images."""
_LATE = 1.0
"""Seconds between a stamp and its message's arrival."""
_DRIFT = 0.1
"""Share by which stamps and arrivals may disagree on how long it all took."""


def frame_rate(footage: Footage) -> Iterator[Finding]:
    """Too few images a second for motion, or more than anybody can use."""
    steps = _steps(footage.stamps)
    steps = steps[steps > 0]
    if len(steps) < 3:
        return
    rate = 1 / float(np.median(steps))
    if rate < _SLOWEST:
        what, action = f"{rate:.2g} images a second: motion between them is too large", "record at 10 to 30"
    elif rate > _FASTEST:
        what, action = f"{rate:.4g} images a second, by their stamps", "check the stamps, or let the camera be slower"
    else:
        return
    yield Finding("warning", what, action)


def dropped(footage: Footage) -> Iterator[Finding]:
    """Gaps in the images."""
    steps = _steps(footage.stamps)
    if len(steps) < 5:
        return
    usual = float(np.median(steps))
    gaps = int(np.count_nonzero(steps > _GAP * usual))
    if gaps > max(1, 0.03 * len(steps)):
        lost = int(np.sum(np.round(steps[steps > _GAP * usual] / usual) - 1))
        yield Finding(
            "warning",
            f"{gaps} gaps of up to {steps.max():.2f} s between images that come every {usual:.3g} s: about {lost} are"
            " missing",
            "look for messages that get lost (shared memory, QoS), a slow disk, a recorder with too small a cache",
        )


def stamps(footage: Footage) -> Iterator[Finding]:
    """Stamps that go back, repeat or are not set."""
    steps = _steps(footage.stamps)
    backwards, same = int(np.count_nonzero(steps < 0)), int(np.count_nonzero(steps == 0))
    if any(stamp == 0 for stamp in footage.stamps):
        yield Finding("error", "images are stamped 0", "let the camera driver stamp its images")
    elif backwards or same:
        yield Finding(
            "error",
            f"of {len(footage.stamps)} images, {backwards} have an earlier stamp than the one before, {same} the same",
            "let one driver alone publish on the topic, with the time of exposure as stamp",
        )


def clock(footage: Footage) -> Iterator[Finding]:
    """Stamps of another clock than that of whoever took the images."""
    if len(footage.stamps) < 5:
        return
    taken = np.array(footage.stamps, np.int64)
    late = (np.array(footage.arrivals, np.int64) - taken) * 1e-9
    by_stamp, by_arrival = ((max(times) - min(times)) * 1e-9 for times in (footage.stamps, footage.arrivals))
    if by_arrival > 1 and abs(by_stamp / by_arrival - 1) > _DRIFT:
        yield Finding(
            "error",
            f"the images came within {by_arrival:.2f} s, by their stamps it was {by_stamp:.2f} s: speeds would be wrong"
            f" by a factor of {by_stamp / by_arrival:.3g}",
            "let the driver stamp with the time of exposure; a player at another rate needs use_sim_time",
        )
    elif abs(float(np.median(late))) > _LATE:
        yield Finding(
            "error" if footage.live else "note",
            f"stamps are {float(np.median(late)):.3g} s before the images came: they are of another clock",
            "synchronise the clocks (chrony, PTP), or use_sim_time with what is played; TF finds no transforms else",
        )


def _steps(times: object) -> np.ndarray:
    """Seconds."""
    return np.diff(np.array(times, np.int64)) * 1e-9
