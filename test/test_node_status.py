"""What nodes say of themselves is read as it was meant."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pytest

from depth_perception.node_status import NodeStatus
from depth_perception.percentiles import Percentiles


@dataclass
class Entry:
    key: str
    value: str


TIMES = Percentiles(0.0101, 0.0202, 0.0303, 0.0404, 7)
STATUS = NodeStatus(
    state="active",
    listening=True,
    lost=1,
    received=12,
    processed=7,
    dropped=2,
    failed=1,
    skipped=2,
    input_rate=9.87,
    latency_from_receipt=TIMES,
    latency_from_stamp=replace(TIMES, p50=0.0096),
    engine=replace(TIMES, p95=0.0111),
    overhead=replace(TIMES, largest=0.5),
    last_error="image is torn",
    backend="openvino 1",
    precision="f32",
    device="CPU",
    model="m",
    engine_note="building",
    scale=1.234,
    scale_sigma=0.05,
    scale_source="ground_plane",
    path_length=12.3,
    motions_from={"corners": 5, "network": 2},
    unpaired=4,
)


def entries(status: NodeStatus) -> list[Entry]:
    return [Entry(key, value) for key, value in status.entries().items()]


def test_all_that_is_said_is_read_back() -> None:
    empty = NodeStatus()
    assert all(getattr(STATUS, item.name) != getattr(empty, item.name) for item in fields(NodeStatus))
    read = NodeStatus.of(entries(STATUS))
    assert read.engine is not None
    assert read.engine.largest == pytest.approx(0.0404)
    for name in ("latency_from_receipt", "latency_from_stamp", "engine", "overhead"):
        written = getattr(STATUS, name)
        assert vars(getattr(read, name)) == pytest.approx(vars(written))
        read = replace(read, **{name: written})
    assert read == STATUS


def test_what_is_not_said_is_not_made_up() -> None:
    assert NodeStatus.of(entries(NodeStatus(state="inactive"))) == NodeStatus(state="inactive")


def test_what_a_newer_node_says_is_passed_over() -> None:
    assert NodeStatus.of([*entries(STATUS), Entry("mood", "good")]).processed == 7


@pytest.mark.parametrize("name", ["processed", "dropped", "failed", "skipped"])
def test_a_node_is_idle_once_every_frame_has_ended(name: str) -> None:
    assert STATUS.idle
    assert not replace(STATUS, **{name: getattr(STATUS, name) - 1}).idle
