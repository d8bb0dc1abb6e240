"""A recording that is played in a loop: the clock goes back while a node works."""

from __future__ import annotations

from pathlib import Path

from builtin_interfaces.msg import Time as Stamp
from helpers.camera import CAMERA, TestCamera
from helpers.graph import Graph
from helpers.models import write_depth_model
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

WORK = 240
"""Convolutions that an image takes: a second or so, while which the clock jumps."""
TRIES = 10


def test_what_was_worked_on_when_the_clock_went_back_is_not_published(graph: Graph, tmp_path: Path) -> None:
    """Its stamp would be far ahead of all that follow, and TF would drop those until the loop comes to it again."""
    model = tmp_path / "slow.onnx"
    write_depth_model(model, width=CAMERA.width, height=CAMERA.height, focal_length=CAMERA.fx, work=WORK)
    clock = graph.node.create_publisher(Clock, "/clock", 10)

    def tick(seconds: int) -> None:
        clock.publish(Clock(clock=Stamp(sec=seconds)))

    with (
        graph.node_process("depth_node", model=model, use_sim_time=True, backend="onnxruntime", threads=1) as process,
        graph.listen(Image, "depth/image_rect").wait_for_publisher() as depth,
        TestCamera(graph, CAMERA) as camera,
    ):
        camera.wait_for_listeners()
        camera.now = 900 * 10**9
        tick(900)
        depth.of(camera.send())  # in the first loop all is as ever
        for _ in range(TRIES):
            late = camera.send()
            graph.spin(0.05)
            if not depth.has(late):  # it is being worked on
                break
        else:
            raise AssertionError("the model is too quick for this test: give it more work")
        camera.now = 300 * 10**9
        tick(300)
        depth.of(camera.send())
        assert not depth.has(late)
        assert process.alive
    graph.node.destroy_publisher(clock)
