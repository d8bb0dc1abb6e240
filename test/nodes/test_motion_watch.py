"""Images that tell of no motion: why, in a line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.camera import CAMERA

from depth_perception.estimators.odometry import Motion
from depth_perception.estimators.scale import UNKNOWN_SCALE
from depth_perception.geometry.camera import Camera
from depth_perception.nodes.log import LimitedLog
from depth_perception.nodes.motion_watch import UNTOLD, MotionWatch

STEP = 100_000_000


class Lines(list[str]):
    """A logger that keeps what it is given."""

    error = warning = info = list.append


def zoomed(number: int) -> Camera:
    return replace(CAMERA, fx=CAMERA.fx + number)


@pytest.mark.parametrize(
    ("stamp", "camera", "repeats", "why"),
    [
        (lambda number: number * STEP, zoomed, False, "the calibration changes with every one"),
        (lambda number: number * STEP, lambda number: CAMERA, True, "the same to the bit"),
        (lambda number: 7, lambda number: CAMERA, False, "their stamps are all the same"),
        (lambda number: number * 11 * STEP, lambda number: CAMERA, False, "1.1 s apart, maximum_gap is 1 s"),
        (lambda number: -number * STEP, lambda number: CAMERA, False, "their stamps go back and forth"),
    ],
)
def test_why_no_motion_comes_is_said_once_it_lasts(stamp, camera, repeats, why) -> None:
    lines = Lines()
    watch = MotionWatch(LimitedLog(lines), 1.0)
    for number in range(UNTOLD - 1):
        watch.told(None, stamp(number), camera(number), repeats=repeats)
    assert not lines
    watch.told(None, stamp(UNTOLD - 1), camera(UNTOLD - 1), repeats=repeats)
    assert why in "".join(lines)


def test_a_motion_in_between_is_enough() -> None:
    lines = Lines()
    watch = MotionWatch(LimitedLog(lines), 1.0)
    motion = Motion(np.eye(4), 0, STEP, np.eye(6), UNKNOWN_SCALE)
    for number in range(20):
        watch.told(motion if number % 3 == 0 else None, number * STEP, CAMERA, repeats=False)
    assert not lines
