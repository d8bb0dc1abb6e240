"""The KITTI odometry benchmark, for pose models: the sequences that SfMLearner and all after it are tested on."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.protocol import DepthProtocol
from training.data.datasets.kitti_odometry import TEST, KittiOdometryData
from training.data.snippet import SnippetSource
from training.evaluation.benchmark import Benchmark
from training.evaluation.odometry import Drive, Poses


class KittiOdometry(Benchmark):
    """Whole sequences."""

    def add_options(self, add: Callable[..., Any]) -> None:
        super().add_options(add)
        add("--sequences", nargs="+", default=TEST, help="default: 09 10")

    def drives(self, options: Namespace) -> dict[str, Drive]:
        drives = {}
        for sequence in options.sequences:
            source = KittiOdometryData(options.data, sequences=(sequence,), truth=("poses",)).open(1)
            drives[f"sequence {sequence}"] = Drive(source[0].camera, _Frames(source))
        return drives


@dataclass(frozen=True)
class _Frames:
    """Read when they are asked for."""

    source: SnippetSource

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.uint8], Poses]]:
        for index in range(len(self.source)):
            snippet = self.source[index]
            assert snippet.poses is not None  # asked for above
            yield snippet.images[0], snippet.poses[0]


BENCHMARKS = (KittiOdometry(DepthProtocol("kitti_odometry", "KITTI odometry")),)
