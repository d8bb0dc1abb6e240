"""The three nodes in one process: each is what it is alone, and what they have in common is done once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from helpers.camera import CAMERA, FRAME, TestCamera, encoded
from helpers.graph import DEADLINE, Graph, Listener, Process
from helpers.models import luma_depth, write_depth_model
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image, PointCloud2

PICTURE = np.random.default_rng(1).integers(0, 256, (CAMERA.height, CAMERA.width, 3), np.uint8)


@contextmanager
def perception(
    graph: Graph, folder: Path, depth: Path, pose: Path, *remappings: str, cameras: Sequence[str] = ()
) -> Iterator[Process]:
    """The three nodes, with a parameter file, which namespaces do not matter to."""
    values = {
        # Not set, as ros2 param dump has it.
        "/**/depth_node": {"ros__parameters": {"model": str(depth), "camera_pose": [math.nan] * 6}},
        "/**/odometry_node": {"ros__parameters": {"model": str(pose), "camera_pose": [0.0, 0.0, 1.5, 0.0, 0.0, 0.0]}},
    }
    (folder / "parameters.yaml").write_text(yaml.safe_dump(values))
    arguments = ["-m", "depth_perception.nodes.perception", *(["--cameras", *cameras] if cameras else [])]
    arguments += ["--ros-args", "--params-file", str(folder / "parameters.yaml")]
    with graph.run([*arguments, *(text for rule in remappings for text in ("-r", rule))]) as process:
        yield process
        assert process.alive, process.output
        assert "Traceback" not in process.output


@pytest.fixture(scope="module")
def process(graph: Graph, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("perception")
    with perception(graph, folder, models / "depth.onnx", models / "pose.onnx") as process:
        yield process


@pytest.fixture(scope="module")
def outputs(graph: Graph, process: Process) -> list[Listener]:
    topics = ((Image, "depth/image_rect"), (Odometry, "odom"), (PointCloud2, "depth/points"))
    return [graph.listen(message, topic).wait_for_publisher() for message, topic in topics]


@pytest.fixture
def camera(graph: Graph, outputs: list[Listener]) -> Iterator[TestCamera]:
    with TestCamera(graph, CAMERA) as camera:
        camera.wait_for_listeners()
        camera.send_until_answered(None, *outputs)
        yield camera


def points(cloud: PointCloud2) -> npt.NDArray[np.float32]:
    return np.frombuffer(cloud.data, np.float32).reshape(cloud.height, cloud.width, 4)


def change(graph: Graph, node: str, transition: int) -> bool:
    return graph.call(
        ChangeState, f"/{node}/change_state", ChangeState.Request(transition=Transition(id=transition))
    ).success


def test_one_image_becomes_depth_odometry_and_a_cloud(camera: TestCamera, outputs: list[Listener]) -> None:
    depth, odometry, cloud = camera.send_until_answered(encoded(PICTURE, "rgb8"), *outputs)
    assert {depth.header.frame_id, cloud.header.frame_id} == {FRAME}
    assert odometry.header.frame_id == "odom"
    np.testing.assert_allclose(np.frombuffer(depth.data, np.float32), luma_depth(PICTURE).ravel(), rtol=1e-5)
    np.testing.assert_allclose(points(cloud)[..., 2], luma_depth(PICTURE), rtol=1e-5)
    colors = points(cloud)[..., 3].copy().view(np.uint32)
    np.testing.assert_array_equal(colors >> 16 & 255, PICTURE[..., 0])


def test_an_image_comes_into_the_process_once_and_depth_never_leaves_it_for_the_cloud(
    graph: Graph, camera: TestCamera
) -> None:
    assert camera.images.get_subscription_count() == 1
    assert camera.infos.get_subscription_count() == 1
    assert graph.node.count_subscribers("/depth/image_rect") == 1  # that of the test
    assert graph.node.count_subscribers("/image_rect") == 0


@pytest.mark.parametrize("stopped", ["depth_node", "odometry_node", "point_cloud_node"])
def test_each_node_stops_and_goes_on_by_itself(
    graph: Graph, camera: TestCamera, outputs: list[Listener], stopped: str
) -> None:
    still = {
        "depth_node": outputs[1:2],
        "odometry_node": [outputs[0], outputs[2]],
        "point_cloud_node": outputs[:2],
    }[stopped]
    assert change(graph, stopped, Transition.TRANSITION_DEACTIVATE)
    before = {id(listener): len(listener) for listener in outputs}
    camera.wait_for_listeners()
    camera.send_until_answered(None, *still)
    assert all(len(listener) == before[id(listener)] for listener in outputs if listener not in still)
    assert change(graph, stopped, Transition.TRANSITION_CLEANUP)
    camera.send_until_answered(None, *still)
    assert change(graph, stopped, Transition.TRANSITION_CONFIGURE)
    assert change(graph, stopped, Transition.TRANSITION_ACTIVATE)
    camera.wait_for_listeners()
    camera.send_until_answered(None, *outputs)


def test_nodes_of_two_cameras_listen_to_both(graph: Graph, models: Path, tmp_path: Path) -> None:
    rules = ("__ns:=/stereo", "depth_node:image:=/left/image", "odometry_node:image:=/right/image")
    with perception(graph, tmp_path, models / "depth.onnx", models / "pose.onnx", *rules):
        for topic in ("/left/image", "/right/image"):
            graph.until(lambda topic=topic: graph.node.count_subscribers(topic) == 1, f"a listener to {topic}")


def test_services_are_answered_while_a_model_runs(graph: Graph, models: Path, tmp_path: Path) -> None:
    size = {"width": CAMERA.width, "height": CAMERA.height}
    write_depth_model(tmp_path / "slow.onnx", **size, focal_length=CAMERA.fx, work=400)
    with (
        perception(graph, tmp_path, tmp_path / "slow.onnx", models / "pose.onnx", "__ns:=/busy"),
        graph.listen(Image, "/busy/depth/image_rect") as depth,
        TestCamera(graph, CAMERA, topic="/busy/image") as camera,
    ):
        camera.wait_for_listeners()
        camera.send_until_answered(None, depth)
        stamp = camera.send()
        answers = 0
        while not depth.has(stamp):
            for node in ("depth_node", "odometry_node"):
                state = graph.call(GetState, f"/busy/{node}/get_state", GetState.Request())
                answers += state.current_state.id == State.PRIMARY_STATE_ACTIVE
        assert answers >= 4  # two rounds at least: with the executor held up there would be one


def test_two_cameras_in_one_process_stay_apart(graph: Graph, models: Path, tmp_path: Path) -> None:
    rules = ("/rear/image:=/lens/image", "/rear/camera_info:=/lens/camera_info")
    with (
        perception(graph, tmp_path, models / "depth.onnx", models / "pose.onnx", *rules, cameras=("front", "rear")),
        graph.listen(PointCloud2, "/front/depth/points") as front_points,
        graph.listen(PointCloud2, "/rear/depth/points") as rear_points,
        TestCamera(graph, CAMERA, topic="/front/image") as front,
        TestCamera(graph, CAMERA, topic="/lens/image") as rear,
    ):
        for camera, clouds, picture in ((front, front_points, PICTURE), (rear, rear_points, 255 - PICTURE)):
            camera.wait_for_listeners()
            (cloud,) = camera.send_until_answered(encoded(picture, "rgb8"), clouds)
            np.testing.assert_allclose(points(cloud)[..., 2], luma_depth(picture), rtol=1e-5)
        assert graph.node.count_subscribers("/front/depth/image_rect") == 0


@pytest.mark.parametrize(("cameras", "said"), [
    (["front/", "rear"], ""), (["/"], "is no namespace"), (["9x"], "is no namespace"),
    (["front", "/front"], "front is named more than once"),
])  # fmt: skip
def test_cameras_are_named_as_namespaces_are(graph: Graph, cameras: list[str], said: str) -> None:
    with graph.run(["-m", "depth_perception.nodes.perception", "--cameras", *cameras]) as process:
        if said:
            assert process.wait(DEADLINE) == 2
            assert said in process.output
        else:
            process.wait_for_output("[front.depth_node]")
        assert "Traceback" not in process.output
