"""odometry_node as a process, with a model whose motion is known."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builtin_interfaces.msg import Time as Stamp
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseWithCovarianceStamped, TwistStamped, Vector3, Vector3Stamped
from helpers.camera import CAMERA, FRAME, STEP, TestCamera
from helpers.corridor import CAMERA as STREET_CAMERA
from helpers.corridor import Corridor
from helpers.graph import DEADLINE, Graph, Listener, Process
from helpers.models import write_pose_model
from nav_msgs.msg import Odometry
from nav_msgs.msg import Path as PathMessage
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from depth_perception.geometry.pose import (
    BODY_FROM_OPTICAL,
    pose_from,
    rotation_from_angles,
    rotation_from_quaternion,
    rotation_from_vector,
)
from depth_perception.node_status import NodeStatus
from depth_perception.nodes.camera_info import message_from_camera
from depth_perception.nodes.images import message_from_image
from depth_perception.nodes.transforms import pose_message
from depth_perception.trajectory_file import TrajectoryFile

FORWARD = 0.5
POSE = "[2.0, 0.0, 1.5, 0.0, 0.0, 0.0]"


@pytest.fixture(scope="module")
def trajectories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the node writes where it went."""
    return tmp_path_factory.mktemp("trajectories")


@pytest.fixture(scope="module")
def node(graph: Graph, models: Path, trajectories: Path) -> Iterator[Process]:
    what = {"model": models / "pose.onnx", "camera_pose": POSE, "trajectory_file": trajectories / "drive.tum"}
    with graph.node_process("odometry_node", maximum_gap=0.5, **what) as process:
        yield process
        assert process.alive, process.output


@pytest.fixture(scope="module")
def odometry(graph: Graph, node: Process) -> Listener:
    return graph.listen(Odometry, "odom").wait_for_publisher()


@pytest.fixture
def camera(graph: Graph, odometry: Listener) -> Iterator[TestCamera]:
    """A camera at the start of a new drive."""
    with TestCamera(graph, CAMERA) as camera:
        camera.wait_for_listeners()
        renewed(graph, "odometry_node", camera, odometry)
        yield camera


def drive(camera: TestCamera, odometry: Listener, count: int) -> list[Odometry]:
    """Sends one image and then more, each after the odometry of the one before has come; the first `count` of these."""
    stamps = [camera.send()]
    camera.graph.spin(0.15)  # or the second image may replace it, which costs one more

    def answers() -> list[Odometry]:  # of this drive: of an earlier one, on a slow machine, some may be on their way
        return [message for message in odometry if message.header.stamp in stamps]

    deadline = time.monotonic() + DEADLINE
    while len(answers()) < count:
        assert time.monotonic() < deadline, "no odometry"
        there = len(answers())
        stamps.append(camera.send())
        with contextlib.suppress(AssertionError):
            camera.graph.until(lambda there=there: len(answers()) > there, "odometry", 3.0)
    return answers()[:count]


def renewed(graph: Graph, node: str, camera: TestCamera, odometry: Listener) -> None:
    """Once what the node publishes is sure to come, and it is at the start of a new drive."""
    drive(camera, odometry, 1)
    assert graph.call(Trigger, f"/{node}/reset", Trigger.Request()).success


def pause_until_said(camera: TestCamera, node: Process, pause: int, text: str) -> str:
    """Sends images with so many nanoseconds more between them until the node says the text, and returns its line."""
    deadline = time.monotonic() + DEADLINE
    while text not in node.output:
        assert time.monotonic() < deadline, node.output
        camera.now += pause
        camera.send()
        camera.graph.spin(0.2)
    return node.wait_for_output(text)


def position(message: Odometry) -> npt.NDArray[np.float64]:
    point = message.pose.pose.position
    return np.array([point.x, point.y, point.z])


def covariance(message: Odometry) -> npt.NDArray[np.float64]:
    return np.array(message.pose.covariance).reshape(6, 6)


def test_straight_ahead_is_a_straight_line_along_x(camera: TestCamera, odometry: Listener) -> None:
    messages = drive(camera, odometry, 8)
    for count, message in enumerate(messages, 1):
        np.testing.assert_allclose(position(message), [FORWARD * count, 0.0, 0.0], atol=1e-5)
        rotation = message.pose.pose.orientation
        np.testing.assert_allclose([rotation.x, rotation.y, rotation.z, rotation.w], [0, 0, 0, 1], atol=1e-6)
        assert (message.header.frame_id, message.child_frame_id) == ("odom", "base_link")
        speed = message.twist.twist.linear
        np.testing.assert_allclose([speed.x, speed.y, speed.z], [FORWARD / (STEP * 1e-9), 0, 0], atol=1e-4)


