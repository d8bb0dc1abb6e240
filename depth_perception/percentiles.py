"""Percentiles of a duration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Percentiles:
    """Of `count` durations, seconds."""

    p50: float
    p95: float
    p99: float
    largest: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Percentiles | None:
        """None if there are none."""
        if len(seconds) == 0:
            return None
        p50, p95, p99, largest = (float(value) for value in np.percentile(seconds, [50, 95, 99, 100]))
        return cls(p50, p95, p99, largest, len(seconds))
