"""/diagnostics: how a node is, once a second."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from depth_perception.nodes.statistics import Summary
from depth_perception.percentiles import Percentiles

PERIOD = 1.0
"""Seconds."""
SILENCE = 2.0
"""Seconds without a frame after which an active node warns."""


def status(
    name: str, state: str, trouble: str, waiting_for: str, lost: int, summary: Summary, details: Mapping[str, str]
) -> DiagnosticStatus:
    """The state of a node as one diagnostic status.

    Args:
        name: Of the node, with its namespace.
        state: Of its lifecycle.
        trouble: Why it could not be configured; empty if it could.
        waiting_for: The topic its frames come from.
        lost: Frames that were sent on it and never arrived in the node.
        details: What else is to be shown, such as backend and model.
    """
    message = DiagnosticStatus(name=name, hardware_id=details.get("device", ""))
    message.level, message.message = _verdict(state, trouble, waiting_for, summary)
    engine = {}
    if summary.engine is not None and summary.engine.largest > 0:  # a node that runs no model has no such figures
        engine = _milliseconds("engine", summary.engine) | _milliseconds("overhead", summary.overhead)
    shown = {
        "state": state,
        "lost": str(lost),
        "received": str(summary.received),
        "processed": str(summary.processed),
        "dropped": str(summary.dropped),
        "failed": str(summary.failed),
        "skipped": str(summary.skipped),
        "input rate (Hz)": f"{summary.rate:.2f}",
        **_milliseconds("latency from receipt", summary.from_receipt),
        **_milliseconds("latency from stamp", summary.from_stamp),
        **engine,
        "last error": trouble or summary.last_error,
        **details,
    }
    message.values = [KeyValue(key=key, value=value) for key, value in shown.items()]
    return message


def array_of(item: DiagnosticStatus, stamp: object) -> DiagnosticArray:
    """The message that carries one status."""
    message = DiagnosticArray(status=[item])
    message.header.stamp = stamp
    return message


def _verdict(state: str, trouble: str, waiting_for: str, summary: Summary) -> tuple[bytes, str]:
    if trouble:
        return DiagnosticStatus.ERROR, trouble
    if state != "active":
        return DiagnosticStatus.OK, state
    if summary.silence is None:
        return DiagnosticStatus.WARN, f"waiting for {waiting_for}"
    if summary.silence > SILENCE:
        return DiagnosticStatus.WARN, f"nothing on {waiting_for} for {summary.silence:.0f} s"
    if summary.failing:
        return DiagnosticStatus.ERROR, summary.last_error
    return DiagnosticStatus.OK, "running"


def _milliseconds(name: str, percentiles: Percentiles | None) -> dict[str, str]:
    if percentiles is None:
        return {}
    figures = {"p50": percentiles.p50, "p95": percentiles.p95, "p99": percentiles.p99, "max": percentiles.largest}
    return {f"{name} {figure} (ms)": f"{seconds * 1e3:.1f}" for figure, seconds in figures.items()}
