"""How the nodes start, what they refuse, and the states they go through."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time as Stamp
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Vector3Stamped
from helpers.camera import CAMERA, TestCamera
from helpers.graph import DEADLINE, Graph, Listener, Process
from helpers.models import luma_depth, write_depth_model
from helpers.recordings import road
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from depth_perception.node_status import NodeStatus
from depth_perception.nodes.images import message_from_image
from depth_perception.nodes.perception_node import CLOCK_PATIENCE


def state(graph: Graph, node: str) -> int:
    return graph.call(GetState, f"/{node}/get_state", GetState.Request()).current_state.id


def change(graph: Graph, node: str, transition: int) -> bool:
    request = ChangeState.Request(transition=Transition(id=transition))
    return graph.call(ChangeState, f"/{node}/change_state", request).success


def set_model(graph: Graph, node: str, path: Path) -> Any:
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(path))
    request = SetParameters.Request(parameters=[Parameter(name="model", value=value)])
    return graph.call(SetParameters, f"/{node}/set_parameters", request).results[0]


def test_all_transitions(graph: Graph, models: Path) -> None:
    with (
        graph.node_process("depth_node", name="managed", model=models / "depth.onnx", autostart=False) as process,
        graph.listen(Image, "depth/image_rect") as depth,
        graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
        TestCamera(graph, CAMERA) as camera,
    ):

        def says() -> tuple[str, bool]:
            status = NodeStatus.of(diagnostics.next().status[0].values)
            return status.state, status.listening

        assert state(graph, "managed") == State.PRIMARY_STATE_UNCONFIGURED
        assert change(graph, "managed", Transition.TRANSITION_CONFIGURE)
        assert state(graph, "managed") == State.PRIMARY_STATE_INACTIVE
        depth.wait_for_publisher()
        assert camera.images.get_subscription_count() == 0  # an inactive node burdens nobody
        for _ in range(2):
            assert change(graph, "managed", Transition.TRANSITION_ACTIVATE)
            assert state(graph, "managed") == State.PRIMARY_STATE_ACTIVE
            camera.wait_for_listeners()
            camera.send_until_answered(None, depth)
            graph.until(lambda: says() == ("active", True), "its word that it takes frames")
            assert change(graph, "managed", Transition.TRANSITION_DEACTIVATE)
            graph.until(lambda: camera.images.get_subscription_count() == 0, "the node to stop listening")
            graph.until(lambda: says() == ("inactive", False), "its word that it takes none")
        assert change(graph, "managed", Transition.TRANSITION_CLEANUP)
        assert state(graph, "managed") == State.PRIMARY_STATE_UNCONFIGURED
        assert set_model(graph, "managed", models / "depth.onnx").successful  # it may change now
        assert change(graph, "managed", Transition.TRANSITION_CONFIGURE)
        assert change(graph, "managed", Transition.TRANSITION_ACTIVATE)
        camera.wait_for_listeners()
        camera.send_until_answered(None, depth)
        assert change(graph, "managed", Transition.TRANSITION_ACTIVE_SHUTDOWN)
        assert state(graph, "managed") == State.PRIMARY_STATE_FINALIZED
        assert process.alive
        assert "Traceback" not in process.output
        assert process.stop() == 0


def threads(process: Process) -> set[str]:
    return set(os.listdir(f"/proc/{process.pid}/task"))


def test_a_node_works_in_one_thread_however_often_it_is_stopped(graph: Graph, models: Path) -> None:
    """OpenCV keeps something of every thread that ever called it."""
    topics = {topic: f"restarted/{topic}" for topic in ("image", "camera_info", "depth/image_rect")}
    with (
        graph.node_process("depth_node", name="restarted", remap=topics, model=models / "depth.onnx") as process,
        graph.listen(Image, "restarted/depth/image_rect") as depth,
        TestCamera(graph, CAMERA, topic="restarted/image") as camera,
    ):
        seen = []
        for _ in range(3):
            camera.wait_for_listeners()
            camera.send_until_answered(None, depth)
            seen.append(threads(process))
            assert change(graph, "restarted", Transition.TRANSITION_DEACTIVATE)
            assert change(graph, "restarted", Transition.TRANSITION_ACTIVATE)
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize(
    ("node", "model", "said"),
    [
        ("depth_node", "missing.onnx", "there is no such model file"),
        ("depth_node", "corrupt.onnx", "cut short"),
        ("depth_node", "pose.onnx", "pose model, expected a depth model"),
        ("odometry_node", "depth.onnx", "depth model, expected a pose model"),
    ],
)
def test_a_model_that_cannot_be_used_is_one_line_and_another_may_be_given(
    graph: Graph, models: Path, node: str, model: str, said: str
) -> None:
    name = f"{node}_{model.removesuffix('.onnx')}"
    good = models / ("depth.onnx" if node == "depth_node" else "pose.onnx")
    pose = {"camera_pose": "[0.0, 0.0, 1.5, 0.0, 0.0, 0.0]"}
    with (
        graph.node_process(node, name=name, model=models / model, **pose) as process,
        graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
    ):
        line = process.wait_for_output(said)
        assert "[FATAL]" in line
        assert model in line

        def level() -> bytes | None:
            mine = [item for message in diagnostics for item in message.status if item.name == name]
            return mine[-1].level if mine and (said in mine[-1].message or mine[-1].level == b"\x00") else None

        assert graph.until(level, "diagnostics") == b"\x02"
        assert process.output.strip().count("\n") == 0
        assert state(graph, name) == State.PRIMARY_STATE_UNCONFIGURED
        assert set_model(graph, name, good).successful
        assert change(graph, name, Transition.TRANSITION_CONFIGURE)
        assert change(graph, name, Transition.TRANSITION_ACTIVATE)
        diagnostics.clear()
        graph.until(lambda: level() is None and any(diagnostics), "no more error in diagnostics")


def test_a_scale_that_its_model_cannot_have_is_refused_when_a_node_is_configured(graph: Graph, tmp_path: Path) -> None:
    write_depth_model(tmp_path / "relative.onnx", metric=False)
    parameters = {"model": tmp_path / "relative.onnx", "scale_source": "odometry"}
    with graph.node_process("depth_node", name="unscaled", **parameters) as process:
        assert "[FATAL]" in process.wait_for_output("corrects the metres of a model, and 'luma_depth' knows none")
        assert state(graph, "unscaled") == State.PRIMARY_STATE_UNCONFIGURED


@pytest.mark.parametrize(
    ("node", "parameters", "said"),
    [
        ("depth_node", {"modle": "x.onnx"}, "parameter modle is unknown, did you mean model?"),
        ("depth_node", {"maximum_range": -1.0}, "maximum_range is -1.0, expected 0.1 to 10000.0"),
        ("depth_node", {"maximum_range": 80}, "maximum_range is 80, expected a number with a decimal point"),
        ("depth_node", {"minimum_range": 500.0}, "expected the minimum below the maximum"),
        ("depth_node", {"backend": "tarot"}, "backend is 'tarot', expected one of: auto, "),
        ("odometry_node", {"camera_pose": "[0.0, 1.0]"}, "camera_pose has 2 elements, expected 6"),
        ("point_cloud_node", {"voxel_size": -0.1}, "voxel_size is -0.1, expected 0.0 to 100.0"),
    ],
)
def test_impossible_parameters_end_the_start_with_one_line(
    graph: Graph, node: str, parameters: dict[str, Any], said: str
) -> None:
    with graph.node_process(node, **parameters) as process:
        assert process.wait(DEADLINE) == 1
        (line,) = process.output.strip().splitlines()
        assert "[FATAL]" in line
        assert said in line


def own_lines(process: Process) -> list[str]:
    """What the process said beside the lines of rcl, which has its own."""
    assert "Traceback" not in process.output
    return [line for line in process.output.splitlines() if "[depth_node]" in line]


@pytest.mark.parametrize(
    "arguments",
    [["-p", "model"], ["-r", "__node:=a/b"], ["--log-level", "depth_node:=loud"], ["--unknown"]],
    ids=lambda arguments: arguments[0],
)
def test_arguments_that_ros_refuses_end_the_start_with_one_line(graph: Graph, arguments: list[str]) -> None:
    with graph.run(["-m", "depth_perception.nodes.depth_node", "--ros-args", *arguments]) as process:
        assert process.wait(DEADLINE) == 1
        (line,) = own_lines(process)
        assert line.startswith("[FATAL]")
        assert arguments[-1] in line


def test_without_the_keys_that_security_demands_no_node_starts(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fast DDS of the wheels cannot do it with keys either, and says so in two lines."""
    keys = tmp_path / "enclaves" / "perception"
    keys.mkdir(parents=True)
    for name in ("identity_ca.cert", "cert", "key", "permissions_ca.cert"):
        (keys / f"{name}.pem").touch()
    for name in ("governance", "permissions"):
        (keys / f"{name}.p7s").touch()
    monkeypatch.setenv("ROS_SECURITY_KEYSTORE", str(tmp_path))
    monkeypatch.setenv("ROS_SECURITY_ENABLE", "true")
    monkeypatch.setenv("ROS_SECURITY_STRATEGY", "Enforce")
    with graph.run(["-m", "depth_perception.nodes.depth_node", "--ros-args", "--enclave", "/perception"]) as process:
        assert process.wait(DEADLINE) == 1
        (line,) = own_lines(process)
        assert line.startswith("[FATAL]")


