"""What an evaluation found, whether it ran here or in ROS nodes; the report is made of this alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.depth_metrics import DepthMetrics
from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.trajectory_metrics import TrajectoryMetrics
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import ModelDescription
from depth_perception.percentiles import Percentiles


@dataclass(frozen=True)
class FrameResult:
    """Figures of one frame that gave depth; None where there is no truth, or no road to be seen."""

    stamp: int
    median_scaled: DepthMetrics | None
    metric: DepthMetrics | None
    """As it came; None for depth of unknown scale too."""
    road_residual: float | None
    """Of a plane fitted to the road in front, median over the road's pixels, as a share of depth."""
    road_height: float | None
    """Of the camera above that plane, in units of the depth."""


@dataclass(frozen=True)
class Sample:
    """One frame kept as pictures. All arrays have the size of `camera`."""

    stamp: int
    image: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    truth: npt.NDArray[np.float32] | None
    camera: Camera


@dataclass(frozen=True)
class RoadSummary:
    """How flat the road came out; says something without any ground truth."""

    images: int
    residual_median: float
    """Over images, share of depth."""
    residual_p95: float
    height_median: float
    """Of the camera above the road; metres if the depth is metric."""
    true_height: float | None
    """From the recorded static transforms, metres."""


@dataclass(frozen=True)
class TrajectoryResult:
    """Estimated and, where known, true poses of the body at the same stamps, ``[N, 4, 4]`` each."""

    stamps: npt.NDArray[np.int64]
    estimate: npt.NDArray[np.float64]
    truth: npt.NDArray[np.float64] | None
    metrics: tuple[TrajectoryMetrics, ...]
    """One for each alignment that makes sense for the model."""
    path_length: float
    """Of the estimate, metres if the model is metric."""
    metric: bool


@dataclass(frozen=True)
class ModelUse:
    """A model and what ran it."""

    role: str
    name: str
    method: str
    backend: str
    precision: str
    device: str
    metric: bool
    trained_on: tuple[str, ...]
    """Names of the data, each with what was used of it."""

    @classmethod
    def of(cls, role: str, model: ModelDescription, *, backend: str, precision: str, device: str) -> ModelUse:
        trained_on = tuple(f"{data.name} ({data.supervision})" for data in model.training_data)
        return cls(role, model.name, model.method, backend, precision, device, model.metric, trained_on)


@dataclass(frozen=True)
class Timing:
    """One line of the table of durations."""

    name: str
    meaning: str
    seconds: Percentiles


@dataclass(frozen=True)
class TopicCount:
    """One line of the table of ROS topics."""

    name: str
    messages: int
    expected: int | None
    rate: float | None
    """Messages a second."""


@dataclass(frozen=True)
class NodeCount:
    """One line of the table of ROS nodes, as they counted themselves; latencies in seconds, NaN if there is none."""

    name: str
    received: int
    processed: int
    dropped: int
    """Replaced by newer ones before they were begun."""
    failed: int
    p50: float
    """From receipt to publishing."""
    p95: float
    p99: float


@dataclass(frozen=True)
class RecordingSummary:
    """What was played."""

    name: str
    images: int
    seconds: float
    image_topic: str
    camera: Camera
    depth_topic: str | None
    odometry_topic: str | None


@dataclass(frozen=True)
class Evaluation:
    """All that a report says."""

    kind: str
    """``replay``: run in one process, every frame; ``demo``: real ROS 2 nodes at the recording's rate."""
    recording: RecordingSummary
    models: tuple[ModelUse, ...]
    frames: tuple[FrameResult, ...]
    samples: tuple[Sample, ...]
    depth: DepthReport | None
    depth_is_metric: bool
    road: RoadSummary | None
    trajectory: TrajectoryResult | None
    timings: tuple[Timing, ...]
    topics: tuple[TopicCount, ...] = ()
    nodes: tuple[NodeCount, ...] = ()
    notes: tuple[str, ...] = ()
    cloud: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    """Points ``[n, 4]`` as in `geometry.point_cloud`, of the middle one of the samples."""
