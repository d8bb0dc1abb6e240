"""depth_node with a model that says more than depth: classes, confidence, and whatever else there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from helpers.camera import CAMERA, FRAME, TestCamera, encoded
from helpers.graph import Graph, Listener
from helpers.models import answer_of, green_share, luma_depth, write_depth_model
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import Image
from std_msgs.msg import String

from depth_perception import model_outputs
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import SemanticClass
from depth_perception.node_status import NodeStatus
from depth_perception.nodes.camera_info import message_from_camera
from depth_perception.percentiles import Percentiles

CLASSES = (
    SemanticClass("road", (128, 64, 128)),
    SemanticClass("sky", (70, 130, 180)),
    SemanticClass("car", (0, 0, 142)),
)
EXTRAS = {output.name: output for output in model_outputs.EXTRAS}
TOPICS = {f"/{output.topic}" for output in EXTRAS.values()} | {"/semantics/color", "/semantics/labels"}
PICTURE = np.random.default_rng(1).integers(0, 256, (CAMERA.height, CAMERA.width, 3), np.uint8)
OTHER = np.random.default_rng(2).integers(0, 256, (CAMERA.height, CAMERA.width, 3), np.uint8)


@pytest.fixture(scope="module")
def rich_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rich_models")
    size = {"width": CAMERA.width, "height": CAMERA.height}
    write_depth_model(folder / "plain.onnx", **size, focal_length=CAMERA.fx)
    others = tuple(EXTRAS.keys() - {"semantics"})
    write_depth_model(folder / "rich.onnx", **size, focal_length=CAMERA.fx, classes=CLASSES, extras=others)
    write_depth_model(
        folder / "two_frames.onnx", **size, focal_length=CAMERA.fx, extras=("confidence",), two_frames=True
    )
    write_depth_model(
        folder / "slow.onnx", **size, focal_length=CAMERA.fx, extras=("confidence",), work=60, work_for="confidence"
    )
    return folder


@pytest.fixture
def camera(graph: Graph) -> Iterator[TestCamera]:
    with TestCamera(graph, CAMERA) as camera:
        yield camera


def pixels(message: Image, encoding: str) -> npt.NDArray:
    assert message.encoding == encoding
    assert message.header.frame_id == FRAME
    kind, count = {"mono8": "8UC1", "rgb8": "8UC3"}.get(encoding, encoding).split("C")
    dtype, channels = np.dtype({"8U": np.uint8, "32F": np.float32}[kind]), int(count)
    assert message.step == message.width * channels * dtype.itemsize
    values = np.frombuffer(message.data, dtype).reshape(message.height, message.width, channels)
    return values[..., 0] if channels == 1 else values


def wait_for_topics(graph: Graph, expected: set[str]) -> None:
    """Until these of `TOPICS` are there, and no others."""
    graph.until(
        lambda: {topic for topic in TOPICS if graph.node.count_publishers(topic)} == expected, f"topics {expected}"
    )


def change(graph: Graph, transition: int) -> None:
    request = ChangeState.Request(transition=Transition(id=transition))
    assert graph.call(ChangeState, "/depth_node/change_state", request).success


def set_model(graph: Graph, path: Path) -> None:
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(path))
    request = SetParameters.Request(parameters=[Parameter(name="model", value=value)])
    assert graph.call(SetParameters, "/depth_node/set_parameters", request).results[0].successful


@pytest.mark.parametrize("name", EXTRAS)
def test_extras_have_the_stamp_and_the_values_of_their_image(
    graph: Graph, rich_models: Path, camera: TestCamera, name: str
) -> None:
    output = EXTRAS[name]
    with (
        graph.node_process("depth_node", model=rich_models / "rich.onnx"),
        graph.listen(Image, output.topic) as messages,
    ):
        camera.wait_for_listeners()
        (message,) = camera.send_until_answered(encoded(PICTURE, "rgb8"), messages)
        expected = answer_of(name, PICTURE, classes=len(CLASSES))
        np.testing.assert_allclose(pixels(message, output.encoding), expected, atol=1e-5)


def test_classes_their_colours_and_confidence_are_told_where_the_camera_sees(
    graph: Graph, rich_models: Path, camera: TestCamera
) -> None:
    with (
        graph.node_process("depth_node", model=rich_models / "rich.onnx") as process,
        graph.listen(Image, "semantics/image") as labels,
        graph.listen(Image, "semantics/color") as colors,
        graph.listen(Image, "depth/confidence") as confidences,
    ):
        camera.wait_for_listeners()
        label, color, _ = camera.send_until_answered(encoded(PICTURE, "rgb8"), labels, colors, confidences)
        palette = np.array([item.colour for item in CLASSES], np.uint8)
        np.testing.assert_array_equal(pixels(color, "rgb8"), palette[pixels(label, "mono8")])

        # A distorted camera does not see the corners of the view.
        pincushion = Camera(CAMERA.width, CAMERA.height, 80.0, 80.0, 63.5, 31.5, (0.3, 0.1, 0.0, 0.0, 0.0))
        info = message_from_camera(pincushion.rectified(), camera.header())
        info.d = list(pincushion.distortion)
        for _ in range(20):  # the image may be ahead of its camera_info
            stamp = camera.send(encoded(PICTURE, "rgb8"), info=info)
            unknown = pixels(labels.of(stamp), "mono8") == 255
            if unknown.any():
                break
        assert 0 < unknown.mean() < 0.5
        np.testing.assert_array_equal(np.isnan(pixels(confidences.of(stamp), "32FC1")), unknown)
        assert not pixels(colors.of(stamp), "rgb8")[unknown].any()

        # Who comes late reads what the ids mean.
        with graph.listen(String, "semantics/labels", latched=True) as meanings:
            meaning = json.loads(meanings.next().data)
        assert [(item["class_id"], item["class_name"]) for item in meaning["class_map"]] == [
            (0, "road"),
            (1, "sky"),
            (2, "car"),
        ]
        assert meaning["class_map"][1]["color"] == [70, 130, 180]
        assert meaning["unknown_class_id"] == 255
        assert process.alive
        assert "Traceback" not in process.output


def test_confidence_of_two_frames_is_unknown_until_one_follows_another(
    graph: Graph, rich_models: Path, camera: TestCamera
) -> None:
    with (
        graph.node_process("depth_node", model=rich_models / "two_frames.onnx") as process,
        graph.listen(Image, "depth/confidence") as confidences,
        graph.listen(Image, "depth/image_rect") as depths,
    ):
        camera.wait_for_listeners()
        camera.send_until_answered(encoded(PICTURE, "rgb8"), confidences, depths)

        def confidence(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            stamp = camera.send(encoded(picture, "rgb8"))
            np.testing.assert_allclose(pixels(depths.of(stamp), "32FC1"), luma_depth(picture), rtol=1e-5)
            return pixels(confidences.of(stamp), "32FC1")

        np.testing.assert_allclose(confidence(PICTURE), 1.0, atol=1e-5)
        np.testing.assert_allclose(confidence(OTHER), green_share(OTHER, PICTURE), atol=1e-5)
        camera.now -= 500 * 1_000_000_000
        assert np.isnan(confidence(PICTURE)).all()
        np.testing.assert_allclose(confidence(OTHER), green_share(OTHER, PICTURE), atol=1e-5)
        camera.now += 2 * 1_000_000_000
        assert np.isnan(confidence(PICTURE)).all()
        assert "Traceback" not in process.output


def test_topics_are_those_of_the_model(graph: Graph, rich_models: Path) -> None:
    with (
        graph.node_process("depth_node", model=rich_models / "plain.onnx"),
        graph.listen(Image, "depth/image_rect") as depth,
    ):
        depth.wait_for_publisher()
        wait_for_topics(graph, set())
        for model, expected in (("two_frames", {"/depth/confidence"}), ("rich", TOPICS), ("plain", set())):
            change(graph, Transition.TRANSITION_DEACTIVATE)
            change(graph, Transition.TRANSITION_CLEANUP)
            set_model(graph, rich_models / f"{model}.onnx")
            change(graph, Transition.TRANSITION_CONFIGURE)
            change(graph, Transition.TRANSITION_ACTIVATE)
            depth.wait_for_publisher()
            wait_for_topics(graph, expected)


@pytest.mark.alone
def test_confidence_that_nobody_wants_takes_no_time(graph: Graph, rich_models: Path, camera: TestCamera) -> None:
    """A model that takes hundreds of times as long for its confidence as for its depth."""
    with (
        graph.node_process("depth_node", model=rich_models / "slow.onnx"),
        graph.listen(Image, "depth/image_rect") as depths,
        graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
    ):
        camera.wait_for_listeners()
        for _ in range(9):
            camera.send_until_answered(None, depths)
        without = engine_times(diagnostics).p50
        with graph.listen(Image, "depth/confidence") as confidences:
            camera.send_until_answered(None, depths, confidences)
            assert engine_times(diagnostics).p99 > 5 * without


def engine_times(diagnostics: Listener) -> Percentiles:
    """As the node says next."""
    diagnostics.next()
    times = NodeStatus.of(diagnostics.next().status[0].values).engine
    assert times is not None
    return times
