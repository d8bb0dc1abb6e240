"""``python -m training rooms FOLDER``: look at rooms; writes sheets of picture, depth and classes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.data.label_sets import NYU40
from training.rendering.frame import Frame
from training.rooms.room import RoomConfig, kinect, render_room

FARTHEST_SHOWN = 10.0


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(prog="python -m training rooms", description=__doc__)
    command.add_argument("folder", type=Path, help="where to write the sheets, one PNG a sampled frame")
    command.add_argument("--seeds", type=int, nargs=2, default=(0, 4), metavar=("FIRST", "COUNT"), help="which rooms")
    command.add_argument("--frames", type=int, default=20, help="of each")
    command.add_argument("--every", type=int, default=10, help="write every n-th frame")
    command.add_argument("--rate", type=float, default=2.0, help="frames a second")
    command.add_argument("--size", type=int, nargs=2, default=(320, 240), metavar=("WIDTH", "HEIGHT"))
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the sheets."""
    given = parser().parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    config = RoomConfig(0, given.frames, given.rate, kinect(*given.size))
    for seed in range(given.seeds[0], sum(given.seeds)):
        for index, frame in enumerate(render_room(replace(config, seed=seed))):
            if index % given.every == 0:
                path = given.folder / f"room-{seed:04d}-{index:04d}.png"
                cv2.imwrite(str(path), sheet(frame)[..., ::-1])
                print(path)


def sheet(frame: Frame) -> npt.NDArray[np.uint8]:
    """Picture, depth (bright is near) and classes of a frame, side by side, uint8 RGB."""
    near = 1.0 - np.clip(frame.depth / FARTHEST_SHOWN, 0.0, 1.0)
    depth = cv2.applyColorMap((near * 255.0).astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1]
    return np.hstack([frame.image, depth, NYU40.palette()[frame.labels]])
