"""Runs depth and odometry over a recording in this process: every frame, in order, the same result every time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import Engine
from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.depth import DepthEstimator, DepthResult
from depth_perception.estimators.height_check import HeightMismatch
from depth_perception.estimators.odometry import Motion
from depth_perception.estimators.scale import UNKNOWN_SCALE
from depth_perception.estimators.settings import DepthSettings, OdometrySettings
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.estimators.view import EstimatorError
from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.judge import Judge
from depth_perception.evaluation.result import Evaluation, ModelUse, Sample, Timing
from depth_perception.evaluation.unmeasured import unmeasured
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.point_cloud import PointCloudBuilder
from depth_perception.geometry.pose import BODY_FROM_OPTICAL
from depth_perception.percentiles import Percentiles
from depth_perception.recordings.recording import RecordedImage, Recording
from depth_perception.recordings.topics import SPEEDS

STEPS = {
    "decode": "message to pixels",
    "depth": "pixels to depth: rectification, network, range, while the image before is judged",
    "odometry": "pixels to motion: rectification, network, corners, covariance",
}


class Output(Protocol):
    """What keeps what came of each image."""

    def add(self, image: RecordedImage, result: DepthResult, motion: Motion | None, trajectory: Trajectory) -> None:
        """What came of an image: its depth and, unless None, the motion up to it, which the trajectory has."""


def replay(
    recording: Recording,
    depth_engine: Engine,
    pose_engine: Engine | None,
    depth: DepthSettings = DepthSettings(),
    motion: OdometrySettings = OdometrySettings(),
    *,
    samples: int = 4,
    output: Output | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Depth of every image, and the trajectory if there is a pose model, judged against what truth there is.

    Interrupted (Ctrl-C), it judges what it has.

    Args:
        depth, motion: What a robot would have set of the two.
        output: Given what came of each image that could be used.
        progress: Called with frames done and frames in all.

    Raises: `EvaluationError` if not a single image gave depth, or speed is to be the scale and none was named; as the
        estimators do.
    """
    if pose_engine is not None and "speed" in motion.measures and recording.topics.speed is None:
        raise EvaluationError(
            f"{recording.path}: scale_source {motion.scale_source} needs a measured speed: name its topic"
            f" ({' or '.join(SPEEDS)}) with --speed-topic"
        )
    if depth.scale_source == "odometry" and (pose_engine is None or not motion.may_measure):
        raise EvaluationError(
            f"{recording.path}: scale_source odometry takes depth's scale from what odometry measures: let odometry's"
            " scale_source be auto, speed, ground_plane or fused, and its motion refined"
        )
    known = recording.body_from_camera
    pose = BODY_FROM_OPTICAL if known is None else known
    judge = Judge(recording, samples=samples)
    trajectory, scale = Trajectory(), UNKNOWN_SCALE
    poses: dict[int, npt.NDArray[np.float64]] = {}
    watch = _Stopwatch()
    speeds = sorted(recording.speeds())
    told, heard, depth_heard = tuple(speeds), set[str](), set[str]()
    refused: list[str] = []
    mismatch: HeightMismatch | None = None
    by_road = 0

    def estimators_of(camera: Camera) -> _Estimators:
        return _Estimators(
            camera,
            DepthEstimator(depth_engine, camera, depth, body_from_camera=known),
            None if pose_engine is None else CameraOdometry(pose_engine, camera, pose, motion),
        )

    interrupted, tried = False, 0
    try:
        with ThreadPoolExecutor(1) as beside:
            begun = _begun(recording, estimators_of, watch, beside)
            # Depth that takes its scale from odometry has to wait for that of the image before.
            for index, work in enumerate(begun if depth.scale_source == "odometry" else _one_ahead(begun)):
                recorded, estimator, odometry = work.recorded, work.estimators.depth, work.estimators.odometry
                try:
                    image, result = work.depth.result()
                    depth_heard.add(result.scale.source)
                    judge.depth(recorded.stamp, result.image, result.depth, result.camera, metric=result.metric)
                    step = None
                    if odometry is not None:
                        if motion.scale_source == "depth":
                            odometry.scale = replace(result.scale, source="depth")
                        while speeds and speeds[0][0] <= recorded.stamp:
                            try:
                                odometry.add_speed(*speeds.pop(0))
                            except EstimatorError as error:  # the image is none the worse
                                refused.append(str(error))
                        with watch("odometry"):
                            step = odometry.update(image, recorded.stamp)
                            odometry.add_depth(recorded.stamp, result.depth, result.camera, result.scale)
                        estimator.measured, mismatch = odometry.depth_scale, odometry.mismatch or mismatch
                        if step is not None:
                            scale = step.scale
                            heard.update(sources := scale.source.split("+"))
                            by_road += "ground_plane" in sources
                            poses.setdefault(step.start, trajectory.pose)
                            trajectory.add(step)
                            poses[step.stamp] = trajectory.pose
                except DepthPerceptionError as error:
                    judge.fail(str(error))
                else:
                    if output is not None:
                        output.add(recorded, result, step, trajectory)
                tried = index + 1
                if progress is not None:
                    progress(index + 1, len(recording.stamps))
    except KeyboardInterrupt:
        if not judge.depth_frames:
            raise
        interrupted = True

    if not judge.depth_frames:
        reasons = "; ".join(judge.failures) or "it holds no images"
        raise EvaluationError(f"{recording.path}: not one image gave depth ({reasons})")
    engines = [("depth", depth_engine)] + ([] if pose_engine is None else [("odometry", pose_engine)])
    stopped = [f"Stopped by hand after {judge.depth_frames} of {len(recording.stamps)} images."] if interrupted else []
    measured = {depth.scale_source} & {"ground_plane", "odometry"}
    silent = [*unmeasured(recording, "Depth", measured, depth_heard, judge.depth_frames, told)]
    if pose_engine is not None:
        silent += unmeasured(recording, "Odometry", motion.measures, heard, judge.depth_frames, told)
    if mismatch is not None:
        silent.append(
            f"Odometry's lengths are the road's in {by_road} of {len(poses) - 1} motions:"
            f" {mismatch.advice(recording.body_frame)}."
        )
    if refused:
        silent.append(f"{len(refused)} of {len(told)} speeds on {recording.topics.speed} are left out: {refused[0]}.")
    return Evaluation(
        kind="replay",
        recording=judge.recording_summary(),
        models=tuple(model_use(role, engine) for role, engine in engines),
        frames=judge.frames,
        samples=judge.samples,
        worst=judge.worst,
        depth=judge.depth_report(),
        depth_is_metric=judge.depth_is_metric,
        road=judge.road_summary(),
        trajectory=judge.trajectory(poses, metric=scale.known),
        timings=watch.timings(),
        notes=(*stopped, *silent, *judge.notes()),
        interrupted=interrupted,
        cloud=cloud_of(judge.samples),
        images_failed=1.0 - judge.depth_frames / max(tried, judge.depth_frames),
    )


