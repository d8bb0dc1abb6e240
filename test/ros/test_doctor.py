"""``depth-perception doctor --live`` beside a real camera and a real node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.camera import CAMERA, TestCamera, encoded
from helpers.graph import Graph
from helpers.recordings import picture
from sensor_msgs.msg import Image

pytestmark = pytest.mark.alone


def diagnosis(graph: Graph, camera: TestCamera, *options: str) -> dict[str, list[dict[str, Any]]]:
    """What the command says, by check, while the camera sends."""
    arguments = ["-m", "depth_perception.cli", "doctor", "--live", "--json", "--seconds", "2.5"]
    with graph.run([*arguments, "--image-topic", "/image", *options]) as process:
        number = 0
        while process.alive:
            camera.send(encoded(picture(number, CAMERA.width, CAMERA.height), "rgb8"))
            graph.spin(0.05)
            number += 1
        text = process.output
    said = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return {check["name"]: check["findings"] for check in said["checks"]}


def test_nothing_but_its_clock_is_found_in_a_sound_system(graph: Graph, models: Path) -> None:
    with (
        graph.node_process("depth_node", model=models / "depth.onnx"),
        TestCamera(graph, CAMERA) as camera,
    ):
        camera.wait_for_listeners()
        said = diagnosis(graph, camera)
    for name in ("camera", "qos", "nodes", "depth", "scale", "calibration", "image_size", "images", "repeated"):
        assert said[name] == [], name
    assert [finding["severity"] for finding in said["clock"]] == ["error"]  # that of the test is its own


def test_a_pair_that_loses_everything_and_a_model_without_metres(graph: Graph, models: Path) -> None:
    with (
        graph.node_process("depth_node", model=models / "relative.onnx"),
        TestCamera(graph, CAMERA, reliable=False) as camera,
        graph.listen(Image, "image", reliable=True),
    ):
        camera.wait_for_listeners()
        said = diagnosis(graph, camera)
    (pair,) = said["qos"]
    assert pair["what"].startswith("tester listens to /image reliably, tester publishes it best effort")
    (unit,) = said["scale"]
    assert "does not know metres" in unit["what"]
    assert said["depth"] == said["nodes"] == []