def test_without_tf_and_camera_pose_odometry_says_what_to_set(graph: Graph, models: Path) -> None:
    try:
        import tf2_ros  # noqa: F401

        pytest.skip("tf2_ros is installed: the camera's pose is looked up")
    except ImportError:
        pass
    with graph.node_process("odometry_node", model=models / "pose.onnx") as process:
        assert "camera_pose" in process.wait_for_output("[FATAL]")
        assert process.alive


def test_depth_of_unknown_scale_is_not_called_metres(graph: Graph, models: Path) -> None:
    with (
        graph.node_process("depth_node", name="unscaled", model=models / "relative.onnx") as process,
        graph.listen(Image, "depth/image_rect") as metric,
        graph.listen(Image, "depth/relative") as relative,
        TestCamera(graph, CAMERA) as camera,
    ):
        assert "depth/relative" in process.wait_for_output("[WARN]")
        both(metric, relative)
        camera.wait_for_listeners()
        camera.send_until_answered(None, relative)
        assert not metric


def test_a_constant_scale_makes_metres(graph: Graph, models: Path) -> None:
    with (
        graph.node_process(
            "depth_node", name="scaled", model=models / "relative.onnx", scale_source="constant", scale=3.0
        ),
        graph.listen(Image, "depth/image_rect") as metric,
        TestCamera(graph, CAMERA) as camera,
    ):
        metric.wait_for_publisher()
        camera.wait_for_listeners()
        (message,) = camera.send_until_answered(None, metric)
        depth = np.frombuffer(message.data, np.float32).reshape(CAMERA.height, CAMERA.width)
        grey = depth[:, CAMERA.width // 8 :]  # beside the edge that the camera draws
        np.testing.assert_allclose(grey, 3.0 * (1.0 + 49.0 * 128 / 255), rtol=1e-5)


def test_the_road_makes_metres_of_an_unknown_scale(graph: Graph, models: Path) -> None:
    """The picture encodes, as the model of the test reads it, a flat road 3 units below a camera that is 1.5 m up."""
    picture = road(3.0, CAMERA.width, CAMERA.height, CAMERA.fy)
    units = luma_depth(picture)[:, 60]
    with (
        graph.node_process(
            "depth_node",
            name="on_the_road",
            model=models / "relative.onnx",
            scale_source="ground_plane",
            camera_pose="[0.0, 0.0, 1.5, 0.0, 0.0, 0.0]",
        ),
        graph.listen(Image, "depth/image_rect") as metric,
        graph.listen(Vector3Stamped, "depth/scale") as scales,
        TestCamera(graph, CAMERA) as camera,
    ):
        both(metric, scales)
        camera.wait_for_listeners()
        image = message_from_image(picture, "rgb8", camera.header())
        scaled, message = camera.send_until_answered(image, scales, metric)
        scale = scaled.vector
        depth = np.frombuffer(message.data, np.float32).reshape(CAMERA.height, CAMERA.width)

        # Another limit: what was measured of the scale stays, although this picture shows no road.
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=20.0)
        request = SetParameters.Request(parameters=[Parameter(name="maximum_range", value=value)])
        assert graph.call(SetParameters, "/on_the_road/set_parameters", request).results[0].successful
        white = np.full_like(picture, 255)
        white[:, 0] = 0
        wall = message_from_image(white, "rgb8", camera.header())
        kept, message = camera.send_until_answered(wall, scales, metric)
        assert kept.vector.x == pytest.approx(scale.x, rel=1e-3)
        far = np.frombuffer(message.data, np.float32).reshape(CAMERA.height, CAMERA.width)
        assert np.isposinf(far[:, 1:]).all()  # 25 m now
    assert scale.x == pytest.approx(0.5, rel=0.03)
    assert 0 < scale.y < 0.2
    np.testing.assert_allclose(depth[45:, 60], 0.5 * units[45:], rtol=0.05)


def both(*listeners: Listener) -> None:
    for listener in listeners:
        listener.wait_for_publisher()


def test_a_clock_that_never_comes_is_said_once_and_one_that_comes_is_not(graph: Graph) -> None:
    clock = graph.node.create_publisher(Clock, "/clock", 10)
    timer = graph.node.create_timer(0.1, lambda: clock.publish(Clock(clock=Stamp(sec=900))))
    nothing = {"name": "clockless", "remap": {"/clock": "/no/clock"}}
    with (
        graph.node_process("point_cloud_node", name="clocked", use_sim_time=True) as clocked,
        graph.node_process("point_cloud_node", use_sim_time=True, **nothing) as clockless,
    ):
        graph.until(lambda: "nobody publishes /no/clock" in clockless.output, "word of it")
        graph.spin(1.5 * CLOCK_PATIENCE)
        assert clockless.output.count("nobody publishes") == 1
        assert "use_sim_time" not in clocked.output
        assert clocked.alive
    graph.node.destroy_timer(timer)
    graph.node.destroy_publisher(clock)
