"""How somebody carries a camera through a furnished room: slowly, around what stands there, looking about."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_angles
from training.rooms.layout import Obstacle
from training.rooms.shapes import Rectangle

CELL = 0.05
"""Edge of the cells free ground is looked for in, metres."""
CLEARANCE = 0.5
"""Between camera and furniture or wall, metres; less where a room is too full."""
LOW, TALL = 0.5, 1.4
"""What is lower passes below the camera, and what is taller blocks its view, metres."""
GLANCE = 2.5
"""Seconds between one place looked at and the next."""


class Walk:
    """Poses of the camera over time.

    Args:
        rng: of all chance.
        size: of the room, metres.
        obstacles: in it.
        duration: seconds that are to be walked.
    """

    def __init__(
        self, rng: np.random.Generator, size: Sequence[float], obstacles: Sequence[Obstacle], duration: float
    ) -> None:
        self._half = 0.5 * np.asarray(size[:2], np.float64)
        self._clearance = _clearance(self._half, [ground for ground, top in obstacles if top > LOW])
        self._tall = _clearance(self._half, [ground for ground, top in obstacles if top > TALL])
        speed = float(rng.uniform(0.2, 0.55))
        self._knots = self._waypoints(rng, speed * duration)
        steps = np.linalg.norm(np.diff(self._knots, axis=0), axis=1)
        self._times = np.concatenate([[0.0], np.cumsum(steps)]) / speed
        count = int(duration / GLANCE) + 2
        self._glances = np.arange(count) * GLANCE
        self._pitch = np.deg2rad(rng.uniform(-10.0, 25.0) * 0.6 + rng.uniform(-4.0, 10.0, count))
        self._roll = np.deg2rad(rng.normal(0.0, 2.0, count).clip(-4.5, 4.5))
        self._heading = self._headings(rng, count)
        self._height = rng.uniform(0.93, 1.77)
        self._bob, self._phase = rng.uniform(0.005, 0.02), rng.uniform(0.0, 6.3)

    def pose(self, time: float) -> npt.NDArray[np.float64]:
        """``T_room_camera`` ``[4, 4]``, optical axes."""
        x, y = self._place(time)
        z = self._height + self._bob * np.sin(2 * np.pi * 1.6 * time + self._phase)
        roll, pitch, heading = (self._smooth(values, time) for values in (self._roll, self._pitch, self._heading))
        return pose_from(rotation_from_angles(roll, pitch, heading), [x, y, z]) @ BODY_FROM_OPTICAL

    def speed(self, time: float) -> float:
        """Metres a second, along the ground."""
        step = 0.01
        return float(np.linalg.norm(self._place(time + step) - self._place(time))) / step

    def _place(self, time: float) -> npt.NDArray[np.float64]:
        return np.array([np.interp(time, self._times, self._knots[:, axis]) for axis in (0, 1)])

    def _smooth(self, values: npt.NDArray[np.float64], time: float) -> float:
        """Between the values at the glances, without a jerk."""
        index = min(int(time / GLANCE), len(values) - 2)
        share = time / GLANCE - index
        return float(values[index] + (values[index + 1] - values[index]) * share * share * (3.0 - 2.0 * share))

    def _waypoints(self, rng: np.random.Generator, length: float) -> npt.NDArray[np.float64]:
        """Places on free ground with free ground between them ``[n, 2]``, over at least `length` metres."""
        clear = min(CLEARANCE, 0.9 * float(self._clearance.max()))
        rows, columns = np.nonzero(self._clearance >= clear)
        free = (np.stack([columns, rows], -1) + 0.5) * CELL - self._half
        places = [free[int(rng.integers(len(free)))]]
        covered = 0.0
        while covered <= length + 0.1:
            here = places[-1]
            for candidate in free[rng.integers(len(free), size=40)]:
                step = float(np.linalg.norm(candidate - here))
                if step > 0.3 and self._is_free(here, candidate, 0.8 * clear):
                    break
            else:  # boxed in: a step to and fro
                candidate = places[-2] if len(places) > 1 else here + rng.uniform(-1, 1, 2) * 0.1 * clear
                step = float(np.linalg.norm(candidate - here))
            places.append(candidate)
            covered += step
        return np.array(places)

    def _is_free(self, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], clear: float) -> bool:
        points = start + np.linspace(0.0, 1.0, 40)[:, None] * (end - start)
        return bool(np.all(self._at(self._clearance, points) >= clear))

    def _headings(self, rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
        """Where the camera looks at each glance, radians: rather along the room than at a wall right before it."""
        headings = []
        last, spread = rng.uniform(0, 2 * np.pi), np.pi
        for index in range(count):
            options = last + rng.uniform(-spread, spread, 8)
            seen = [self._room_ahead(self._place(index * GLANCE), float(option)) for option in options]
            weights = np.clip(np.array(seen) - 0.8, 0.02, 4.0) ** 1.5
            last = float(rng.choice(options, p=weights / weights.sum()))
            headings.append(last)
            spread = np.deg2rad(50.0)
        return np.array(headings)

    def _room_ahead(self, place: npt.NDArray[np.float64], heading: float) -> float:
        """Metres from a place to the wall or wardrobe it looks at."""
        reach = np.arange(0.0, 2.0 * float(self._half.max()) * np.sqrt(2.0), CELL)
        points = place + reach[:, None] * [np.cos(heading), np.sin(heading)]
        open_to = self._at(self._tall, points) > 0.0
        return float(reach[int(np.argmin(open_to))])

    def _at(self, cells: npt.NDArray[np.float32], points: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """What the cells hold at points ``[n, 2]``; 0 outside the room."""
        columns, rows = np.floor((points + self._half) / CELL).astype(int).T
        inside = (rows >= 0) & (rows < cells.shape[0]) & (columns >= 0) & (columns < cells.shape[1])
        return np.where(inside, cells[rows * inside, columns * inside], np.float32(0.0))


def _clearance(half: npt.NDArray[np.float64], grounds: Sequence[Rectangle]) -> npt.NDArray[np.float32]:
    """Metres to the nearest wall or thing ``[rows, columns]``, in cells of `CELL` from the room's lowest corner."""
    columns, rows = np.ceil(2 * half / CELL).astype(int)
    free = np.zeros((rows + 2, columns + 2), np.uint8)  # the walls are a border of one cell
    free[1:-1, 1:-1] = 1
    for low, high in grounds:
        (x0, y0), (x1, y1) = (np.floor((edge + half) / CELL).astype(int).clip(0) + 1 for edge in (low, high))
        free[y0 : y1 + 1, x0 : x1 + 1] = 0
    return np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, 5)[1:-1, 1:-1] * CELL, np.float32)
