"""A demo's processes: the three nodes and the player, from their start to the last result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from depth_perception.estimators.settings import RobotSettings
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, mount_numbers
from depth_perception.recordings.recording import Recording
from depth_perception.rig.errors import RigError
from depth_perception.rig.process import Process, ros_arguments
from depth_perception.rig.processes import Processes
from depth_perception.rig.recorder import CLOUD, DEPTH, INFO, NODES, ODOMETRY, Recorder

READY_DEADLINE = 180.0
"""Seconds for the nodes to load their models and to find each other."""
QUIET = 2.0
"""Seconds without a result, all nodes being idle, after which none is on its way any more."""
DRAIN_DEADLINE = 60.0


@dataclass(frozen=True)
class Playback:
    """What the player did: when it published each image, by the image's new stamp; nanoseconds."""

    published: dict[int, int]
    shift: int
    """New stamp less recorded stamp."""


def start_nodes(processes: Processes, recording: Recording, robot: RobotSettings, together: bool) -> None:
    """Starts the nodes as a launch file would, on the topics of the recording.

    Args:
        together: In one process; else each has its own.
    """
    image = recording.topics.image.removesuffix("/compressed")
    remapped = ["-r", f"image:={image}", "-r", f"camera_info:={recording.topics.camera_info}"]
    if recording.topics.speed is not None:
        remapped += ["-r", f"speed:={recording.topics.speed}"]
    mount = mount_numbers(BODY_FROM_OPTICAL if recording.body_from_camera is None else recording.body_from_camera)
    common = {
        **robot.engine.changed(),
        "rectified_input": recording.rectified_input,
        "camera_pose": mount,
        "base_frame": recording.body_frame,
    }
    parameters: dict[str, dict[str, object]] = {
        "depth_node": {"model": robot.depth_model.resolve(), **robot.depth.changed(), **common},
        "odometry_node": {"model": robot.pose_model.resolve(), **robot.odometry.changed(), **common},
        "point_cloud_node": {},
    }
    if together:
        theirs = {f"{node}:{key}": value for node, own in parameters.items() for key, value in own.items()}
        parameters = {"perception": theirs}
    for name, given in parameters.items():
        processes.start(name, f"depth_perception.nodes.{name}", [*ros_arguments(given), *remapped])


class Graph:
    """Spins the recorder's node until the nodes are ready, while the player plays, and until the last result is in."""

    def __init__(self, node: Node, recorder: Recorder, processes: Processes, player: Process, together: bool) -> None:
        self._node = node
        self._together = together
        self._recorder = recorder
        self._processes = processes
        self._player = player
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)

    def wait_until_ready(self, recording: Recording) -> None:
        """Raises: `RigError` if a node fails or is not there in time."""
        of_camera, of_depth = {"depth_node", "odometry_node"}, {"point_cloud_node"}
        if self._together:  # one listens for both, and no topic is in between
            of_camera, of_depth = {"depth_node"}, set()
        listeners = {topic: of_camera for topic in (recording.topics.image, recording.topics.camera_info)}
        listeners |= {topic: of_depth for topic in (DEPTH, INFO, "image_rect")}
        talkers = {DEPTH: "depth_node", INFO: "depth_node", ODOMETRY: "odometry_node", CLOUD: "point_cloud_node"}
        deadline = time.monotonic() + READY_DEADLINE
        player_is_ready = False
        while True:
            player_is_ready |= "ready" in self._turn()
            missing = [
                f"{name} does not listen to {topic}"
                for topic, names in listeners.items()
                for name in sorted(names - self._listeners(topic))
            ]
            missing += [
                f"{name} does not publish {topic}" for topic, name in talkers.items() if not self._is_published(topic)
            ]
            # It says so once it knows the recorder's subscriptions, of which the one to its diagnostics is the last.
            said = self._recorder.status
            missing += [f"{name} takes no frames yet" for name in NODES if name not in said or not said[name].listening]
            if not missing and player_is_ready:
                return
            if time.monotonic() > deadline:
                what = "; ".join(missing) or "the player found no listeners"
                raise RigError(f"not ready after {READY_DEADLINE:.0f} s: {what} ({self._processes.all_last_words()})")

    def play(self, recording: Recording, progress: Callable[[int, int], None]) -> Playback:
        """Lets the player play, and waits for the results."""
        self._player.say("go")
        published: dict[int, int] = {}
        total = len(recording.stamps)
        done = False
        while not done:
            for line in self._turn():
                word, *numbers = line.split()
                if word == "image":
                    stamp, published_at = map(int, numbers)
                    if not published:
                        self._recorder.cloud_from = stamp + round(recording.duration * 0.5e9)
                    published[stamp] = published_at
                done |= word == "done"
            progress(len(published), total)
            if not done and not self._player.alive:
                raise RigError(f"the player ended early: {self._processes.last_words('player')}")
        self._recorder.status.clear()
        deadline = time.monotonic() + DRAIN_DEADLINE
        while time.monotonic() < deadline and not self._is_over():
            self._turn()
        shift = next(iter(published)) - recording.stamps[0] if published else 0
        return Playback(published, shift)

    def close(self) -> None:
        self._executor.shutdown()

    def _is_over(self) -> bool:
        """Whether the nodes have said that they are idle, and results come no more."""
        said = self._recorder.status
        idle = all(name in said and said[name].idle for name in NODES)
        return idle and time.monotonic() - self._recorder.last_arrival > QUIET

    def _turn(self) -> list[str]:
        """Handles what came from ROS and returns what the player has said since."""
        self._processes.check()
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=max(0.0, end - time.monotonic()))
        return self._player.heard()

    def _listeners(self, topic: str) -> set[str]:
        name = self._node.resolve_topic_name(topic)
        return {info.node_name for info in self._node.get_subscriptions_info_by_topic(name)}

    def _is_published(self, topic: str) -> bool:
        return self._node.count_publishers(self._node.resolve_topic_name(topic)) > 0