def test_doubt_grows_and_is_never_zero(camera: TestCamera, odometry: Listener) -> None:
    messages = drive(camera, odometry, 6)
    for message in messages:
        assert np.linalg.eigvalsh(covariance(message)).min() > 0
        assert np.linalg.eigvalsh(np.array(message.twist.covariance).reshape(6, 6)).min() > 0
    traces = [np.trace(covariance(message)) for message in messages]
    assert traces == sorted(traces)
    assert traces[-1] > traces[0]


def test_reset_begins_again_at_the_origin(graph: Graph, camera: TestCamera, odometry: Listener) -> None:
    drive(camera, odometry, 4)
    assert graph.call(Trigger, "/odometry_node/reset", Trigger.Request()).success
    (message,) = drive(camera, odometry, 1)
    np.testing.assert_allclose(position(message), [FORWARD, 0, 0], atol=1e-5)


def test_poses_are_in_the_file_of_their_drive_as_soon_as_they_are_published(
    camera: TestCamera, odometry: Listener, trajectories: Path
) -> None:
    messages = drive(camera, odometry, 3)
    newest = max(trajectories.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    rows = [line.split() for line in newest.read_text().splitlines()]
    stamps = [f"{message.header.stamp.sec}.{message.header.stamp.nanosec:09d}" for message in messages]
    assert [row[0] for row in rows[-3:]] == stamps
    np.testing.assert_allclose(np.array(rows[0][1:], float), [0, 0, 0, 0, 0, 0, 1], atol=1e-6)
    np.testing.assert_allclose([float(row[1]) for row in rows[-3:]], [FORWARD, 2 * FORWARD, 3 * FORWARD], atol=1e-5)
    names = {path.name for path in trajectories.iterdir()}
    assert names == {"drive.tum", *(f"drive-{number}.tum" for number in range(2, len(names) + 1))}  # of drives before


def test_a_killed_node_has_written_what_it_said_and_the_next_one_writes_elsewhere(
    graph: Graph, models: Path, tmp_path: Path
) -> None:
    """SIGKILL, while it works on images: nothing gets the chance to tidy up."""
    path = tmp_path / "drive.tum"
    with (
        graph.node_process(
            "odometry_node",
            name="killed",
            remap={topic: f"killed/{topic}" for topic in ("odom", "image", "camera_info")},
            model=models / "pose.onnx",
            camera_pose=POSE,
            trajectory_file=path,
        ) as process,
        graph.listen(Odometry, "killed/odom").wait_for_publisher() as odometry,
        TestCamera(graph, CAMERA, topic="killed/image") as camera,
    ):
        camera.wait_for_listeners()
        drive(camera, odometry, 3)
        for _ in range(20):
            camera.send()
        process.signal(signal.SIGKILL)
        process.wait(DEADLINE)
        graph.spin(0.1)
        said = {f"{message.header.stamp.sec}.{message.header.stamp.nanosec:09d}" for message in odometry}
    text = path.read_text()
    lines = [line.split() for line in text.splitlines()]
    assert text.endswith("\n")
    assert all(len(line) == 8 for line in lines)
    assert len(said) >= 3
    assert said <= {line[0] for line in lines}

    TrajectoryFile(path).add(0, np.eye(4), np.eye(4))
    assert path.read_text() == text
    assert (tmp_path / "drive-2.tum").read_text() == "0.000000000 0 0 0 0 0 0 1\n"


def test_a_pose_that_is_set_is_where_it_goes_on(
    graph: Graph, camera: TestCamera, odometry: Listener, node: Process
) -> None:
    publisher = graph.node.create_publisher(PoseWithCovarianceStamped, "/odometry_node/set_pose", 10)
    graph.until(publisher.get_subscription_count, "a node that listens")
    drive(camera, odometry, 2)
    message = PoseWithCovarianceStamped(header=Header(frame_id="odom"))
    left = rotation_from_vector([0.0, 0.0, np.pi / 2])
    message.pose.pose = pose_message(pose_from(left, [10.0, 20.0, 0.5]))
    message.pose.covariance = np.diag([0.04, 0.09, 0.01, 0.001, 0.001, 0.002]).reshape(-1)
    publisher.publish(message)
    graph.spin(0.3)
    there = len(odometry)
    camera.send()
    graph.until(lambda: len(odometry) > there, "odometry")
    np.testing.assert_allclose(position(odometry[-1]), [10.0, 20.0 + FORWARD, 0.5], atol=1e-5)
    np.testing.assert_allclose(np.diag(covariance(odometry[-1]))[[0, 2, 5]], [0.04, 0.01, 0.002], rtol=0.3)
    for spoilt in ({"frame": "map"}, {"w": 5.0}, {"w": float("nan")}, {"variance": -1.0}, {"variance": 1e308}):
        message.header.frame_id = spoilt.get("frame", "odom")
        message.pose.pose.orientation.w = spoilt.get("w", np.sqrt(0.5))
        message.pose.covariance[0] = spoilt.get("variance", 0.04)
        message.pose.pose.position.x = -100.0
        publisher.publish(message)
        graph.spin(0.1)
    there = len(odometry)
    camera.send()
    graph.until(lambda: len(odometry) > there, "odometry")
    np.testing.assert_allclose(position(odometry[-1]), [10.0, 20.0 + 2 * FORWARD, 0.5], atol=1e-5)
    assert "Traceback" not in node.output
    graph.node.destroy_publisher(publisher)


def test_a_reset_undoes_a_pose_that_was_set_before(graph: Graph, camera: TestCamera, odometry: Listener) -> None:
    publisher = graph.node.create_publisher(PoseWithCovarianceStamped, "/odometry_node/set_pose", 10)
    graph.until(publisher.get_subscription_count, "the node")
    message = PoseWithCovarianceStamped()
    message.pose.pose = pose_message(pose_from(np.eye(3), [100.0, 0.0, 0.0]))
    publisher.publish(message)
    graph.spin(0.5)
    assert graph.call(Trigger, "/odometry_node/reset", Trigger.Request()).success
    (first,) = drive(camera, odometry, 1)
    np.testing.assert_allclose(position(first), [FORWARD, 0.0, 0.0], atol=1e-5)
    graph.node.destroy_publisher(publisher)


def test_time_that_goes_back_is_a_new_drive(camera: TestCamera, odometry: Listener) -> None:
    drive(camera, odometry, 4)
    camera.now -= 300 * 1_000_000_000
    (message,) = drive(camera, odometry, 1)
    np.testing.assert_allclose(position(message), [FORWARD, 0, 0], atol=1e-5)


def test_a_clock_that_jumps_back_is_a_new_drive(graph: Graph, models: Path, node: Process) -> None:
    """As when a player loops: /clock goes back, whatever the stamps of the images do."""
    publisher = graph.node.create_publisher(Clock, "/clock", 10)
    diagnostics = graph.listen(DiagnosticArray, "/diagnostics")

    def tick(seconds: int) -> None:
        """Until the node has noticed: it stamps its diagnostics with its clock."""
        deadline = time.monotonic() + DEADLINE
        while not any(
            message.status[0].name == "simulated" and message.header.stamp.sec == seconds for message in diagnostics
        ):
            assert time.monotonic() < deadline, f"the clock of the node is not {seconds}"
            publisher.publish(Clock(clock=Stamp(sec=seconds)))
            graph.spin(0.1)

    with (
        diagnostics,
        graph.node_process(
            "odometry_node",
            name="simulated",
            remap={topic: f"simulated/{topic}" for topic in ("image", "camera_info", "odom")},
            model=models / "pose.onnx",
            camera_pose=POSE,
            use_sim_time=True,
        ) as process,
        graph.listen(Odometry, "simulated/odom").wait_for_publisher() as odometry,
        TestCamera(graph, CAMERA, topic="simulated/image") as camera,
    ):
        camera.wait_for_listeners()
        tick(900)
        renewed(graph, "simulated", camera, odometry)
        last = drive(camera, odometry, 3)[-1]
        np.testing.assert_allclose(position(last), [3 * FORWARD, 0, 0], atol=1e-5)
        tick(400)
        (message,) = drive(camera, odometry, 1)
        np.testing.assert_allclose(position(message), [FORWARD, 0, 0], atol=1e-5)
        process.wait_for_output("the clock went back")
    graph.node.destroy_publisher(publisher)


def test_a_gap_makes_no_jump_but_doubt(camera: TestCamera, odometry: Listener) -> None:
    before = drive(camera, odometry, 3)[-1]
    camera.now += 2 * 1_000_000_000
    (after,) = drive(camera, odometry, 1)
    np.testing.assert_allclose(position(after) - position(before), [FORWARD, 0, 0], atol=1e-5)
    step = np.trace(covariance(before)) / 3
    assert np.trace(covariance(after)) > np.trace(covariance(before)) + 10 * step


def test_images_that_tell_of_no_motion_are_said(camera: TestCamera, odometry: Listener, node: Process) -> None:
    """Beyond the gap that odometry bridges, each as if it were the first."""
    line = pause_until_said(camera, node, 600_000_000, "images in a row tell of no motion")
    apart = re.search(r"they come (\S+) s apart, maximum_gap is 0.5 s", line)
    assert apart
    assert apart[1] in ("0.7", "1.4", "2.1")  # a slow node's images replace each other


def test_the_same_image_twice_moves_nothing(graph: Graph, camera: TestCamera, odometry: Listener) -> None:
    last = drive(camera, odometry, 2)[-1]
    camera.now -= STEP
    again = camera.send()
    graph.spin(0.3)  # or the next may replace it
    np.testing.assert_allclose(position(odometry.of(camera.send())) - position(last), [FORWARD, 0, 0], atol=1e-5)
    assert [message.header.stamp for message in odometry].count(again) == 1


def test_path_is_where_the_odometry_was(graph: Graph, camera: TestCamera, odometry: Listener) -> None:
    with graph.listen(PathMessage, "path").wait_for_publisher() as paths:
        deadline = time.monotonic() + DEADLINE
        while not paths or len(paths[-1].poses) <= 5:
            assert time.monotonic() < deadline, "no path"
            drive(camera, odometry, 3)
        path = paths[-1]
    assert path.header.frame_id == "odom"
    places = [[pose.pose.position.x, pose.pose.position.y] for pose in path.poses]
    np.testing.assert_allclose(places, [[FORWARD * count, 0] for count in range(1, len(places) + 1)], atol=1e-5)


def test_transforms_are_off_unless_asked_for(graph: Graph, node: Process, odometry: Listener) -> None:
    assert not graph.node.count_publishers("/tf")


def test_a_tilted_camera_that_turns_is_seen_in_body_axes(graph: Graph, tmp_path: Path) -> None:
    """Against the closed form: the body's pose after n steps is the n-th power of one step, in body axes."""
    motion = pose_from(rotation_from_vector([0.004, -0.03, 0.002]), [0.02, -0.01, 0.4])
    write_pose_model(
        tmp_path / "turn.onnx", motion=motion, width=CAMERA.width, height=CAMERA.height, focal_length=CAMERA.fx
    )
    numbers = [1.2, 0.3, 1.4, 0.02, 0.1, -0.05]
    with (
        graph.node_process(
            "odometry_node",
            name="tilted",
            remap={topic: f"tilted/{topic}" for topic in ("image", "camera_info", "odom")},
            model=tmp_path / "turn.onnx",
            camera_pose=numbers,
        ),
        graph.listen(Odometry, "tilted/odom").wait_for_publisher() as odometry,
        TestCamera(graph, CAMERA, topic="tilted/image") as camera,
    ):
        camera.wait_for_listeners()
        renewed(graph, "tilted", camera, odometry)
        messages = drive(camera, odometry, 6)
    body_from_camera = pose_from(rotation_from_angles(*numbers[3:]), numbers[:3]) @ BODY_FROM_OPTICAL
    step = body_from_camera @ motion @ np.linalg.inv(body_from_camera)
    for count, message in enumerate(messages, 1):
        expected = np.linalg.matrix_power(step, count)
        rotation = message.pose.pose.orientation
        got = rotation_from_quaternion([rotation.x, rotation.y, rotation.z, rotation.w])
        np.testing.assert_allclose(position(message), expected[:3, 3], atol=1e-4)
        np.testing.assert_allclose(got, expected[:3, :3], atol=1e-4)
    # Turning about the camera's downward axis by a negative angle is turning left: yaw grows.
    assert 2 * messages[-1].pose.pose.orientation.z == pytest.approx(6 * 0.03, abs=0.02)


STREET_TOPICS = {"depth/image_rect": Image, "image_rect": Image, "depth/camera_info": CameraInfo}
STREET_STEP = 0.7
"""Metres from one image of a street to the next."""


def street_node(graph: Graph, models: Path, name: str, camera_pose: str = POSE, **parameters: Any) -> Any:
    """An odometry_node all of whose topics begin with its name: depth that another one hears as well may be sent before
    this one is there."""
    topics = (*STREET_TOPICS, "depth/scale", "speed", "image", "camera_info", "odom", "odom/scale")
    remap = {topic: f"{name}/{topic}" for topic in topics}
    model = models / "pose.onnx"
    return graph.node_process(
        "odometry_node", name=name, remap=remap, model=model, camera_pose=camera_pose, **parameters
    )


def drive_along(
    graph: Graph,
    camera: TestCamera,
    odometry: Listener,
    name: str,
    *,
    error: float,
    sigma: float,
    arrived: Callable[[], bool],
    speed: bool = False,
) -> int:
    """Along a street until something is so, which may need more images where depth comes late; how many were sent.

    Args:
        error: Depth is wrong by this factor.
        sigma: What is said of it.
        speed: Whether the wheels are measured as well.
    """
    street = Corridor()
    topics = STREET_TOPICS | {"depth/scale": Vector3Stamped} | ({"speed": TwistStamped} if speed else {})
    outputs = {topic: graph.node.create_publisher(kind, f"{name}/{topic}", 10) for topic, kind in topics.items()}
    graph.until(lambda: all(output.get_subscription_count() for output in outputs.values()), "a node that listens")
    count, deadline = 0, time.monotonic() + DEADLINE
    while not arrived():
        assert time.monotonic() < deadline, f"{count} images of a street were not enough"
        view = street.see(pose_from(np.eye(3), [0.0, 0.0, STREET_STEP * count]))
        stamp = camera.send(message_from_image(view.image, "rgb8", Header()))
        if speed:
            twist = TwistStamped(header=Header(stamp=stamp, frame_id="base_link"))
            twist.twist.linear.x = STREET_STEP / (STEP * 1e-9)
            outputs["speed"].publish(twist)
        with contextlib.suppress(AssertionError):  # none comes of the first, nor of one that the next has replaced
            graph.until(lambda stamp=stamp: odometry.has(stamp), "odometry", 3.0 if count else 0.5)
        header = Header(stamp=stamp, frame_id=FRAME)
        outputs["depth/image_rect"].publish(message_from_image(np.float32(error) * view.depth, "32FC1", header))
        outputs["image_rect"].publish(message_from_image(view.image, "rgb8", header))
        outputs["depth/camera_info"].publish(message_from_camera(STREET_CAMERA, header))
        outputs["depth/scale"].publish(Vector3Stamped(header=header, vector=Vector3(x=1.0, y=sigma)))
        graph.spin(0.1)
        count += 1
    for output in outputs.values():
        graph.node.destroy_publisher(output)
    return count


def step_of(message: Odometry) -> float:
    """Metres since the image before."""
    return message.twist.twist.linear.x * STEP * 1e-9


def test_corners_and_depth_say_how_far_it_went(graph: Graph, models: Path) -> None:
    """The pose network says half a metre to every image of a street that was driven along at 0.7 m."""
    in_a_row = 6
    with (
        street_node(graph, models, "refined"),
        graph.listen(Odometry, "refined/odom").wait_for_publisher() as odometry,
        graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
        TestCamera(graph, STREET_CAMERA, topic="refined/image") as camera,
    ):
        camera.wait_for_listeners()
        drive_along(
            graph,
            camera,
            odometry,
            "refined",
            error=1.0,
            sigma=0.04,
            arrived=lambda: (
                len(odometry) > in_a_row
                and [step_of(message) for message in odometry[-in_a_row:]]
                == pytest.approx(in_a_row * [STREET_STEP], rel=0.03)
            ),
        )
        said = graph.until(
            lambda: next(
                (
                    said
                    for message in diagnostics
                    if message.status[0].name == "refined"
                    and (said := NodeStatus.of(message.status[0].values)).motions_from.get("corners")
                    and said.scale_source != "model"  # as it is until the first depth has come
                ),
                None,
            ),
            "what motions come from",
        )
    way = position(odometry[-1]) - position(odometry[-1 - in_a_row])
    assert way[0] == pytest.approx(in_a_row * STREET_STEP, rel=0.03)
    assert (said.scale_source, said.scale_sigma) == ("depth", 0.04)


def test_it_says_what_a_unit_of_depth_is(graph: Graph, models: Path) -> None:
    """The wheels drive along the same street, whose depth comes out a fourth too long."""
    with (
        street_node(graph, models, "measuring", scale_source="speed"),
        graph.listen(Odometry, "measuring/odom").wait_for_publisher() as odometry,
        graph.listen(Vector3Stamped, "measuring/odom/scale").wait_for_publisher() as scales,
        TestCamera(graph, STREET_CAMERA, topic="measuring/image") as camera,
    ):
        camera.wait_for_listeners()
        sent = drive_along(
            graph,
            camera,
            odometry,
            "measuring",
            error=1.25,
            sigma=0.2,
            arrived=lambda: (
                bool(scales)
                and 0.0 < scales[-1].vector.y < 0.06
                and scales[-1].vector.x == pytest.approx(1 / 1.25, rel=0.08)
            ),
            speed=True,
        )
        graph.until(lambda: scales and scales[-1].header.stamp == odometry[-1].header.stamp, "a scale of depth")
        measured, step = scales[-1].vector, step_of(odometry[-1])
        deadline = time.monotonic() + DEADLINE
        while np.isfinite(scales[-1].vector.y):  # after seconds without depth its unit is no longer that of lengths
            assert time.monotonic() < deadline, "it is not taken back"
            view = Corridor().see(pose_from(np.eye(3), [0.0, 0.0, STREET_STEP * sent]))
            odometry.of(camera.send(message_from_image(view.image, "rgb8", Header())))
            sent += 1
    assert measured.z == 1.0
    assert step == pytest.approx(STREET_STEP, rel=0.03)


def test_a_base_frame_that_is_not_on_the_ground_is_said_and_no_length_follows_it(graph: Graph, models: Path) -> None:
    said = "the camera is 1.00 m above base_link, but "
    with (
        street_node(graph, models, "axles", POSE.replace("1.5", "1.0")) as process,
        graph.listen(Odometry, "axles/odom").wait_for_publisher() as odometry,
        TestCamera(graph, STREET_CAMERA, topic="axles/image") as camera,
    ):
        camera.wait_for_listeners()
        drive_along(
            graph,
            camera,
            odometry,
            "axles",
            error=1.0,
            sigma=0.2,
            arrived=lambda: said in process.output and step_of(odometry[-1]) == pytest.approx(STREET_STEP, rel=0.03),
        )
        seen = float(process.wait_for_output(said).partition(said)[2].split()[0])
    assert seen == pytest.approx(1.5, rel=0.2)  # when it was said first: images that are lost make it less sure


def test_lengths_are_those_of_a_measured_speed(graph: Graph, models: Path) -> None:
    """The pose network says 5 m/s, the wheels say 8."""
    with (
        graph.node_process(
            "odometry_node",
            name="wheels",
            remap={
                "odom": "wheels/odom",
                "speed": "wheels/twist",
                "image": "wheels/image",
                "camera_info": "wheels/camera_info",
            },
            model=models / "pose.onnx",
            camera_pose=POSE,
            motion="posenet",
            scale_source="speed",
        ) as process,
        graph.listen(Odometry, "wheels/odom").wait_for_publisher() as odometry,
        TestCamera(graph, CAMERA, topic="wheels/image") as camera,
    ):
        wheels = graph.node.create_publisher(TwistStamped, "wheels/twist", 10)
        camera.wait_for_listeners()
        graph.until(wheels.get_subscription_count, "a node that listens")
        line = pause_until_said(camera, process, 800_000_000, "no speed")  # for longer than is borne in silence
        assert "/wheels/twist: there is no speed for " in line
        spoilt = TwistStamped(header=Header(stamp=camera.send()))
        spoilt.twist.linear.x = 65535.0
        wheels.publish(spoilt)

        def is_taken() -> bool:
            """With the error of a measured speed, where the network says a fifth; it is less sure after the pauses."""
            twist = odometry[-1].twist
            return abs(twist.twist.linear.x - 8.0) < 0.1 and np.sqrt(twist.covariance[0]) / 8.0 < 0.15

        deadline = time.monotonic() + DEADLINE
        while not odometry or not is_taken():
            assert time.monotonic() < deadline, "the speed is not taken"
            message = TwistStamped(header=Header(stamp=camera.send(), frame_id="base_link"))
            message.twist.linear.x = 8.0
            wheels.publish(message)
            graph.spin(0.1)
        assert "/wheels/twist: speed is 65535 m/s, expected" in process.wait_for_output("65535")
        graph.node.destroy_publisher(wheels)
