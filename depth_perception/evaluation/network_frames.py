"""Pictures of a recording or of a folder as a network is given them: to calibrate, compare and time models on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import ModelDescription
from depth_perception.recordings.folder import is_recording
from depth_perception.recordings.pictures import SUFFIXES, pictures
from depth_perception.recordings.recording import Recording
from depth_perception.resources import SAMPLE_RECORDING, share_path

CALIBRATION = 24
"""Moments that a variant in fewer bits is calibrated and compared on."""


class FramesError(DepthPerceptionError):
    """A place that holds no pictures to give a network."""


def calibration_frames(place: str | Path | None, model: ModelDescription) -> list[dict[str, npt.NDArray]]:
    """`network_frames` to make a variant of a model with; None is the sample recording that comes along."""
    return network_frames(share_path(SAMPLE_RECORDING) if place is None else place, model, CALIBRATION)


def network_frames(path: str | Path, model: ModelDescription, count: int) -> list[dict[str, npt.NDArray]]:
    """The inputs of a model from `count` moments spread over a recording (rosbag2) or a folder of pictures.

    Pictures of a folder have no calibration: they are taken for those of a camera without distortion.

    Raises: `FramesError` if there is none; what reading a recording raises.
    """
    path = Path(path)
    of_pictures = path.is_dir() and not is_recording(path)
    views = _views_of_pictures(path, model) if of_pictures else _views_of_recording(path, model)
    taken = max(1, len(model.frames))
    last: deque[npt.NDArray[np.uint8]] = deque(maxlen=taken)
    moments = []
    for view in views:
        last.append(view)
        if len(last) == taken:
            moments.append(np.stack(last))
    if not moments:
        needed = f"{taken} images one after the other" if taken > 1 else "an image"
        raise FramesError(
            f"{path}: holds no {needed} for '{model.name}': give a rosbag2, or a folder with {', '.join(SUFFIXES)}"
        )
    chosen = np.linspace(0, len(moments) - 1, min(count, len(moments))).round().astype(int)
    name = "images" if model.frames else "image"
    return [{name: moments[index]} for index in chosen]


def _views_of_recording(path: Path, model: ModelDescription) -> Iterator[npt.NDArray[np.uint8]]:
    with Recording.open(path) as recording:
        view = NetworkView(recording.camera, model.width, model.height)
        for image in recording.images():
            yield view.image(image.decode())


def _views_of_pictures(path: Path, model: ModelDescription) -> Iterator[npt.NDArray[np.uint8]]:
    view: NetworkView | None = None
    for picture in pictures(path)[1]:
        image = picture.decode()
        height, width = image.shape[:2]
        if view is None or (view.source.width, view.source.height) != (width, height):
            focal = model.focal_length
            view = NetworkView(
                Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2), model.width, model.height
            )
        yield view.image(image)
