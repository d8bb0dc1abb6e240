"""/diagnostics: how a node is, once a second."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from depth_perception.errors import one_line
from depth_perception.node_status import NodeStatus
from depth_perception.nodes.statistics import Summary

PERIOD = 1.0
"""Seconds."""
SILENCE = 2.0
"""Seconds without a frame after which an active node warns."""


def status(summary: Summary) -> NodeStatus:
    """What was counted and timed."""
    runs_a_model = summary.engine is not None and summary.engine.largest > 0
    return NodeStatus(
        received=summary.received,
        processed=summary.processed,
        dropped=summary.dropped,
        failed=summary.failed,
        skipped=summary.skipped,
        input_rate=summary.rate,
        latency_from_receipt=summary.from_receipt,
        latency_from_stamp=summary.from_stamp,
        engine=summary.engine if runs_a_model else None,
        overhead=summary.overhead if runs_a_model else None,
        last_error=summary.last_error,
    )


def message_of(name: str, trouble: str, waiting_for: str, summary: Summary, status: NodeStatus) -> DiagnosticStatus:
    """The state of a node as one diagnostic status.

    Args:
        name: Of the node, with its namespace.
        trouble: Why it could not be configured; empty if it could.
        waiting_for: The topic its frames come from.
    """
    message = DiagnosticStatus(name=name, hardware_id=one_line(status.device or ""))
    message.level, message.message = _verdict(status, trouble, waiting_for, summary)
    message.values = [KeyValue(key=key, value=one_line(value)) for key, value in status.entries().items()]
    return message


def array_of(item: DiagnosticStatus, stamp: object) -> DiagnosticArray:
    """The message that carries one status."""
    message = DiagnosticArray(status=[item])
    message.header.stamp = stamp
    return message


def _verdict(status: NodeStatus, trouble: str, waiting_for: str, summary: Summary) -> tuple[bytes, str]:
    if trouble:
        return DiagnosticStatus.ERROR, trouble
    if status.state != "active":
        return DiagnosticStatus.OK, status.state
    if not status.listening:
        return DiagnosticStatus.OK, "nobody subscribes to what it publishes"
    if summary.silence is None:
        return DiagnosticStatus.WARN, f"waiting for {waiting_for}"
    if summary.silence > SILENCE:
        return DiagnosticStatus.WARN, f"nothing on {waiting_for} for {summary.silence:.0f} s"
    if summary.failing:
        return DiagnosticStatus.ERROR, summary.last_error
    return DiagnosticStatus.OK, "running"
