from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from depth_perception.node_status import NodeStatus
from depth_perception.nodes import diagnostics
from depth_perception.nodes.diagnostics import message_of
from depth_perception.nodes.statistics import Statistics


def nothing(statistics: Statistics) -> None:
    pass


def a_good_frame(statistics: Statistics) -> None:
    statistics.received(time.monotonic())
    statistics.processed(0.02, 0.03, 0.01)


def an_old_frame(statistics: Statistics) -> None:
    statistics.received(time.monotonic() - 10.0)
    statistics.processed(0.02, 0.03, 0.01)


def a_bad_frame(statistics: Statistics) -> None:
    statistics.received(time.monotonic())
    statistics.failed("image is torn")


ACTIVE = NodeStatus("active", listening=True)


@pytest.mark.parametrize(
    ("status", "trouble", "happened", "level", "message"),
    [
        (NodeStatus("unconfigured"), "no such model", nothing, DiagnosticStatus.ERROR, "no such model"),
        (NodeStatus("inactive"), "", nothing, DiagnosticStatus.OK, "inactive"),
        (NodeStatus("active"), "", an_old_frame, DiagnosticStatus.OK, "nobody subscribes to what it publishes"),
        (ACTIVE, "", nothing, DiagnosticStatus.WARN, "waiting for /image"),
        (ACTIVE, "", an_old_frame, DiagnosticStatus.WARN, "nothing on /image for 1. s"),
        (ACTIVE, "", a_bad_frame, DiagnosticStatus.ERROR, "image is torn"),
        (ACTIVE, "", a_good_frame, DiagnosticStatus.OK, "running"),
    ],
)
def test_level_and_message(
    status: NodeStatus, trouble: str, happened: Callable[[Statistics], None], level: bytes, message: str
) -> None:
    statistics = Statistics()
    happened(statistics)
    item = message_of("depth_node", trouble, "/image", statistics.summary(), status)
    assert item.level == level
    assert re.fullmatch(message, item.message)


def test_values_are_there_with_their_units() -> None:
    statistics = Statistics()
    a_good_frame(statistics)
    summary = statistics.summary()
    said = replace(diagnostics.status(summary), state="active", lost=3, device="CPU", model="m")
    item = message_of("front/depth_node", "", "/image", summary, said)
    values = {entry.key: entry.value for entry in item.values}
    assert item.name == "front/depth_node"
    assert item.hardware_id == "CPU"
    assert values["model"] == "m"
    assert values["processed"] == "1"
    assert values["lost"] == "3"
    assert values["latency from receipt p50 (ms)"] == "20.0"
    assert values["latency from stamp p99 (ms)"] == "30.0"
    assert values["overhead max (ms)"] == "10.0"
    assert "scale" not in values


def test_a_node_without_a_model_has_no_times_of_one() -> None:
    statistics = Statistics()
    statistics.received(time.monotonic())
    statistics.processed(0.02, 0.03, 0.0)
    assert not [
        key for key in diagnostics.status(statistics.summary()).entries() if key.startswith(("engine", "overhead"))
    ]
