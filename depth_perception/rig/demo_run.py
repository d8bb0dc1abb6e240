"""The demo itself: starts the processes, records, judges, reports."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nav_msgs.msg import Odometry

from depth_perception.camera_info import camera_from_info
from depth_perception.cli.outcome import show
from depth_perception.cli.progress import ProgressBar
from depth_perception.cli.recording_options import open_recording, topic_arguments
from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.view import NetworkView
from depth_perception.evaluation.judge import Judge
from depth_perception.evaluation.report import write_report
from depth_perception.evaluation.result import Evaluation
from depth_perception.geometry.pose import pose_from, rotation_from_quaternion
from depth_perception.model_file import ModelDescription, read_description
from depth_perception.pixel_formats import decode_depth
from depth_perception.recordings.recording import Recording
from depth_perception.resources import DEPTH_MODEL, POSE_MODEL, SAMPLE_RECORDING, share_path
from depth_perception.rig import demo_summary as summary
from depth_perception.rig.errors import RigError
from depth_perception.rig.graph import Graph, Playback, start_nodes
from depth_perception.rig.processes import Processes, TerminationInterrupts
from depth_perception.rig.recorder import DEPTH, Recorder
from depth_perception.rig.ros_environment import ros_environment
from depth_perception.rig.ros_node import ros_node

MOST_DEPTH_MAPS = 600
"""Depth maps of a long recording are judged only so often: they are kept on disk until the end."""


def run_demo(arguments: argparse.Namespace) -> Evaluation:
    """Plays, judges, prints and writes the report.

    Raises: `DepthPerceptionError` if the recording or a model cannot be used, or a process fails.
    """
    bag = arguments.bag or str(share_path(SAMPLE_RECORDING))
    models = (
        Path(arguments.depth_model or share_path(DEPTH_MODEL)),
        Path(arguments.pose_model or share_path(POSE_MODEL)),
    )
    descriptions = (read_description(models[0], "depth"), read_description(models[1], "pose"))
    environment = ros_environment(arguments.domain)
    os.environ.update(environment)  # before rclpy is initialised
    print(
        f"{bag} through depth_node, odometry_node and point_cloud_node"
        f" (to watch along: ROS_DOMAIN_ID={environment['ROS_DOMAIN_ID']})",
        file=sys.stderr,
    )
    with open_recording(bag, arguments) as recording, tempfile.TemporaryDirectory() as folder:
        evaluation = _play_and_judge(recording, bag, models, descriptions, arguments, environment, Path(folder))
    show(evaluation, write_report(evaluation, arguments.output))
    return evaluation


def _play_and_judge(
    recording: Recording,
    bag: str,
    models: tuple[Path, Path],
    descriptions: tuple[ModelDescription, ModelDescription],
    arguments: argparse.Namespace,
    environment: Mapping[str, str],
    folder: Path,
) -> Evaluation:
    keep_every = -(-len(recording.stamps) // MOST_DEPTH_MAPS)
    with TerminationInterrupts(), Processes(Path(arguments.output) / "logs", environment) as processes:
        start_nodes(processes, recording, models, arguments.backend)
        player_arguments = [bag, "--rate", str(arguments.rate), "--listeners", "2", *topic_arguments(arguments)]
        player = processes.start("player", "depth_perception.rig.player", player_arguments, talks=True)
        with ros_node("demo") as node:
            recorder = Recorder(node, folder, keep_every)
            graph = Graph(node, recorder, processes, player)
            graph.wait_until_ready(recording)
            with ProgressBar("playing", "images") as progress:
                playback = graph.play(recording, progress)
            graph.close()
    judge = Judge(recording)
    with ProgressBar("judging", "depth maps") as progress:
        _judge_depth(judge, recording, recorder, playback, progress)
    odometry = {stamp - playback.shift: _pose(message) for stamp, message in recorder.poses.items()}
    if not judge.depth_frames:
        raise RigError(f"the nodes published no depth: {processes.last_words('depth_node')}")
    return Evaluation(
        kind="demo",
        recording=judge.recording_summary(),
        models=summary.models_used(descriptions, recorder),
        frames=judge.frames,
        samples=judge.samples,
        depth=judge.depth_summary(),
        depth_is_metric=judge.depth_is_metric,
        road=judge.road_summary(),
        trajectory=judge.trajectory(odometry, metric=descriptions[1].metric),
        timings=summary.timings(recorder, playback),
        topics=summary.topic_counts(recorder, playback),
        nodes=summary.node_counts(recorder),
        notes=(*judge.notes(), *summary.notes(recorder, arguments.rate, keep_every)),
        cloud=summary.cloud_points(recorder),
    )


def _judge_depth(
    judge: Judge, recording: Recording, recorder: Recorder, playback: Playback, progress: ProgressBar
) -> None:
    if recorder.info is None:
        return
    camera = camera_from_info(recorder.info)
    view = NetworkView(recording.camera, camera.width, camera.height)
    if not np.allclose(view.camera.matrix, camera.matrix, atol=1e-3):
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
            judge.depth(recorded.stamp, view.image(recorded.decode()), depth, camera, metric=topic == DEPTH)
        except DepthPerceptionError as error:
            judge.fail(str(error))
        progress(index + 1, recorder.kept)


def _pose(message: Odometry) -> npt.NDArray[np.float64]:
    p, q = message.pose.pose.position, message.pose.pose.orientation
    return pose_from(rotation_from_quaternion([q.x, q.y, q.z, q.w]), [p.x, p.y, p.z])
