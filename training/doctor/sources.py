"""What may be wrong with the recordings that a training is to learn from, before it decodes or learns anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from depth_perception.calibration_file import read_calibration
from depth_perception.doctor import time_checks
from depth_perception.doctor.finding import Check, Finding, examined
from depth_perception.doctor.footage import Footage
from depth_perception.doctor.recording import IMAGE_CHECKS, examine_recording
from depth_perception.errors import DepthPerceptionError
from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.plausibility import check_camera
from depth_perception.pixel_formats import Rgb, SampleRange
from depth_perception.recordings.pictures import early_end, open_video
from training.data.datasets.bag import BagData
from training.data.datasets.folder import FolderData
from training.data.datasets.video import VideoData
from training.data.image_files import image_paths, read_image
from training.data.source import SourceSettings

_PLACES, _EACH = 8, 3
"""Places of a recording that are looked at, and successive frames at each."""
_FEW = 200
"""Frames that a training of one's own learns little from."""


@dataclass(frozen=True)
class Frames:
    """Images without messages around them: a folder, or a video.

    Attributes:
        camera: None if nothing says how they were taken.
        doubts: about its calibration.
        trouble: why there is no camera, or there are no frames; empty if there are.
        broken: where a video ends that should be longer; empty if it is whole.
        count: of frames, the parts that are left out not counted.
        footage: of some of them, as far apart as those of a snippet.
    """

    settings: FolderData | VideoData
    camera: Camera | None
    doubts: Sequence[str]
    trouble: str
    broken: str
    count: int
    footage: Footage


def source(frames: Frames) -> Iterator[Finding]:
    """Files that are missing, or cannot be decoded."""
    if not frames.count:
        yield Finding("error", frames.trouble, "mend the path, or convert the video, for instance to H.264 in mp4")
    if frames.broken:
        yield Finding("error", frames.broken, "or use what is there, with last, the number of its frames")


def calibration(frames: Frames) -> Iterator[Finding]:
    """Nothing that says how images were taken, or what no camera has."""
    action = "calibrate the camera (camera_calibration) at the size of its images, and give the file it writes"
    if frames.count and frames.trouble:
        yield Finding("error", frames.trouble, action)
    for doubt in frames.doubts:
        yield Finding("warning", doubt, action)


def image_size(frames: Frames) -> Iterator[Finding]:
    """Images of another size than their calibration."""
    camera = frames.camera
    for height, width in sorted({image.shape[:2] for image in frames.footage.images}):
        if camera is not None and (camera.width, camera.height) != (width, height):
            yield Finding(
                "error",
                f"images are {width}x{height}, their camera is {camera.width}x{camera.height}",
                "calibrate at the size of the images, or resize neither",
            )


def amount(frames: Frames) -> Iterator[Finding]:
    """Few frames, of which little is learnt."""
    if 0 < frames.count < _FEW:
        yield Finding(
            "note",
            f"there are {frames.count} frames: enough to try things out, not to learn much",
            "record ten minutes and more, of different places",
        )


OF_FRAMES = (source, calibration, image_size, amount)
OF_FOOTAGE = (time_checks.frame_rate, *IMAGE_CHECKS)


def path(settings: SourceSettings) -> Iterator[Finding]:
    """Data that is no longer where the configuration says."""
    where = getattr(settings, "path", None)
    if where is not None and not Path(where).exists():
        yield Finding("error", f"{where}: is not there", "mount or copy it back, or mend the path in the configuration")


def examine_source(settings: SourceSettings) -> list[Check]:
    """All checks of a recording; of datasets, and of what is rendered, only whether it is there."""
    there = examined(settings, (path,))
    if any(check.findings for check in there):
        return there
    if isinstance(settings, BagData):
        topics = ("image_topic", "camera_info_topic", "depth_topic", "odometry_topic")
        options = {name: getattr(settings, name) for name in topics if getattr(settings, name) is not None}
        return there + examine_recording(settings.path, options | {"rectified_input": settings.rectified_input})
    if isinstance(settings, FolderData | VideoData):
        frames = look(settings)
        return there + examined(frames, OF_FRAMES) + examined(frames.footage, OF_FOOTAGE)
    return there


def look(settings: FolderData | VideoData) -> Frames:
    """At some frames, those of a snippet beside each other."""
    camera, doubts, trouble = _camera(settings)
    reasons: list[str] = []
    stamps: list[int] = []
    broken = ""
    try:
        if isinstance(settings, VideoData):
            runs, count, stamps, broken = _of_video(settings)
        else:
            runs, count = _of_folder(settings, reasons)
    except DepthPerceptionError as error:
        runs, count, trouble = [], 0, str(error)
    footage = Footage(settings.path, "", "", stamps, stamps, (), runs, reasons)
    return Frames(settings, camera, doubts, trouble, broken, count, footage)


def _camera(settings: FolderData | VideoData) -> tuple[Camera | None, Sequence[str], str]:
    file = settings.calibration if isinstance(settings, FolderData) else None
    try:
        if file is not None:
            return *read_calibration(file), ""
        if settings.camera is None:
            return None, (), f"{settings.path}: nothing says how its images were taken: no camera, no calibration"
        return settings.camera, check_camera(settings.camera), ""
    except GeometryError as error:
        return None, (), str(error)


def _places(count: int, stride: int) -> list[list[int]]:
    """Numbers of frames, at each place some that are `stride` apart."""
    last = max(0, count - 1 - stride * (_EACH - 1))
    starts = sorted({round(float(place)) for place in np.linspace(0, last, _PLACES)})
    return [[index for k in range(_EACH) if (index := start + k * stride) < count] for start in starts]


def _of_folder(settings: FolderData, reasons: list[str]) -> tuple[list[list[Rgb]], int]:
    samples = SampleRange()
    paths = image_paths(Path(settings.path))[settings.first : settings.last]
    runs = []
    for place in _places(len(paths), settings.stride):
        run: list[Rgb] = []
        for index in place:
            try:
                run.append(read_image(paths[index], samples))
            except DepthPerceptionError as error:
                reasons.append(str(error))
        runs.append(run)
    return runs, len(paths)


def _of_video(settings: VideoData) -> tuple[list[list[Rgb]], int, list[int], str]:
    """With stamps as the rate of the video has them, and where it ends if it should be longer."""
    broken = ""
    capture = open_video(settings.path)
    try:
        count, rate = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), capture.get(cv2.CAP_PROP_FPS)
        count = max(0, min(count, settings.last or count) - settings.first) if capture.isOpened() else 0
        runs = []
        for place in _places(count, settings.stride):
            run: list[Rgb] = []
            for index in place:
                capture.set(cv2.CAP_PROP_POS_FRAMES, settings.first + index)
                good, image = capture.read()
                if good:
                    run.append(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))
                else:
                    broken = broken or _early_end(settings)
            runs.append(run)
    finally:
        capture.release()
    if not any(runs):
        raise GeometryError(f"{settings.path}: OpenCV cannot decode it")
    step = settings.stride * 1e9 / rate if rate > 0 else 0.0
    return runs, count, [round(k * step) for k in range(len(runs) * _EACH)] if step else [], broken


def _early_end(settings: VideoData) -> str:
    capture, number = open_video(settings.path), 0
    try:
        while (settings.last is None or number < settings.last) and capture.grab():
            number += 1
        reason = "" if number == settings.last else early_end(capture, number)
        return f"{settings.path}: {reason}" if reason else ""
    finally:
        capture.release()
