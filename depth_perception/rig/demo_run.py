"""The demo itself: starts the processes, records, judges, reports."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nav_msgs.msg import Odometry

from depth_perception.camera_info import camera_from_info
from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.settings import RobotSettings
from depth_perception.estimators.view import NetworkView
from depth_perception.evaluation.judge import Judge
from depth_perception.evaluation.result import Evaluation
from depth_perception.geometry.pose import pose_from, rotation_from_quaternion
from depth_perception.model_file import ModelDescription
from depth_perception.pixel_formats import decode_depth
from depth_perception.progress import ProgressBar
from depth_perception.recordings.recording import Recording
from depth_perception.rig import demo_summary as summary
from depth_perception.rig.errors import RigError
from depth_perception.rig.graph import Graph, Playback, start_nodes
from depth_perception.rig.processes import Processes, TerminationInterrupts
from depth_perception.rig.recorder import DEPTH, Recorder
from depth_perception.rig.ros_node import ros_node

MOST_DEPTH_MAPS = 600
"""Depth maps of a long recording are judged only so often: they are kept on disk until the end."""


def run_demo(
    recording: Recording,
    robot: RobotSettings,
    environment: Mapping[str, str],
    logs: Path,
    *,
    rate: float = 1.0,
    together: bool = True,
) -> Evaluation:
    """Plays the recording into the nodes, and judges what they make of it.

    Args:
        environment: Of `ros_environment`.
        logs: Folder for those of the processes.
        rate: Times the recording's speed.
        together: The nodes share a process; else each has its own.

    Raises: `DepthPerceptionError` if a model cannot be used, or a process fails.
    """
    descriptions = robot.describe()
    os.environ.update(environment)  # before rclpy is initialised
    with tempfile.TemporaryDirectory() as folder:
        return _play_and_judge(recording, robot, descriptions, environment, logs, rate, together, Path(folder))


def _play_and_judge(
    recording: Recording,
    robot: RobotSettings,
    descriptions: tuple[ModelDescription, ModelDescription],
    environment: Mapping[str, str],
    logs: Path,
    rate: float,
    together: bool,
    folder: Path,
) -> Evaluation:
    keep_every = -(-len(recording.stamps) // MOST_DEPTH_MAPS)
    with TerminationInterrupts(), Processes(logs, environment) as processes:
        start_nodes(processes, recording, robot, together)
        camera = [recording.topics.image, recording.topics.camera_info]
        player_arguments = [str(recording.path), *camera, "--rate", str(rate), "--listeners", "1" if together else "2"]
        if recording.topics.speed is not None:
            player_arguments += ["--speed-topic", recording.topics.speed]
        player = processes.start("player", "depth_perception.rig.player", player_arguments, talks=True)
        with ros_node("demo") as node:
            recorder = Recorder(node, folder, keep_every)
            graph = Graph(node, recorder, processes, player, together)
            graph.wait_until_ready(recording)
            with ProgressBar("playing", "images") as progress:
                playback = graph.play(recording, progress)
            graph.close()
    judge = Judge(recording)
    with ProgressBar("judging", "depth maps") as progress:
        _judge_depth(judge, recording, recorder, playback, progress)
    odometry = {stamp - playback.shift: _pose(message) for stamp, message in recorder.poses.items()}
    if not judge.depth_frames:
        raise RigError(f"the nodes published no depth: {processes.all_last_words()}")
    return Evaluation(
        kind="demo",
        recording=judge.recording_summary(),
        models=summary.models_used(descriptions, recorder),
        frames=judge.frames,
        samples=judge.samples,
        worst=judge.worst,
        depth=judge.depth_report(),
        depth_is_metric=judge.depth_is_metric,
        road=judge.road_summary(),
        trajectory=judge.trajectory(odometry, metric=summary.odometry_is_metric(recorder)),
        timings=summary.timings(recorder, playback),
        topics=summary.topic_counts(recorder, playback),
        nodes=summary.node_counts(recorder),
        notes=(*judge.notes(), *summary.notes(recorder, rate, keep_every)),
        cloud=summary.cloud_points(recorder),
    )


def _judge_depth(
    judge: Judge, recording: Recording, recorder: Recorder, playback: Playback, progress: ProgressBar
) -> None:
    if recorder.info is None:
        return
    camera = camera_from_info(recorder.info)
    views = [NetworkView(raw, camera.width, camera.height) for raw in recording.cameras]
    if not any(np.allclose(view.camera.matrix, camera.matrix, atol=1e-3) for view in views):
        judge.fail("depth/camera_info is not the camera of the depth")
    images = recording.images()
    for index, (stamp, topic, message) in enumerate(recorder.depth_maps()):
        recorded = next((image for image in images if image.stamp == stamp - playback.shift), None)
        if recorded is None:
            judge.fail("the stamp of a depth map is that of no image")
            continue
        try:
            depth = decode_depth(
                message.encoding, message.width, message.height, message.step, message.data, message.is_bigendian
            )
            view = views[recording.cameras.index(recorded.camera)]
            judge.depth(recorded.stamp, view.image(recorded.decode()), depth, view.camera, metric=topic == DEPTH)
        except DepthPerceptionError as error:
            judge.fail(str(error))
        progress(index + 1, recorder.kept)


def _pose(message: Odometry) -> npt.NDArray[np.float64]:
    p, q = message.pose.pose.position, message.pose.pose.orientation
    return pose_from(rotation_from_quaternion([q.x, q.y, q.z, q.w]), [p.x, p.y, p.z])
