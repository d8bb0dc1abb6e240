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
        first: How many must agree before any is believed, while nothing is known to hold them against.
    """

    noise: float
    common: float
    first: int


KINDS = {"speed": Kind(0.03, 0.02, 1), "ground_plane": Kind(0.06, 0.02, 10)}
"""By `ScaleEstimate.source`."""

_DRIFT = 0.03
"""Change of a scale within a second, which adds up like a random walk."""
_GATE = 3.0
"""Standard deviations from which a measurement is left out,"""
_PERSISTENT = 12
"""unless so many in a row of its source are, and agree with one another."""
_CONFIRMED = 1_000_000_000
"""Nanoseconds after a measurement that was believed."""
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
        self._variance = self._most = spread**2
        self._heard: dict[str, int] = {}
        self._apart: dict[str, list[float]] = {}

    @property
    def value(self) -> float:
        """The scale as far as it is known."""
        return float(np.exp(self._log))

    @property
    def is_known(self) -> bool:
        """Whether anything that was measured was believed."""
        return bool(self._heard)

    def spread(self, stamp: int) -> float:
        """One sigma of ln(scale) for whoever measures at a time in nanoseconds: were the scale wrong, all that fits it
        would be wrong too, so it is as open as at first unless something has just confirmed it.
        """
        self._forget_future(stamp)
        confirmed = self._heard and stamp - max(self._heard.values()) < _CONFIRMED
        return float(np.sqrt(self._variance if confirmed else self._most))

    def drift(self, seconds: float) -> None:
        """Time has gone on, whether anything was measured or not."""
        self._variance = min(self._variance + _DRIFT**2 * seconds, self._most)

    def add(self, measured: ScaleEstimate, stamp: int) -> None:
        """Takes a measurement of a time in nanoseconds."""
        self._forget_future(stamp)
        kind, told = KINDS[measured.source], float(np.log(measured.value))
        noise = max(kind.noise, measured.sigma)
        gate = _GATE * np.sqrt(self._variance + noise**2 + kind.common**2)
        if not self._heard or abs(told - self._log) > gate:
            self.rejected += bool(self._heard)
            apart = self._apart.setdefault(measured.source, [])
            if apart and abs(told - np.median(apart)) > _GATE * np.sqrt(2) * noise:
                apart.clear()
            apart.append(told)
            if len(apart) < (_PERSISTENT if self._heard else kind.first):
                return
            self._log, self._variance = float(np.median(apart)), noise**2
            self._heard.clear()
        else:
            gain = self._variance / (self._variance + noise**2)
            self._log += gain * (told - self._log)
            self._variance *= 1 - gain
        self._apart[measured.source] = []
        self._heard[measured.source] = stamp

    def estimate(self, stamp: int) -> ScaleEstimate | None:
        """The scale at a time in nanoseconds, None before anything is measured; its sources are those that were heard
        lately, joined by ``+``, or, if all are silent, those that spoke last.
        """
        if not self.is_known:
            return None
        self._forget_future(stamp)
        since = min(stamp - _SILENT, max(self._heard.values()))
        speaking = sorted(source for source, when in self._heard.items() if when >= since)
        precision = sum(1.0 / KINDS[source].common ** 2 for source in speaking)
        sigma = float(np.sqrt(self._variance + 1.0 / precision))
        return ScaleEstimate(self.value, sigma, "+".join(speaking))

    def _forget_future(self, stamp: int) -> None:
        """Time went back: what was heard in a time to come was heard nobody knows how long ago."""
        for source, when in self._heard.items():
            if when > stamp:
                self._heard[source] = stamp - 2 * _SILENT
