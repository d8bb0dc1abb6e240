"""Large images on their way from a camera process to depth_node: none is lost unseen, and the newest one wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from helpers.camera import CAMERA, TestCamera
from helpers.graph import SHARED_MEMORY, Graph, Listener
from helpers.models import write_depth_model
from helpers.steady import steadily
from sensor_msgs.msg import Image
from std_msgs.msg import String

from depth_perception.node_status import NodeStatus
from depth_perception.nodes.qos import input_profile
from depth_perception.nodes.subscription import FollowingSubscription, Source

pytestmark = pytest.mark.alone

PATIENCE = 5
"""Diagnostics, one a second, without news after which a frame that is missing is given up."""


def camera_arguments(width: int, height: int, rate: float, frames: int) -> list[str]:
    size = ["--width", str(width), "--height", str(height)]
    return ["-m", "depth_perception.rig.benchmark_camera", *size, "--rate", str(rate), "--frames", str(frames)]


def follow(graph: Graph, diagnostics: Listener, frames: int) -> NodeStatus:
    """What depth_node says when it has done with all frames that arrive."""

    def settled() -> NodeStatus | None:
        if not diagnostics:
            return None
        latest = [NodeStatus.of(message.status[0].values) for message in diagnostics[-PATIENCE:]]
        now = latest[-1]
        no_news = [status.received for status in latest] == PATIENCE * [now.received]
        complete = now.received + now.lost >= frames or no_news
        return now if now.idle and now.received > 0 and complete else None

    return graph.until(settled, f"{frames} frames")


@pytest.mark.parametrize(
    ("reliable", "profile", "tolerated"),
    [
        pytest.param(True, None, 0, id="reliable, default Fast DDS"),
        pytest.param(True, SHARED_MEMORY, 0, id="reliable, our profile"),
        pytest.param(False, SHARED_MEMORY, 3, id="best effort, our profile"),
    ],
)
def test_every_frame_of_a_camera_arrives(
    graph: Graph, models: Path, reliable: bool, profile: Path | None, tolerated: int
) -> None:
    arguments = camera_arguments(1280, 720, 10.0, 60) + ([] if reliable else ["--best-effort"])

    def run() -> NodeStatus:
        with (
            graph.node_process("depth_node", model=models / "depth.onnx", profile=profile),
            graph.run(arguments, profile=profile) as camera,
            graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
        ):
            camera.wait_for_output("ready")
            camera.say("go")
            said = follow(graph, diagnostics, 60)
        assert said.failed == 0
        assert said.received + said.lost <= 60
        return said

    steadily(run, lambda said: said.received >= 60 - tolerated)


def test_the_newest_image_wins_and_the_others_are_counted(graph: Graph, tmp_path: Path) -> None:
    """A camera far faster than the engine: no depth is older than two runs of the engine, and nothing queues up."""
    write_depth_model(tmp_path / "slow.onnx", width=416, height=128, focal_length=240.0, work=40)

    def run() -> NodeStatus:
        with (
            graph.node_process("depth_node", model=tmp_path / "slow.onnx", threads=1, profile=SHARED_MEMORY),
            graph.run(camera_arguments(416, 128, 60.0, 240), profile=SHARED_MEMORY) as camera,
            graph.listen(Image, "depth/image_rect") as depth,
            graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
        ):
            depth.wait_for_publisher()
            camera.wait_for_output("ready")
            camera.say("go")
            said = follow(graph, diagnostics, 240)
        assert said.received == said.processed + said.dropped + said.skipped
        assert said.received + said.lost <= 240
        assert said.dropped > 0
        stamps = [message.header.stamp.sec * 10**9 + message.header.stamp.nanosec for message in depth]
        assert stamps == sorted(stamps)
        return said

    def is_good(said: NodeStatus) -> bool:
        # A queue would let the latency grow by an engine's run with every run; here it is bounded by two of them.
        assert said.latency_from_receipt is not None
        assert said.engine is not None
        quick = said.latency_from_receipt.p95 < 2.2 * said.engine.p95 + 0.02
        return said.received == 240 and said.dropped > 60 and quick

    steadily(run, is_good)


def test_what_a_node_was_too_busy_to_take_is_counted(graph: Graph, models: Path) -> None:
    """A node that stands still while more images come than its queue holds."""
    with (
        graph.node_process("depth_node", model=models / "depth.onnx") as process,
        graph.listen(Image, "depth/image_rect") as depth,
        graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
        TestCamera(graph, CAMERA) as camera,
    ):
        camera.wait_for_listeners()
        camera.send_until_answered(None, depth)
        before = follow(graph, diagnostics, 1)
        assert before.lost == 0
        with process.stalled():
            for _ in range(50):
                last = camera.send()
        depth.of(last)
        diagnostics.clear()
        after = follow(graph, diagnostics, before.received + 50)
    assert after.lost > 0
    assert after.received + after.lost == before.received + 50


def test_gaps_in_the_numbers_of_a_publisher_are_what_was_lost(graph: Graph) -> None:
    depth = input_profile("reliable", ()).depth
    messages: list[str] = []
    subscription = FollowingSubscription(
        graph.node, (Source("/numbers", String),), lambda message: messages.append(message.data)
    )

    def publish(count: int) -> None:
        for number in range(count):
            publisher.publish(String(data=str(number)))

    for _ in range(2):  # the second publisher begins anew, and that is no gap
        messages.clear()
        lost = subscription.lost
        publisher = graph.node.create_publisher(String, "/numbers", 100)
        subscription.follow()
        graph.until(publisher.get_subscription_count, "the subscription")
        publish(1)
        graph.until(lambda: messages, "the first")
        publish(depth + 7)
        graph.until(lambda: messages[-1] == str(depth + 6), "the last")
        assert len(messages) == 1 + depth
        assert subscription.lost - lost == 7
        graph.node.destroy_publisher(publisher)
    subscription.close()


def test_nothing_is_left_of_subscriptions_that_were_closed(graph: Graph) -> None:
    subscription = FollowingSubscription(graph.node, (Source("/numbers", String),), lambda message: None)
    had = len(graph.node.default_callback_group.entities)
    for _ in range(3):
        subscription.follow()
        subscription.close()
    assert len(graph.node.default_callback_group.entities) == had
