"""``depth-perception predict``: depth of a picture, a folder of them, a video or a recording, without ROS."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from depth_perception.cli.recording_options import (
    add_calibration_option,
    add_camera_options,
    add_every_option,
    open_recording,
)
from depth_perception.cli.setting_options import add_options, chosen
from depth_perception.engines.settings import EngineSettings, model_file
from depth_perception.estimators.settings import DepthSettings
from depth_perception.resources import DEPTH_MODEL, model_path

if TYPE_CHECKING:
    from depth_perception.geometry.camera import Camera
    from depth_perception.geometry.pose import Array
    from depth_perception.pixel_formats import Rgb
    from depth_perception.recordings.pictures import Picture
    from depth_perception.recordings.recording import RecordedImage

GUESSED_FOCAL_LENGTH = 0.9
"""Of the width, of a camera that nobody calibrated: it sees 58 degrees across."""

TURNED = (
    "metadata say that it is to be shown turned, which is not obeyed, as a calibration is of the pixels as they are:"
    " turn the pixels themselves if depth lies on its side"
)
"""What to say of such images, of a camera that nobody calibrated."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "predict",
        help="depth of a picture, a folder of pictures, a video or a recording, as files, without ROS",
        description="Of each image NAME (of a recording its stamp in nanoseconds): NAME.jpg, the image above its depth;"
        " NAME.png, 16-bit depth in steps of 1/256 m (0: unknown), or NAME.npz; and NAME.ply, the coloured cloud, if"
        " asked for. Beside them camera.json: depth is of the rectified part of the image that the network sees.",
    )
    parser.add_argument("source", metavar="IMAGE|FOLDER|VIDEO|BAG")
    cameras = parser.add_mutually_exclusive_group()
    add_calibration_option(cameras)
    cameras.add_argument(
        "--focal-length", type=float, metavar="X", help="pixels, of a pinhole: for pictures without a calibration"
    )
    parser.add_argument("--values", choices=("png", "npz"), default="png", help="(default: %(default)s)")
    parser.add_argument("--cloud", action="store_true", help="write PLY clouds as well, in the camera's optical axes")
    add_every_option(parser)
    parser.add_argument(
        "--output", default="out/predict", metavar="FOLDER", help="where the files go (default: %(default)s)"
    )
    models = parser.add_argument_group("model, and what runs it")
    add_options(models, (model_file(DEPTH_MODEL),), "depth-")
    add_options(models, EngineSettings.table())
    add_options(parser.add_argument_group("depth"), DepthSettings.table())
    add_camera_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import sys
    from itertools import islice

    from depth_perception.cli.errors import CommandError
    from depth_perception.errors import DepthPerceptionError
    from depth_perception.evaluation.predictions import FARTHEST, Predictions
    from depth_perception.files import OutputError, require_writable
    from depth_perception.progress import ProgressBar
    from depth_perception.recordings.pictures import Picture

    settings = DepthSettings(**chosen(arguments, DepthSettings.table()))
    if settings.scale_source == "odometry":
        raise CommandError("--scale-source odometry needs odometry, which predict has not: take evaluate, or the nodes")
    if arguments.values == "png" and settings.maximum_range > FARTHEST:
        raise CommandError(
            f"--maximum-range {settings.maximum_range:g}: a PNG of 16 bits holds depth up to {FARTHEST:.3f} m, expected"
            " no more: or take --values npz"
        )
    engine_settings = EngineSettings(**chosen(arguments, EngineSettings.table()))
    output = Path(arguments.output)
    made, failed, unmeasured = 0, 0, 0
    notes: dict[str, None] = {}  # each once, in order
    with ExitStack() as opened:
        images = _images(arguments, opened)
        _require_apart(output, Path(arguments.source))
        require_writable(output)
        engine = opened.enter_context(closing(engine_settings.open(model_path(arguments.depth_model), "depth")))
        files = {"values": arguments.values, "cloud": arguments.cloud, "body_from_camera": images.body_from_camera}
        predictions = Predictions(output, engine, settings, **files)
        progress = opened.enter_context(ProgressBar("depth", "images"))
        for name, item in islice(images.each, 0, None, arguments.every):
            try:
                image = item.decode()
                camera = getattr(item, "camera", images.camera)
                if camera is None:
                    camera, said = _pinhole(image, arguments.focal_length)
                    notes |= dict.fromkeys(said)
                    if isinstance(item, Picture) and item.is_turned:
                        notes[f"{arguments.source}: {TURNED}"] = None
                result = predictions.add(name, item.stamp, image, camera)
                made += 1
                unmeasured += settings.scale_source == "ground_plane" != result.scale.source
            except OutputError:
                raise
            except DepthPerceptionError as error:
                failed += 1
                print(f"depth-perception: {error}", file=sys.stderr)
            progress(made + failed, -(-images.number // arguments.every) or made + failed)
    if not made:
        raise CommandError(f"{arguments.source}: not one image gave depth")
    print(f"{made} images{f', {failed} failed' if failed else ''}: {output.resolve()}")
    if unmeasured:
        note = (
            f"scale_source ground_plane has measured nothing in {unmeasured} of {made} images: their lengths are the"
            " model's: check camera_pose (metres, radians), and that they show the road"
        )
        notes[note] = None
    for note in (*images.remarks(), *notes):
        print(f"  note: {note}")
    return 1 if failed else 0


def _require_apart(output: Path, source: Path) -> None:
    """Raises: `CommandError` where the files would take the place of the pictures that they are made of."""
    from depth_perception.cli.errors import CommandError

    folder, items = (source, list(source.iterdir())) if source.is_dir() else (source.parent, [source])
    # What is a link lies elsewhere; a link in the output is replaced itself, not what it leads to.
    folders = {folder, *(Path(os.path.realpath(item)).parent for item in items)}
    if output.exists() and any(item.exists() and output.samefile(item) for item in folders):
        raise CommandError(
            f"{output}: is where pictures of {source} lie, which those of depth would replace: name another --output"
        )


class _Images(NamedTuple):
    """What depth is predicted of."""

    number: int
    """0 if nobody knows."""
    each: Iterator[tuple[str, Picture | RecordedImage]]
    """By name."""
    camera: Camera | None
    """Of all; None where each says its own, or nobody knows."""
    body_from_camera: Array | None
    remarks: Callable[[], tuple[str, ...]]
    """What is doubtful about them or had to be guessed, as far as they have been read, a sentence each."""


def _images(arguments: argparse.Namespace, opened: ExitStack) -> _Images:
    from depth_perception.calibration_file import read_calibration
    from depth_perception.cli.errors import CommandError
    from depth_perception.geometry.camera import GeometryError
    from depth_perception.geometry.mount import check_mount
    from depth_perception.geometry.pose import camera_mount
    from depth_perception.recordings.folder import is_recording
    from depth_perception.recordings.pictures import pictures

    path = Path(arguments.source)
    if path.exists() and is_recording(path):
        if arguments.focal_length is not None:
            raise CommandError(f"--focal-length: is of pictures and videos, {path} is a recording: give --calibration")
        recording = opened.enter_context(open_recording(arguments.source, arguments))
        each = _by_stamp(recording.images())
        return _Images(len(recording.stamps), each, None, recording.body_from_camera, lambda: recording.remarks)
    camera, mount, remarks = None, None, []
    if arguments.calibration is not None:
        camera, doubts = read_calibration(arguments.calibration, rectified=arguments.rectified_input == "always")
        remarks += [f"{arguments.calibration}: {doubt}" for doubt in doubts]
    if arguments.camera_pose is not None:
        mount = camera_mount(arguments.camera_pose)
        try:
            remarks += [f"--camera-pose: {doubt}" for doubt in check_mount(mount, "optical")]
        except GeometryError as error:
            raise CommandError(f"--camera-pose: {error}") from None
    count, found = pictures(path)
    return _Images(count, ((picture.name, picture) for picture in found), camera, mount, lambda: tuple(remarks))


def _by_stamp(images: Iterable[RecordedImage]) -> Iterator[tuple[str, RecordedImage]]:
    """Images by their nanoseconds, with a number where a stamp comes again."""
    seen: Counter[int] = Counter()
    for image in images:
        seen[image.stamp] += 1
        again = seen[image.stamp]
        yield f"{image.stamp}_{again}" if again > 1 else str(image.stamp), image


def _pinhole(image: Rgb, focal_length: float | None) -> tuple[Camera, tuple[str, ...]]:
    """Of an image that comes without a calibration, and what is doubtful about it."""
    from depth_perception.cli.errors import CommandError
    from depth_perception.geometry.camera import Camera, GeometryError
    from depth_perception.geometry.plausibility import check_camera

    height, width = image.shape[:2]
    focal = GUESSED_FOCAL_LENGTH * width if focal_length is None else focal_length
    try:
        camera = Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
        if focal_length is not None:
            return camera, tuple(f"--focal-length: {doubt}" for doubt in check_camera(camera))
    except GeometryError as error:
        raise CommandError(f"--focal-length: {error}") from None
    return camera, (
        f"the camera is not calibrated: a focal length of {GUESSED_FOCAL_LENGTH:g} of the width was taken, and metres"
        " are as wrong as that is: give --calibration or --focal-length",
    )
