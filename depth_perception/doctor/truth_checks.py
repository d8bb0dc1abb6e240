"""Whether the truth that was recorded is metres, of these images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from depth_perception.doctor.finding import Finding
from depth_perception.geometry.ground_plane import fit_ground_plane
from depth_perception.pixel_formats import PixelFormatError
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.recording import Recording, TrueDepth

_MEDIAN = (0.2, 150.0)
"""Metres between which the middle of a true depth image lies."""
_HEIGHT = 2.0
"""Times by which the camera's height above the road may differ from that of its mount."""
_SPEED = 100.0
"""m/s that nothing drives at."""
_LOOKED_AT = 6


def truth_unit(recording: Recording) -> Iterator[Finding]:
    """True depth or poses that are not metres."""
    action = "convert it: metres in 32FC1, millimetres in 16UC1; leave the truth out until then"
    depths = _depths(recording)
    medians = [float(np.nanmedian(depth.depth)) for depth in depths if np.isfinite(depth.depth).any()]
    if medians and not _MEDIAN[0] < np.median(medians) < _MEDIAN[1]:
        what = f"the middle of true depth on {recording.topics.depth} is {np.median(medians):.4g} m"
        yield Finding("error", f"{what}: it is in another unit", action)
    elif depths and recording.body_from_camera is not None:
        height = float(recording.body_from_camera[2, 3])
        seen = [found for depth in depths if (found := _height(depth)) is not None]
        if seen and height > 0.3 and not 1 / _HEIGHT < np.median(seen) / height < _HEIGHT:
            yield Finding(
                "warning",
                f"by true depth on {recording.topics.depth} the camera is {np.median(seen):.3g} m above the road, by"
                f" its mount {height:.3g} m above {recording.body_frame}",
                f"{action}; or correct the mount",
            )
    if recording.odometry is not None and len(recording.odometry) > 2:
        poses = recording.odometry
        steps = np.diff(poses.stamps) * 1e-9
        moved = np.linalg.norm(np.diff(poses.poses[:, :3, 3], axis=0), axis=1)
        speed = float(np.median(moved[steps > 0] / steps[steps > 0])) if (steps > 0).any() else 0.0
        if speed > _SPEED:
            yield Finding(
                "error",
                f"true poses on {recording.topics.odometry} move at {speed:.4g} m/s: they are no metres",
                "convert them to metres, or leave them out",
            )


def truth_fits(recording: Recording) -> Iterator[Finding]:
    """Truth that meets no image, or has not its pixels."""
    action = "stamp truth and images by one clock; name its topic with --depth-topic or --odometry-topic"
    if recording.topics.depth is not None and not any(recording.has_depth(stamp) for stamp in recording.stamps):
        yield Finding("warning", f"no image has a true depth on {recording.topics.depth} within its time", action)
    if recording.odometry is not None:
        known = recording.odometry.at(np.array(recording.stamps, np.int64))[1]
        if not np.any(known):
            yield Finding("warning", f"no image lies between the true poses on {recording.topics.odometry}", action)
    if recording.depth_doubt:
        yield Finding("warning", recording.depth_doubt, "record true depth on the image's pixels, in its frame")
    try:
        for stamp in _stamps(recording)[:1]:
            recording.depth(stamp)
    except (RecordingError, PixelFormatError) as error:
        yield Finding("warning", str(error), "record true depth on the image's pixels, as 32FC1 or 16UC1")


def _stamps(recording: Recording) -> list[int]:
    there = [stamp for stamp in recording.stamps if recording.has_depth(stamp)]
    return there[:: max(1, len(there) // _LOOKED_AT)][:_LOOKED_AT]


def _depths(recording: Recording) -> list[TrueDepth]:
    try:
        found = [recording.depth(stamp) for stamp in _stamps(recording)]
    except (RecordingError, PixelFormatError):
        return []
    return [depth for depth in found if depth is not None]


def _height(truth: TrueDepth) -> float | None:
    """Metres above the road; without the lens's distortion, which matters little beside a wrong unit."""
    plane = fit_ground_plane(truth.depth, truth.camera.rectified())
    return plane.height if plane is not None and plane.residual < 0.05 else None
