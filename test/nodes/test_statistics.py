from __future__ import annotations

import time

import numpy as np
import pytest

from depth_perception.nodes.statistics import Statistics


def test_counts_and_percentiles() -> None:
    statistics = Statistics()
    latencies = np.random.default_rng(0).uniform(0.01, 0.1, 200)
    for latency in latencies:
        statistics.received(time.monotonic())
        statistics.processed(latency, 2 * latency, 0.25 * latency)
    for _ in range(3):
        statistics.received(time.monotonic())
        statistics.dropped()
    statistics.received(time.monotonic())
    statistics.skipped()
    summary = statistics.summary()
    assert (summary.received, summary.processed, summary.dropped, summary.skipped, summary.failed) == (
        204,
        200,
        3,
        1,
        0,
    )
    assert summary.from_receipt is not None
    assert summary.from_receipt.p95 == pytest.approx(np.percentile(latencies, 95))
    assert summary.from_stamp is not None
    assert summary.from_stamp.largest == pytest.approx(2 * latencies.max())
    assert summary.overhead is not None
    assert summary.overhead.p50 == pytest.approx(0.75 * np.median(latencies))


def test_the_rate_is_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five: a second of 20 images just within them, a rush just before."""
    statistics = Statistics()
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    rush, faster, slower = np.linspace(6.0, 5.01, 100), np.linspace(4.99, 4.04, 20), np.linspace(3.99, 0.0, 40)
    for age in (100.0, *rush, *faster, *slower):
        statistics.received(now - age)
    assert statistics.summary().rate == pytest.approx((20 + 40 - 1) / 4.99)


def test_a_failure_is_forgotten_by_the_next_success_but_not_what_it_was() -> None:
    statistics = Statistics()
    statistics.failed("the lens cap is on")
    assert statistics.summary().failing
    statistics.processed(0.1, 0.1, 0.0)
    summary = statistics.summary()
    assert not summary.failing
    assert summary.last_error == "the lens cap is on"


def test_nothing_yet() -> None:
    summary = Statistics().summary()
    assert summary.from_receipt is None
    assert summary.silence is None
    assert summary.rate == 0.0
