"""Drives kept on disk: rendered once, read as memory maps ever after.

A stored drive is a folder named after everything its frames depend on, complete or absent (see `training.stored`).
Depth is kept in half precision (5e-4 relative).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import Field, asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.progress import shown
from training.checked_arrays import GrowingArray, open_checked
from training.rendering.errors import RenderingError
from training.rendering.frame import Frame
from training.stored import filled, hashed

CAMERA_FILE = "camera.json"
ARRAYS = ("images", "depth", "labels", "poses", "stamps", "speeds")


class Recipe(Protocol):
    """All that a drive is made from, a dataclass: equal recipes of one version give equal frames."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def seed(self) -> int: ...

    @property
    def frames(self) -> int:
        """How many."""

    @property
    def camera(self) -> Camera: ...

    @property
    def kind(self) -> str:
        """Of world."""

    @property
    def version(self) -> int:
        """Of that kind of world: raised whenever the same recipe gives other frames."""

    def render(self) -> Iterator[Frame]:
        """The frames, rendered as they are asked for."""


@dataclass(frozen=True)
class CachedDrive:
    """A drive of n frames on disk, read only.

    Attributes:
        images: uint8 RGB ``[n, height, width, 3]``.
        depth: float16 ``[n, height, width]``, metres along the optical axis; inf where there is sky.
        labels: uint8 ``[n, height, width]``, classes of that kind of world.
        poses: float64 ``[n, 4, 4]``, ``T_world_camera``.
        stamps: float64 ``[n]``, seconds.
        speeds: float64 ``[n]``, m/s.
    """

    camera: Camera
    images: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float16]
    labels: npt.NDArray[np.uint8]
    poses: npt.NDArray[np.float64]
    stamps: npt.NDArray[np.float64]
    speeds: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.images)


def cached_drive(config: Recipe, root: str | Path) -> CachedDrive:
    """The drive from the folder `root`, rendered into it first if it is not there. Progress goes to stderr.

    Raises: `RenderingError` if it can be neither read nor rendered.
    """
    folder = Path(root) / drive_name(config)
    return load_drive(filled(folder, lambda empty: _fill(config, folder.name, empty)), config.version)


def drive_name(config: Recipe) -> str:
    """The name of a drive's folder; it changes with everything the frames depend on."""
    return hashed(f"{config.kind}-{config.seed:04d}", _description(config))


def load_drive(folder: str | Path, version: int) -> CachedDrive:
    """A stored drive, memory-mapped.

    Args:
        version: of the world it is to show.

    Raises: `RenderingError` if the folder is not one, or was made by another version of the world.
    """
    folder = Path(folder)
    try:
        description: dict[str, Any] = json.loads((folder / CAMERA_FILE).read_text())
        values = description["camera"]
        camera = Camera(**{**values, "distortion": tuple(values["distortion"])})
        arrays = {name: open_checked(folder / f"{name}.npy") for name in ARRAYS}
        shown_version = description["world"]
    except FileNotFoundError as error:
        raise RenderingError(f"{folder}: is not a stored drive ({Path(error.filename).name} is missing)") from None
    except (OSError, ValueError, KeyError, TypeError, GeometryError) as error:
        raise RenderingError(f"{folder}: cannot be read ({error}): delete it, it will be rendered again") from None
    if shown_version != version:
        raise RenderingError(f"{folder}: shows world {shown_version}, this is world {version}: delete it")
    return CachedDrive(camera, **arrays)


def _fill(config: Recipe, name: str, folder: Path) -> None:
    picture = (config.camera.height, config.camera.width)
    with ExitStack() as stack:

        def array(kind: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> GrowingArray:
            return stack.enter_context(GrowingArray(folder / f"{kind}.npy", shape, dtype))

        images, labels = array("images", (*picture, 3), np.uint8), array("labels", picture, np.uint8)
        depth, poses = array("depth", picture, np.float16), array("poses", (4, 4), np.float64)
        stamps, speeds = array("stamps", (), np.float64), array("speeds", (), np.float64)
        for frame in shown(config.render(), config.frames, name, "frames"):
            images.append(frame.image)
            labels.append(frame.labels)
            depth.append(frame.depth.astype(np.float16))
            poses.append(frame.pose)
            stamps.append(np.array(frame.stamp, np.float64))
            speeds.append(np.array(frame.speed, np.float64))
    (folder / CAMERA_FILE).write_text(json.dumps(_description(config), indent=1) + "\n")


def _description(config: Recipe) -> dict[str, Any]:
    return {"world": config.version, **asdict(config), "camera": config.camera.as_json(), "scene": config.kind}
