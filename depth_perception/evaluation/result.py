"""What an evaluation found, whether it ran here or in ROS nodes; the report is made of this alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.depth_metrics import DepthMetrics
from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.trajectory_metrics import Segment, TrajectoryMetrics
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import ModelDescription
from depth_perception.percentiles import Percentiles

REACH = 10.0
"""Metres ahead within which an obstacle is a matter of braking."""
TOO_FAR = 1.1
"""Predicted over true distance from which on an obstacle counts as put too far away: a tenth of the way to brake."""

TOO_NEAR = 0.75
"""The same, from which down on it is put too near: whoever brakes by that brakes for nothing."""


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
    obstacles: float | None
    """Median of predicted over true distance of what stands on the ground up to `REACH` metres away, as it came; None
    where nothing stands there, the truth does not tell, or depth is not metric."""


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
class ObstacleSummary:
    """Where things that stand on the ground up to `REACH` metres away are placed, as a multiple of their distance."""

    images: int
    """In which there were any."""
    ratio: float
    """Median over images."""
    p10: float
    p90: float
    too_far: int
    """Images in which they are placed beyond `TOO_FAR`."""
    share_too_far: float
    """The same, of all these images."""
    too_near: int
    """Images in which they are placed nearer than `TOO_NEAR`."""

    @classmethod
    def of(cls, frames: Sequence[FrameResult]) -> ObstacleSummary | None:
        """None if none was seen, or nobody knows how far."""
        ratios = [frame.obstacles for frame in frames if frame.obstacles is not None]
        if not ratios:
            return None
        p10, ratio, p90 = (float(value) for value in np.percentile(ratios, [10, 50, 90]))
        too_far = sum(value > TOO_FAR for value in ratios)
        return cls(
            len(ratios), ratio, p10, p90, too_far, too_far / len(ratios), sum(value < TOO_NEAR for value in ratios)
        )


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
    straight: TrajectoryMetrics | None = None
    """Of a straight line at the mean of the true motion, which odometry has to beat."""
    worst: Segment | None = None
    """The 100 m on which the estimate, as it counts first, went most astray; None of a shorter path."""


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
    interrupted: bool = False
    """Whether it ended before the recording did; then it is of what came before."""
    worst: tuple[Sample, ...] = ()
    """Frames with the largest errors, the worst first."""
    cloud: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    """Points ``[n, 4]`` as in `geometry.point_cloud`, of the middle one of the samples."""
    images_failed: float | None = None
    """Share of the images that gave no depth; None where nobody counted them."""

    @property
    def obstacles(self) -> ObstacleSummary | None:
        """None if none was seen, or nobody knows how far."""
        return ObstacleSummary.of(self.frames)
