"""``python -m training street render|stills|record|benchmark``: look at the street world, record a drive, time it."""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.plausibility import check_camera
from training.data.datasets.stills import PatchSource, StillsData, recipes_of
from training.rendering.frame import Frame
from training.street.bag import write_bag
from training.street.drive import SCENES, STREET_CAMERA, DriveConfig, render_drive
from training.street.errors import StreetError
from training.street.labels import COLOURS

FARTHEST_SHOWN = 150.0


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    root = argparse.ArgumentParser(prog="python -m training street", description=__doc__)
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)

    render = commands.add_parser("render", help="write sheets of frames: picture, depth, classes")
    _add_drive(render, frames=60)
    render.add_argument("folder", type=Path, help="where to write the sheets, one PNG a sampled frame")
    render.add_argument("--every", type=int, default=20, help="write every n-th frame")
    render.set_defaults(run=_render)

    stills = commands.add_parser("stills", help="write contact sheets of stills: picture, depth")
    stills.add_argument("folder", type=Path, help="where to write the sheets, one PNG a world")
    stills.add_argument("--seeds", type=int, nargs=2, default=(0, 4), metavar=("FIRST", "COUNT"), help="which worlds")
    stills.add_argument("--frames", type=int, default=12, help="of each")
    stills.add_argument("--size", type=int, nargs=2, metavar=("WIDTH", "HEIGHT"), default=(480, 360))
    stills.add_argument(
        "--openings", type=float, nargs=2, default=(40.0, 120.0), metavar=("LOW", "HIGH"), help="degrees"
    )
    stills.add_argument("--patches", nargs="+", default=(), metavar="PATH", help="videos or folders of pictures")
    stills.set_defaults(run=_stills)

    record = commands.add_parser("record", help="write a drive as a rosbag2 recording (mcap)")
    _add_drive(record, frames=150)
    record.add_argument("path", type=Path, help="folder of the recording; must not be there yet")
    record.add_argument("--depth-every", type=int, default=1, help="true depth with every k-th frame")
    record.add_argument("--jpeg-quality", type=int, default=85)
    record.set_defaults(run=_record)

    benchmark = commands.add_parser("benchmark", help="time a frame: picture, depth and classes")
    _add_drive(benchmark, frames=60)
    benchmark.set_defaults(run=_benchmark)
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one of the commands."""
    given = parser().parse_args(arguments)
    given.run(given)


def sheet(frame: Frame) -> npt.NDArray[np.uint8]:
    """Picture, depth (bright is near, black is sky) and classes of a frame, one above the other, uint8 RGB."""
    palette = np.zeros((256, 3), np.uint8)
    for label, colour in COLOURS.items():
        palette[label] = colour
    return np.vstack([frame.image, _shown(frame), palette[frame.labels]])


def contact_sheet(frames: Sequence[Frame], columns: int = 6) -> npt.NDArray[np.uint8]:
    """Pictures and their depth, each below its picture, in rows, uint8 RGB."""
    pairs = [np.vstack([frame.image, _shown(frame)]) for frame in frames]
    pairs += [np.zeros_like(pairs[0])] * (-len(pairs) % columns)
    return np.vstack([np.hstack(pairs[first : first + columns]) for first in range(0, len(pairs), columns)])


def _shown(frame: Frame) -> npt.NDArray[np.uint8]:
    """The depth of a frame: bright is near, black is sky."""
    near = 1.0 - np.log(np.clip(frame.depth, 1.0, FARTHEST_SHOWN)) / np.log(FARTHEST_SHOWN)
    return np.asarray(cv2.applyColorMap((near * 255.0).astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1], np.uint8)


def _add_drive(command: argparse.ArgumentParser, frames: int) -> None:
    camera = STREET_CAMERA
    command.add_argument("--seed", type=int, default=0, help="which world; below 1000 for training")
    command.add_argument("--frames", type=int, default=frames)
    command.add_argument("--rate", type=float, default=10.0, help="frames a second")
    command.add_argument("--scene", choices=SCENES, help="kind of world (default: the seed chooses)")
    command.add_argument(
        "--size", type=int, nargs=2, metavar=("WIDTH", "HEIGHT"), default=(camera.width, camera.height)
    )
    command.add_argument(
        "--focal", type=float, nargs=2, metavar=("FX", "FY"), default=(camera.fx, camera.fy), help="pixels"
    )
    command.add_argument(
        "--centre", type=float, nargs=2, metavar=("CX", "CY"), default=(camera.cx, camera.cy), help="pixels"
    )
    command.add_argument(
        "--distortion",
        type=float,
        nargs="+",
        default=(),
        metavar="K",
        help="k1 k2 p1 p2 [k3 [k4 k5 k6]], as OpenCV has them",
    )
    command.add_argument("--height", type=float, default=1.6, help="of the camera above the ground, metres")
    command.add_argument("--pitch", type=float, default=0.0, help="degrees, positive looks down")
    command.add_argument("--roll", type=float, default=0.0, help="degrees, positive lowers the right side")


def _config(given: argparse.Namespace) -> DriveConfig:
    (width, height), (fx, fy), (cx, cy) = given.size, given.focal, given.centre
    camera = Camera(width, height, fx, fy, cx, cy, tuple(given.distortion))
    check_camera(camera)
    return DriveConfig(
        seed=given.seed,
        frames=given.frames,
        rate=given.rate,
        camera=camera,
        camera_height=given.height,
        camera_pitch=float(np.deg2rad(given.pitch)),
        camera_roll=float(np.deg2rad(given.roll)),
        scene=given.scene,
    )


def _render(given: argparse.Namespace) -> None:
    config = _config(given)
    given.folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(render_drive(config)):
        if index % given.every == 0:
            path = given.folder / f"{config.kind}-{config.seed:04d}-{index:04d}.png"
            cv2.imwrite(str(path), sheet(frame)[..., ::-1])
            print(path)


def _stills(given: argparse.Namespace) -> None:
    patches = tuple(PatchSource(path) for path in given.patches)
    (width, height), openings = given.size, tuple(given.openings)
    data = StillsData(tuple(given.seeds), given.frames, openings=openings, width=width, height=height, patches=patches)
    given.folder.mkdir(parents=True, exist_ok=True)
    for recipe in recipes_of(data):
        start = time.process_time()
        frames = list(recipe.render())
        spent = time.process_time() - start
        path = given.folder / f"stills-{recipe.seed:04d}.png"
        cv2.imwrite(str(path), contact_sheet(frames)[..., ::-1])
        print(f"{path}: {1000.0 * spent / len(frames):.0f} ms of processor time a picture, the world's making included")


def _record(given: argparse.Namespace) -> None:
    write_bag(_config(given), given.path, given.depth_every, given.jpeg_quality)
    size = sum(file.stat().st_size for file in given.path.iterdir())
    print(f"{given.path}: {given.frames} frames, {size / 1e6:.1f} MB")


def _benchmark(given: argparse.Namespace) -> None:
    config = _config(given)
    walls, works = [time.perf_counter()], [time.process_time()]
    for _ in render_drive(config):
        walls.append(time.perf_counter())
        works.append(time.process_time())
    first, *rest = [1000.0 * (after - before) for before, after in itertools.pairwise(walls)]
    _, *work = [1000.0 * (after - before) for before, after in itertools.pairwise(works)]
    camera = config.camera
    if not rest:
        raise StreetError("one frame cannot be timed, it comes with the making of its world: give --frames 2 or more")
    print(
        f"{camera.width}x{camera.height}, {config.kind} {config.seed}: picture, depth and classes in"
        f" {statistics.median(rest):.0f} ms a frame (median of {len(rest)}, fastest {min(rest):.0f}),"
        f" {statistics.median(work):.0f} ms of processor time;"
        f" the world and its first frame in {first / 1000.0:.1f} s"
    )
