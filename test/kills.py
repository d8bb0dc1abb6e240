"""Kills, at random moments, of what writes: ``python test/kills.py --kills 10``, so many of each kind.

A training, the cache of a video and an export are started again after each kill. What was finished must be whole, and
in the end all must be as if nothing had been killed, with nothing unfinished left behind. If not, says what each start
came to and what differs by how much, keeps the folders, and ends with status 1.
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
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
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

Result: TypeAlias = dict[str, npt.NDArray[Any]]
"""By name."""


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
    def result(self, folder: Path) -> Result:
        """What came out at the end; always the same."""

    @abstractmethod
    def left(self, folder: Path) -> str:
        """What a start left for the next one."""


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

    def result(self, folder: Path) -> Result:
        weights = torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]
        return {name: weight.numpy() for name, weight in weights.items()}

    def left(self, folder: Path) -> str:
        steps = {path.name: torch.load(path, weights_only=True)["global_step"] for path in folder.glob("*.ckpt")}
        return f"{steps.pop('last.ckpt', 0)} steps, and others of {sorted(steps.values())}"


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

    def result(self, folder: Path) -> Result:
        files = sorted(path for path in (folder / "cache").rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): np.fromfile(path, np.uint8) for path in files}

    def left(self, folder: Path) -> str:
        return str([str(path.relative_to(folder)) for path in sorted(folder.glob("cache/*"))])


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

    def result(self, folder: Path) -> Result:
        return {"depth.onnx": np.fromfile(folder / "depth.onnx", np.uint8)}

    def left(self, folder: Path) -> str:
        return str([path.name for path in sorted(folder.iterdir())])


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
    done, unfinished_ones, starts = 0, 0, []
    expected = work.result(whole)
    for number in count():
        if not killed.exists():
            work.prepare(killed)
        pid = started(lambda: work.run(killed), folder / "killed.log")
        after = rng.uniform(0.0, seconds) if done < kills else None
        if after is not None:
            time.sleep(after)
            os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        starts.append(f"start {number}: kill after {after} s, exit code {code}, left {work.left(killed)}")
        unfinished_ones += bool(unfinished(killed))
        work.check(killed)
        if code == -signal.SIGKILL:
            done += 1
            continue
        if wrong := f"exit code {code}" if code else differences(work.result(killed), expected) or still(killed):
            return "\n".join((wrong, *starts, f"again without a kill: {again(work, folder, expected)}"))
        if after is None:
            break
        starts.append("all anew")
        shutil.rmtree(killed)
    anew = starts.count("all anew")
    print(
        f"{type(work).__name__}: {done} kills, {anew} ends before one, within {seconds:.1f} s each;"
        f" {unfinished_ones} left something unfinished",
        flush=True,
    )
    return ""


def again(work: Work, folder: Path, expected: Result) -> str:
    """Whether it is the same at all, without a kill."""
    work.prepare(folder / "again")
    finished(work, folder / "again")
    return differences(work.result(folder / "again"), expected) or "the same"


def differences(found: Result, expected: Result) -> str:
    """What is not what comes out without a kill; empty if all is."""
    lines = [f"only in one: {name}" for name in sorted(found.keys() ^ expected.keys())]
    for name in sorted(found.keys() & expected.keys()):
        one, other = found[name], expected[name]
        if one.shape != other.shape:
            lines.append(f"{name}: {one.shape}, without a kill {other.shape}")
        elif one.tobytes() != other.tobytes():
            most = np.abs(one.astype(float) - other).max()
            lines.append(f"{name}: {np.count_nonzero(one != other)} of {one.size} differ, by up to {most:.3g}")
    return "\n".join((f"other than without a kill ({digest(found)}, {digest(expected)}):", *lines)) if lines else ""


def digest(result: Result) -> str:
    """Of all of it."""
    return hashlib.sha256(b"".join(name.encode() + item.tobytes() for name, item in result.items())).hexdigest()[:16]


def still(folder: Path) -> str:
    """Words for what is unfinished, though all is done; empty if nothing is."""
    return f"unfinished things stay behind: {unfinished(folder)}" if unfinished(folder) else ""


def unfinished(folder: Path) -> list[str]:
    """What is neither a result nor an input."""
    return [str(path.relative_to(folder)) for path in folder.rglob(".*")]


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="of each kind")
    parser.add_argument("works", nargs="*", help="exporting, caching, training; none is all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng, status = random.Random(options.seed), 0
    works = {type(work).__name__.lower(): work for work in (Exporting(), Caching(), Training())}
    for name in options.works or works:
        folder = Path(tempfile.mkdtemp(prefix=f"kills_{name}_"))
        if wrong := tried(works[name], folder / "work", options.kills, rng):
            print(f"{name}: {wrong}\nsee {folder}", file=sys.stderr)
            status = 1
        else:
            shutil.rmtree(folder)
    return status


if __name__ == "__main__":
    sys.exit(main())
