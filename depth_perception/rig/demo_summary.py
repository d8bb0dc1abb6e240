"""What the recorder and the player saw, as lines of the report."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.result import ModelUse, NodeCount, Timing, TopicCount
from depth_perception.model_file import ModelDescription
from depth_perception.node_status import NodeStatus
from depth_perception.percentiles import Percentiles
from depth_perception.rig.graph import Playback
from depth_perception.rig.recorder import CLOUD, DEPTH, INFO, ODOMETRY, RELATIVE, Recorder


def models_used(descriptions: tuple[ModelDescription, ModelDescription], recorder: Recorder) -> tuple[ModelUse, ...]:
    """The models, with what the nodes say runs them."""
    uses = []
    for role, node, model in zip(("depth", "odometry"), ("depth_node", "odometry_node"), descriptions, strict=True):
        status = recorder.status.get(node, NodeStatus())
        what = {"backend": status.backend, "precision": status.precision, "device": status.device}
        uses.append(ModelUse.of(role, model, **{key: value or "unknown" for key, value in what.items()}))
    return tuple(uses)


def odometry_is_metric(recorder: Recorder) -> bool:
    """Whether the node knows the length of a metre."""
    sigma = recorder.status.get("odometry_node", NodeStatus()).scale_sigma
    return sigma is not None and math.isfinite(sigma)


def timings(recorder: Recorder, playback: Playback) -> tuple[Timing, ...]:
    """From an image's publication to each of its results."""
    names = {recorder.depth_topic: "image to depth", ODOMETRY: "image to odometry", CLOUD: "image to point cloud"}
    lines = []
    for topic, name in names.items():
        arrivals = recorder.arrivals[topic]
        published = playback.published
        delays = [(arrivals[stamp] - published[stamp]) * 1e-9 for stamp in arrivals if stamp in published]
        percentiles = Percentiles.of(delays)
        if percentiles is not None:
            lines.append(Timing(name, "published to result received, with transport", percentiles))
    return tuple(lines)


def topic_counts(recorder: Recorder, playback: Playback) -> tuple[TopicCount, ...]:
    """How much came on each topic, and how fast."""
    counts = []
    for topic in (recorder.depth_topic, INFO, *((CLOUD,) if recorder.depth_topic == DEPTH else ()), ODOMETRY):
        arrivals = sorted(recorder.arrivals[topic].values())
        span = (arrivals[-1] - arrivals[0]) * 1e-9 if len(arrivals) > 1 else 0.0
        rate = (len(arrivals) - 1) / span if span > 0 else None
        counts.append(TopicCount(f"/{topic}", len(arrivals), len(playback.published), rate))
    return tuple(counts)


def node_counts(recorder: Recorder) -> tuple[NodeCount, ...]:
    """What the nodes counted themselves, from their last diagnostics."""
    counts = []
    for name, status in sorted(recorder.status.items()):
        took = status.latency_from_receipt
        times = (math.nan,) * 3 if took is None else (took.p50, took.p95, took.p99)
        counts.append(NodeCount(name, status.received, status.processed, status.dropped, status.failed, *times))
    return tuple(counts)


def notes(recorder: Recorder, rate: float, keep_every: int) -> list[str]:
    """What a reader of the figures has to know."""
    lines = []
    for count in node_counts(recorder):
        status = recorder.status[count.name]
        if status.lost:
            lines.append(
                f"{status.lost} frames were lost on their way to {count.name}: the machine was too busy to take them."
            )
        if count.dropped:
            lines.append(
                f"{count.name} was slower than its input: of {count.received} frames, {count.dropped} were replaced by"
                " newer ones before it began them, so that its latency stays short."
            )
        if count.failed:
            lines.append(
                f"{count.name} could not use {count.failed} of {count.received} frames; the last time:"
                f" {status.last_error}"
            )
    if recorder.depth_topic == RELATIVE:
        lines.append("Depth of unknown scale comes on depth/relative, and nobody makes a point cloud of it.")
    if rate != 1:
        lines.append(f"Played at {rate:g} times the recorded speed.")
    if keep_every > 1:
        lines.append(f"A long recording: one of {keep_every} depth maps was judged.")
    return lines


def cloud_points(recorder: Recorder) -> npt.NDArray[np.float32] | None:
    """The cloud recorded, ``[n, 4]``; None if there is none, or it has other fields."""
    cloud = recorder.cloud
    if cloud is None or cloud.point_step != 16:
        return None
    return np.frombuffer(cloud.data, np.float32).reshape(-1, 4)
