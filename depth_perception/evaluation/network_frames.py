"""Pictures of a recording or of a folder as a network is given them: to calibrate, compare and time models on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import ModelDescription
from depth_perception.recordings.folder import is_recording
from depth_perception.recordings.pictures import SUFFIXES, Picture, pictures
from depth_perception.recordings.recording import RecordedImage, Recording
from depth_perception.resources import SAMPLE_RECORDING, share_path

Views: TypeAlias = tuple[int, Iterator[Callable[[], npt.NDArray[np.uint8]]]]
"""How many there are, and each as it is made when it is asked for: those of a long recording do not fit into memory."""
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
    taken = max(1, len(model.frames))
    with ExitStack() as opened:
        if path.is_dir() and not is_recording(path):
            images, views = _views_of_pictures(path, model)
        else:
            images, views = _views_of_recording(opened.enter_context(Recording.open(path)), model)
        moments = images - taken + 1
        if moments < 1:
            raise FramesError(
                f"{path}: '{model.name}' takes {taken} images one after the other, {images} there: give a rosbag2, or a"
                f" folder with {', '.join(SUFFIXES)}"
            )
        first = np.linspace(0, moments - 1, min(count, moments)).round().astype(int).tolist()
        chosen = [range(index, index + taken) for index in first]
        wanted = {index for moment in chosen for index in moment}
        seen = {index: view() for index, view in enumerate(views) if index in wanted}
    name = "images" if model.frames else "image"
    return [{name: np.stack([seen[index] for index in moment])} for moment in chosen]


def _views_of_recording(recording: Recording, model: ModelDescription) -> Views:
    view = NetworkView(recording.camera, model.width, model.height)

    def seen(image: RecordedImage) -> npt.NDArray[np.uint8]:
        return view.image(image.decode())

    return len(recording.stamps), (partial(seen, image) for image in recording.images())


def _views_of_pictures(path: Path, model: ModelDescription) -> Views:
    focal = model.focal_length

    @lru_cache(1)
    def view_of(width: int, height: int) -> NetworkView:
        camera = Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
        return NetworkView(camera, model.width, model.height)

    def seen(picture: Picture) -> npt.NDArray[np.uint8]:
        image = picture.decode()
        return view_of(image.shape[1], image.shape[0]).image(image)

    count, found = pictures(path)
    return count, (partial(seen, picture) for picture in found)
