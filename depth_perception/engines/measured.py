"""What a model was measured to be fastest in on this machine, and what that costs in accuracy."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.engines import parity
from depth_perception.engines.backend import Backend, Precision, Progress
from depth_perception.engines.engine import Engine, EngineError
from depth_perception.engines.variant_files import VARIANTS, has_variant
from depth_perception.files import cache_folder, write_atomically

ROUNDS = 12
"""Runs of each, in alternation: what else the machine does meanwhile meets all alike."""


@dataclass(frozen=True)
class Way:
    """One way to run a model."""

    backend: str
    precision: Precision
    threads: int | None


@dataclass(frozen=True)
class Measurement:
    """How fast a way is, and how far its answers are from ONNX Runtime's in float32.

    Attributes:
        milliseconds: of one run, the median.
        loss: mean relative difference.
    """

    way: Way
    milliseconds: float
    loss: float


def measure(
    engines: Mapping[Way, Engine],
    frames: Sequence[Mapping[str, npt.NDArray]],
    progress: Progress | None = None,
) -> list[Measurement]:
    """Runs the engines in turn on the frames; the first of them is the reference. The fastest first."""
    times: dict[Way, list[float]] = {way: [] for way in engines}
    losses: dict[Way, list[float]] = {way: [] for way in engines}
    for index in range(ROUNDS):
        frame = frames[index % len(frames)]
        expected: dict[str, npt.NDArray] = {}
        for way, engine in engines.items():
            start = time.perf_counter()
            answer = engine.run(frame)
            times[way].append(time.perf_counter() - start)
            expected = expected or {name: array.copy() for name, array in answer.items()}
            losses[way].append(max(parity.difference(answer[name], expected[name]) for name in expected))
        if progress is not None and not progress("measuring", index + 1, ROUNDS):
            raise EngineError("measuring was cancelled")
    found = [
        Measurement(way, round(float(np.median(times[way][1:])) * 1e3, 3), float(np.mean(losses[way])))
        for way in engines
    ]
    return sorted(found, key=lambda item: item.milliseconds)


def thread_counts() -> list[int]:
    """Worth a try here: all cores that this process may use, and half of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return sorted({cores, max(1, cores // 2)}, reverse=True)


def remember(path: str | Path, backends: Mapping[str, Backend], found: Sequence[Measurement]) -> Path:
    """Keeps what was measured of the model at `path`, for `fastest`.

    Raises: `OSError` if there is no room, `CacheError` if the cache cannot be trusted.
    """
    file = _file(path, backends)
    write_atomically(file, json.dumps([asdict(item) for item in found], indent=2).encode(), 0o600)
    return file


def fastest(
    path: str | Path,
    backends: Mapping[str, Backend],
    wanted: Way,
    largest_loss: float,
) -> Measurement | None:
    """The fastest way measured that is what is `wanted` (``auto`` and None leave it open) and loses no more.

    None if the model was not measured on this machine with these versions.
    """
    with suppress(Exception):  # a record that cannot be read is none
        for item in json.loads(_file(path, backends).read_text()):
            way = Way(**item["way"])
            fits = (
                wanted.backend in ("auto", way.backend)
                and wanted.precision in ("auto", way.precision)
                and wanted.threads in (None, way.threads)
            )
            is_there = way.precision not in VARIANTS or has_variant(path, way.precision)
            if fits and is_there and item["loss"] <= largest_loss:
                return Measurement(way, item["milliseconds"], item["loss"])
    return None


def _file(path: str | Path, backends: Mapping[str, Backend]) -> Path:
    model = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    versions = [f"{backend.name} {backend.version()}" for backend in backends.values() if not backend.obstacle()]
    key = json.dumps([model, processor(), thread_counts(), versions])
    return cache_folder("measured") / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def processor() -> str:
    """What the CPU calls itself."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
