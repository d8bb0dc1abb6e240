"""Several measurements of one scale, each with errors of its own kind, to one that knows how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depth_perception.estimators.scale import ScaleEstimate


@dataclass(frozen=True)
class Kind:
    """How the measurements of a source err, in ln(scale).

    Attributes:
        noise: Least error that a measurement has of its own.
        common: Error that all its measurements share, so that many of them do not make it smaller.
    """

    noise: float
    common: float


KINDS = {"speed": Kind(0.03, 0.02), "ground_plane": Kind(0.06, 0.02)}
"""By `ScaleEstimate.source`."""

_DRIFT = 0.01
"""Change of a scale between two times of measuring."""
_GATE = 3.0
"""Standard deviations from which a measurement is left out,"""
_PERSISTENT = 12
"""unless so many in a row of its source are."""
_SILENT = 5_000_000_000
"""Nanoseconds after which a source no longer says how sure the scale is."""


class ScaleFusion:
    """Fuses measurements in ln(scale), by inverse variance, forgetting slowly.

    A measurement far from what is known is left out; while none comes, the scale stays what it was.

    Args:
        spread: One sigma of ln(scale) before anything is measured, about one.

    Attributes:
        rejected: How many measurements were left out.
    """

    def __init__(self, spread: float = 0.5) -> None:
        self.rejected = 0
        self._log = 0.0
        self._variance = spread**2
        self._heard: dict[str, int] = {}
        self._refused: dict[str, int] = {}

    @property
    def value(self) -> float:
        """The scale as far as it is known."""
        return float(np.exp(self._log))

    def drift(self) -> None:
        """Time has come to measure again; called before the measurements of one time are added."""
        self._variance += _DRIFT**2

    def add(self, measured: ScaleEstimate, stamp: int) -> None:
        """Takes a measurement of a time in nanoseconds."""
        kind = KINDS[measured.source]
        noise = max(kind.noise, measured.sigma)
        change = float(np.log(measured.value)) - self._log
        if abs(change) > _GATE * np.sqrt(self._variance + noise**2 + kind.common**2):
            self.rejected += 1
            self._refused[measured.source] = self._refused.get(measured.source, 0) + 1
            if self._refused[measured.source] < _PERSISTENT:
                return
            self._variance = change**2
        self._refused[measured.source] = 0
        self._heard[measured.source] = stamp
        gain = self._variance / (self._variance + noise**2)
        self._log += gain * change
        self._variance *= 1 - gain

    def estimate(self, stamp: int) -> ScaleEstimate | None:
        """The scale at a time in nanoseconds, None before anything is measured; its sources are those that were heard
        lately, joined by ``+``, or, if all are silent, those that spoke last.
        """
        if not self._heard:
            return None
        since = min(stamp - _SILENT, max(self._heard.values()))
        speaking = sorted(source for source, when in self._heard.items() if when >= since)
        precision = sum(1.0 / KINDS[source].common ** 2 for source in speaking)
        sigma = float(np.sqrt(self._variance + 1.0 / precision))
        return ScaleEstimate(self.value, sigma, "+".join(speaking))
