"""Kills, at random moments, of what writes: ``python test/kills.py --kills 10``, so many of each kind.

A training, the cache of a video and an export are started again after each kill. What was finished must be whole, and
in the end all must be as if nothing had been killed, with nothing unfinished left behind. Ends with status 1 if not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.training import DrivesData, make_system, trainer

from depth_perception.geometry.camera import Camera
from depth_perception.model_file import ModelDescription, read_description
from training.checked_arrays import open_checked
from training.checkpoint_io import WholeCheckpoints
from training.data.datasets.video import VideoData
from training.exporting.export import export
from training.models import DepthModel
from training.systems.learning_rate import LearningRate


class Work(ABC):
    """Something that takes a while, and can be gone on with."""

    def prepare(self, folder: Path) -> None:
        """Puts into a new folder what it takes."""
        folder.mkdir(parents=True)

    @abstractmethod
    def run(self, folder: Path) -> None:
        """From the start, or from what was left, to the end."""

    @abstractmethod
    def check(self, folder: Path) -> None:
        """Raises if what was finished is not whole."""

    @abstractmethod
    def result(self, folder: Path) -> str:
        """Of what came out at the end; always the same."""


class Training(Work):
    """Checkpoints after each step."""

    def run(self, folder: Path) -> None:
        system = make_system("lr", learning_rate=LearningRate(1e-3, "cosine"))
        last = folder / "last.ckpt"
        saving = ModelCheckpoint(folder, save_last=True, every_n_train_steps=1)
        run = trainer(folder, max_epochs=2, callbacks=[saving], plugins=[WholeCheckpoints()])
        run.fit(system, DrivesData(), ckpt_path=str(last) if last.exists() else None)

    def check(self, folder: Path) -> None:
        for path in folder.glob("*.ckpt"):
            torch.load(path, weights_only=True)

    def result(self, folder: Path) -> str:
        weights = torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]
        return hashlib.sha256(b"".join(weight.numpy().tobytes() for weight in weights.values())).hexdigest()


class Caching(Work):
    """A video as the network sees it."""

    SIZE = (416, 128)

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        writer = cv2.VideoWriter(str(folder / "drive.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, self.SIZE)
        for number in range(400):
            writer.write(np.random.default_rng(number).integers(0, 256, (*self.SIZE[::-1], 3), np.uint8))
        writer.release()

    def run(self, folder: Path) -> None:
        camera = Camera(*self.SIZE, 240.0, 240.0, 207.5, 63.5)
        VideoData(str(folder / "drive.avi"), camera, width=416, height=128, cache=str(folder / "cache")).open(3)

    def check(self, folder: Path) -> None:
        for path in (folder / "cache").glob("drive*"):
            images = open_checked(path / "images.npy")
            assert len(images) == 400
            for image in images:
                assert image.any()

    def result(self, folder: Path) -> str:
        files = sorted(path for path in (folder / "cache").rglob("*") if path.is_file())
        return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


class Exporting(Work):
    """A model over an older one."""

    def run(self, folder: Path) -> None:
        network = make_system("lr").eval().network
        description = ModelDescription("tiny", "depth", 64, 96, 100.0, True, method="m", paper="p")
        export(DepthModel(network.lr), description, folder / "depth.onnx")

    def check(self, folder: Path) -> None:
        if (folder / "depth.onnx").exists():
            onnx.checker.check_model(onnx.load_model(str(folder / "depth.onnx")))
            assert read_description(folder / "depth.onnx").name == "tiny"

    def result(self, folder: Path) -> str:
        return hashlib.sha256((folder / "depth.onnx").read_bytes()).hexdigest()


def started(work: Callable[[], None], log: Path) -> int:
    """The id of a process that does it; what it imports is there already."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        with log.open("ab", buffering=0) as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def finished(work: Work, folder: Path) -> float:
    """Does it without a kill; seconds that it took."""
    start = time.monotonic()
    _, status = os.waitpid(started(lambda: work.run(folder), folder.with_suffix(".log")), 0)
    if status:
        raise RuntimeError(folder.with_suffix(".log").read_text()[-3000:])
    return time.monotonic() - start


def tried(work: Work, folder: Path, kills: int, rng: random.Random) -> str:
    """What is wrong; empty if nothing is."""
    whole, killed = folder / "whole", folder / "killed"
    work.prepare(whole)
    seconds = finished(work, whole)
    expected, left, ends = work.result(whole), 0, 0
    work.prepare(killed)
    done = 0
    while done < kills:
        pid = started(lambda: work.run(killed), folder / "killed.log")
        time.sleep(rng.uniform(0.0, seconds))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        left += bool(unfinished(killed))
        work.check(killed)
        if os.WIFSIGNALED(status):
            done += 1
        else:  # came to its end before
            ends += 1
            if os.WEXITSTATUS(status) or work.result(killed) != expected:
                return f"a run after kills went wrong: {(folder / 'killed.log').read_text()[-3000:]}"
            shutil.rmtree(killed)
            work.prepare(killed)
    finished(work, killed)
    print(
        f"{type(work).__name__}: {done} kills, {ends} ends before one, within {seconds:.1f} s each;"
        f" {left} left something unfinished",
        flush=True,
    )
    if work.result(killed) != expected:
        return "what came out is not what comes out without a kill"
    return f"unfinished things stay behind: {unfinished(killed)}" if unfinished(killed) else ""


def unfinished(folder: Path) -> list[str]:
    """What is neither a result nor an input."""
    return [str(path.relative_to(folder)) for path in folder.rglob(".*")]


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng, status = random.Random(options.seed), 0
    for work in (Exporting(), Caching(), Training()):
        with tempfile.TemporaryDirectory() as name:
            if wrong := tried(work, Path(name) / "work", options.kills, rng):
                print(f"{type(work).__name__}: {wrong}", file=sys.stderr)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