@dataclass(frozen=True)
class _Estimators:
    """Of one camera."""

    camera: Camera
    depth: DepthEstimator
    odometry: CameraOdometry | None


@dataclass(frozen=True)
class _Begun:
    """An image whose pixels and depth another thread is at."""

    recorded: RecordedImage
    estimators: _Estimators
    depth: Future[tuple[npt.NDArray[np.uint8], DepthResult]]


def _begun(
    recording: Recording, estimators_of: Callable[[Camera], _Estimators], watch: _Stopwatch, beside: ThreadPoolExecutor
) -> Iterator[_Begun]:
    """All images of a recording, each begun when it is asked for."""
    estimators = None
    for recorded in recording.images():
        if estimators is None or recorded.camera != estimators.camera:  # a lens that zooms
            estimators = estimators_of(recorded.camera)
        yield _Begun(recorded, estimators, beside.submit(_depth_of, recorded, estimators.depth, watch))


def _one_ahead(begun: Iterator[_Begun]) -> Iterator[_Begun]:
    """The same, each only after the next has begun."""
    last: list[_Begun] = []
    for work in begun:
        yield from last
        last = [work]
    yield from last


def _depth_of(
    recorded: RecordedImage, estimator: DepthEstimator, watch: _Stopwatch
) -> tuple[npt.NDArray[np.uint8], DepthResult]:
    with watch("decode"):
        image = recorded.decode()
    with watch("depth"):
        return image, estimator.estimate(image, recorded.stamp)


def model_use(role: str, engine: Engine) -> ModelUse:
    """What a report says of a model and its engine."""
    what = engine.description
    backend = f"{what.backend} {what.version}"
    return ModelUse.of(role, engine.model, backend=backend, precision=what.precision, device=what.device)


def cloud_of(samples: Sequence[Sample]) -> npt.NDArray[np.float32] | None:
    """The points ``[n, 4]`` of the middle one of the samples."""
    if not samples:
        return None
    sample = samples[len(samples) // 2]
    return PointCloudBuilder(sample.camera).build(sample.depth, sample.image).reshape(-1, 4)


class _Stopwatch:
    """Durations by the name of the step."""

    _WARM_UP = 2
    """First runs of a backend, which allocate and compile."""

    def __init__(self) -> None:
        self._durations: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._durations[step].append(time.perf_counter() - start)

    def timings(self) -> tuple[Timing, ...]:
        timings = []
        for step, durations in self._durations.items():
            percentiles = Percentiles.of(durations[self._WARM_UP :] or durations)
            if percentiles is not None:
                timings.append(Timing(step, STEPS[step], percentiles))
        return tuple(timings)
