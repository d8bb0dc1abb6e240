"""Holds depth maps and poses against the ground truth of a recording, as they come."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.view import NetworkView
from depth_perception.evaluation.baselines import ignorant
from depth_perception.evaluation.breakdown import DISTANCE
from depth_perception.evaluation.depth_metrics import DepthMetrics
from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.depth_tally import DepthTally
from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.heights import HEIGHT, obstacle_ratios
from depth_perception.evaluation.protocol import RECORDING
from depth_perception.evaluation.result import (
    REACH,
    FrameResult,
    RecordingSummary,
    RoadSummary,
    Sample,
    TrajectoryResult,
)
from depth_perception.evaluation.trajectory_metrics import (
    KITTI_LENGTHS,
    Alignment,
    align,
    path_length,
    segments,
    straight_line,
    trajectory_metrics,
)
from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.ground_plane import DOWN, fit_ground_plane, road_region
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, inverse
from depth_perception.recordings.recording import Recording

DepthMap = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]


COLUMNS = 48
"""Of a truth that are kept for the baselines."""
ASTRAY = 10.0
"""Percent of the way; positions that are farther off, as long as it is made, do not fit."""


class Judge:
    """Takes what was estimated from one recording, frame by frame, and sums it up.

    Args:
        samples: How many frames to keep as pictures, evenly over the recording.
        worst: How many of those with the largest errors to keep as pictures.
    """

    def __init__(self, recording: Recording, *, samples: int = 4, worst: int = 3) -> None:
        self._recording = recording
        self._tally = DepthTally("", RECORDING, [DISTANCE, HEIGHT])
        self._frames: list[FrameResult] = []
        self._samples: list[Sample] = []
        self._truths: list[DepthMap] = []
        self._most_worst, self._worst = worst, list[tuple[float, Sample]]()
        stamps = sorted(recording.stamps)
        with_truth = [stamp for stamp in stamps if recording.has_depth(stamp)]
        self._has_truth = bool(with_truth)
        self._wanted = _evenly(with_truth or stamps, samples)
        self._all_metric = True
        self._views: dict[tuple[Camera, int, int], NetworkView] = {}
        self._roads: dict[Camera, npt.NDArray[np.bool_]] = {}
        self.failures: dict[str, int] = {}
        self._useless: list[float | None] = []
        self._doubt = ""
        pose = recording.body_from_camera
        self._gravity = DOWN if pose is None else tuple(-pose[2, :3])

    @property
    def depth_frames(self) -> int:
        """How many depth maps it was given."""
        return len(self._frames)

    def fail(self, reason: str) -> None:
        """Notes a frame that gave nothing."""
        self.failures[reason] = self.failures.get(reason, 0) + 1

    def depth(self, stamp: int, image: Image, depth: DepthMap, camera: Camera, *, metric: bool) -> None:
        """One depth map ``[height, width]`` with its image and camera, of the recorded image with this stamp."""
        road = self._road(camera)
        true_depth = self._true_depth(stamp, camera)
        median_scaled, as_it_came, obstacles = None, None, None
        if true_depth is not None and not RECORDING.mask(true_depth).any():
            known = true_depth[np.isfinite(true_depth) & (true_depth > 0)]
            self._useless.append(float(np.median(known)) if known.size else None)
        elif true_depth is not None:
            try:
                frame = Frame(str(stamp), image, true_depth, camera)
                median_scaled, as_it_came, _ = self._tally.add(frame, depth, metric=metric)
                obstacles = next(iter(obstacle_ratios(frame, depth, REACH)), None) if metric else None
                self._truths.append(_some_columns(np.where(np.isnan(depth), np.float32(np.nan), true_depth)))
                self._keep_if_worst(median_scaled.abs_rel, Sample(stamp, image, depth, true_depth, camera))
            except DepthPerceptionError as error:
                self.fail(str(error))
        plane = fit_ground_plane(depth, camera, road)
        if plane is not None and not np.isfinite(plane.residual):
            plane = None
        self._frames.append(
            FrameResult(
                stamp,
                median_scaled,
                as_it_came,
                None if plane is None else plane.residual,
                None if plane is None else plane.height,
                obstacles,
            )
        )
        self._all_metric &= metric
        worth_showing = true_depth is not None or not self._has_truth
        if worth_showing and self._wanted and stamp >= self._wanted[0]:
            self._wanted = [other for other in self._wanted if other > stamp]
            self._samples.append(Sample(stamp, image.copy(), depth.copy(), true_depth, camera))

    @property
    def frames(self) -> tuple[FrameResult, ...]:
        return tuple(self._frames)

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(self._samples)

    @property
    def worst(self) -> tuple[Sample, ...]:
        """The frames with the largest errors, the worst first."""
        return tuple(sample for _, sample in self._worst)

    @property
    def depth_is_metric(self) -> bool:
        return self._all_metric and bool(self._frames)

    def depth_report(self) -> DepthReport | None:
        """None without ground truth."""
        return replace(self._tally.report(), baselines=self._baselines()) if self._tally.images else None

    def road_summary(self) -> RoadSummary | None:
        """None if no frame showed a road."""
        residuals = [frame.road_residual for frame in self._frames if frame.road_residual is not None]
        heights = [frame.road_height for frame in self._frames if frame.road_height is not None]
        if not residuals:
            return None
        pose = self._recording.body_from_camera
        return RoadSummary(
            images=len(residuals),
            residual_median=float(np.median(residuals)),
            residual_p95=float(np.percentile(residuals, 95)),
            height_median=float(np.median(heights)),
            true_height=None if pose is None else float(pose[2, 3]),
        )

    def trajectory(self, poses: Mapping[int, npt.NDArray[np.float64]], *, metric: bool) -> TrajectoryResult | None:
        """The estimated poses of the body by stamp, held against the true ones; None for fewer than two."""
        stamps = np.array(sorted(poses), np.int64)
        if len(stamps) < 2:
            return None
        estimate = np.array([poses[stamp] for stamp in stamps.tolist()])
        truth = None
        if self._recording.odometry is not None:
            true_poses, known = self._recording.odometry.at(stamps)
            if np.count_nonzero(known) >= 2:
                stamps, estimate, truth = stamps[known], estimate[known], true_poses[known]
        alignments: tuple[Alignment, ...] = ("origin", "scale", "sim3") if metric else ("scale", "sim3")
        metrics = []
        if truth is not None:
            for alignment in alignments:
                try:
                    metrics.append(trajectory_metrics(truth, estimate, alignment))
                except DepthPerceptionError as error:
                    self.fail(str(error))
        result = TrajectoryResult(stamps, estimate, truth, tuple(metrics), path_length(estimate), metric)
        if truth is None or not metrics:
            return result
        self._doubt = self._doubt_about(truth, estimate)
        hundreds = segments(truth, align(truth, estimate, metrics[0].alignment).apply(estimate), KITTI_LENGTHS[:1])
        return replace(
            result,
            straight=trajectory_metrics(truth, straight_line(truth), "origin"),
            worst=max(hundreds, key=lambda item: item.t_err, default=None),
        )

    def notes(self) -> tuple[str, ...]:
        """What a reader of the figures has to know."""
        recording = self._recording
        notes = [*recording.truth_found, *recording.remarks]
        if recording.topics.depth is None:
            notes.append("The recording has no true depth: only the flatness of the road can be judged.")
        if recording.odometry is None:
            notes.append("The recording has no true odometry: the trajectory is shown, not judged.")
        if recording.body_from_camera is None:
            notes.append(
                f"No static transform from {recording.body_frame} to {recording.camera_frame} was recorded:"
                " the camera was taken to be level, at the origin of the body."
            )
        back = sum(later <= earlier for earlier, later in pairwise(recording.stamps))
        if back:
            notes.append(f"Time does not go forward at {back} of the images: odometry began anew there.")
        if self._frames and not self._all_metric:
            notes.append("The depth model does not know metres: lengths are in its own unit, errors are median-scaled.")
        if self._useless:
            medians = [median for median in self._useless if median is not None]
            has = f"the median of the first that has any is {medians[0]:.4g} m" if medians else "nor any beyond"
            notes.append(
                f"True depth on {recording.topics.depth} has no value up to {RECORDING.maximum:g} m in"
                f" {len(self._useless)} images ({has}): expected metres in 32FC1, millimetres in 16UC1, NaN or 0 where"
                " nothing is known."
            )
        notes += [self._doubt] if self._doubt else []
        notes += [f"Failed {count} times: {reason}" for reason, count in self.failures.items()]
        return tuple(notes)

    def recording_summary(self) -> RecordingSummary:
        recording = self._recording
        return RecordingSummary(
            name=recording.path.resolve().name,
            images=len(recording.stamps),
            seconds=recording.duration,
            image_topic=recording.topics.image,
            camera=recording.camera,
            depth_topic=recording.topics.depth,
            odometry_topic=recording.topics.odometry,
        )

    def _keep_if_worst(self, error: float, sample: Sample) -> None:
        if len(self._worst) < self._most_worst or error > self._worst[-1][0]:
            kept = replace(sample, image=sample.image.copy(), depth=sample.depth.copy())
            self._worst.append((error, kept))
            self._worst.sort(key=lambda item: -item[0])
            del self._worst[self._most_worst :]

    def _baselines(self) -> dict[str, DepthMetrics]:
        """Errors of what does not look at the images and knows this recording's truth, where there was depth."""
        truths = [truth for truth in self._truths if truth.shape == self._truths[0].shape]  # a camera may zoom
        tallies = {name: (predict, DepthTally(name, RECORDING)) for name, predict in ignorant(truths).items()}
        for truth in truths:
            frame = Frame("", np.zeros((*truth.shape, 3), np.uint8), truth)
            for predict, tally in tallies.values():
                with suppress(EvaluationError):  # a frame of which nothing is known in these columns
                    tally.add(frame, predict(frame))
        return {name: tally.report().median_scaled for name, (_, tally) in tallies.items() if tally.images}

    def _doubt_about(self, truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]) -> str:
        """What to say of poses in a file that do not fit, and would if they were the camera's."""
        if self._recording.poses_of != "body":
            return ""
        known = self._recording.body_from_camera
        camera_from_body = inverse(BODY_FROM_OPTICAL if known is None else known)
        try:
            taken, other = (
                trajectory_metrics(poses, estimate, "scale").ate_percent for poses in (truth, truth @ camera_from_body)
            )
        except EvaluationError:  # one of them stands still
            return ""
        if taken < ASTRAY or other > taken / 3:
            return ""
        return (
            f"The true poses do not fit as those of the body, by {taken:.0f} % of the way, and as those of the camera"
            f" by {other:.2g} %: give --poses-of camera if they are."
        )

    def _true_depth(self, stamp: int, camera: Camera) -> DepthMap | None:
        """In the view that `camera` is of; None where there is none, or none that can be used."""
        try:
            truth = self._recording.depth(stamp)
        except DepthPerceptionError as error:
            self.fail(f"true depth: {error}")
            return None
        if truth is None:
            return None
        key = (truth.camera, camera.width, camera.height)
        if key not in self._views:
            self._views[key] = NetworkView(*key)
        return self._views[key].depth(truth.depth)

    def _road(self, camera: Camera) -> npt.NDArray[np.bool_]:
        if camera not in self._roads:
            self._roads[camera] = np.zeros((camera.height, camera.width), np.bool_)
            with suppress(GeometryError):  # of a camera that looks straight up or down, as is said of its mount
                self._roads[camera] = road_region(camera, self._gravity)
        return self._roads[camera]


def _some_columns(depth: DepthMap) -> DepthMap:
    """A few, of long recordings too: of what does not look, they tell as much as all."""
    return depth[:, :: max(1, depth.shape[1] // COLUMNS)].copy()


def _evenly(stamps: list[int], count: int) -> list[int]:
    """`count` of the stamps, at the middles of as many equal parts."""
    count = min(count, len(stamps))
    return [stamps[int((index + 0.5) * len(stamps) / count)] for index in range(count)]
