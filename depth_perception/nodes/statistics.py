"""What a node counts and times: frames in, out, dropped and failed, rates and latencies. No ROS."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from depth_perception.percentiles import Percentiles

WINDOW = 5.0
"""Seconds that a rate looks back."""
SAMPLES = 1000
"""Latest frames that the latency percentiles are of."""


@dataclass(frozen=True)
class Summary:
    """All that a `Statistics` knows at one moment.

    Attributes:
        received, processed, dropped, failed, skipped: Frames since the node was activated: those that arrived, those
            whose results were published, those that a newer one replaced, those that could not be used, and those that
            nobody wanted the results of.
        rate: Frames received a second.
        silence: Seconds since the last frame; None before the first.
        failing: Whether the latest frame that was worked on failed.
        last_error: Of the latest frame that failed; empty if none has.
        from_receipt: From the frame's arrival in the node to its results being handed to the middleware; this and the
            others are None as long as no frame was processed.
        from_stamp: The same from the frame's stamp, by the node's clock.
        engine: What the model took of `from_receipt`.
        overhead: The rest of it: waiting, decoding, rectifying, publishing.
    """

    received: int
    processed: int
    dropped: int
    failed: int
    skipped: int
    rate: float
    silence: float | None
    failing: bool
    last_error: str
    from_receipt: Percentiles | None
    from_stamp: Percentiles | None
    engine: Percentiles | None
    overhead: Percentiles | None


class Statistics:
    """Counts and times the frames of one node; any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = self._processed = self._dropped = self._failed = self._skipped = 0
        self._arrivals: deque[float] = deque(maxlen=SAMPLES)
        self._failing = False
        self._last_error = ""
        self._from_receipt: deque[float] = deque(maxlen=SAMPLES)
        self._from_stamp: deque[float] = deque(maxlen=SAMPLES)
        self._engine: deque[float] = deque(maxlen=SAMPLES)
        self._overhead: deque[float] = deque(maxlen=SAMPLES)

    def received(self, arrival: float) -> None:
        """A frame arrived at this `time.monotonic`."""
        with self._lock:
            self._received += 1
            self._arrivals.append(arrival)

    def processed(self, from_receipt: float, from_stamp: float, engine: float) -> None:
        """The results of a frame were published, so many seconds after its arrival and its stamp; `engine` of them the
        model ran.
        """
        with self._lock:
            self._processed += 1
            self._failing = False
            self._from_receipt.append(from_receipt)
            self._from_stamp.append(from_stamp)
            self._engine.append(engine)
            self._overhead.append(from_receipt - engine)

    def dropped(self) -> None:
        """A newer frame replaced one that was not begun."""
        with self._lock:
            self._dropped += 1

    def skipped(self) -> None:
        """Nobody listens to what would be made of a frame."""
        with self._lock:
            self._skipped += 1

    def failed(self, error: str) -> None:
        """A frame could not be used."""
        with self._lock:
            self._failed += 1
            self._failing = True
            self._last_error = error

    def summary(self) -> Summary:
        """Everything as it is now."""
        now = time.monotonic()
        with self._lock:
            recent = [arrival for arrival in self._arrivals if now - arrival <= WINDOW]
            span = recent[-1] - recent[0] if len(recent) > 1 else 0.0
            return Summary(
                received=self._received,
                processed=self._processed,
                dropped=self._dropped,
                failed=self._failed,
                skipped=self._skipped,
                rate=(len(recent) - 1) / span if span > 0 else 0.0,
                silence=now - self._arrivals[-1] if self._arrivals else None,
                failing=self._failing,
                last_error=self._last_error,
                from_receipt=Percentiles.of(self._from_receipt),
                from_stamp=Percentiles.of(self._from_stamp),
                engine=Percentiles.of(self._engine),
                overhead=Percentiles.of(self._overhead),
            )
