"""A recording with true depth: checkpoints and model files beside each other, as the robot would have run them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import RECORDING, DepthProtocol
from training.data.datasets.bag import BagData
from training.data.source import SourceSettings
from training.evaluation.benchmark import Benchmark


class Recorded(Benchmark):
    """Every frame of it whose depth is known."""

    def add_options(self, add: Callable[..., Any]) -> None:
        add("--data", required=True, help="a rosbag2 folder, or one .mcap or .db3 file")
        add("--cache", default="cache/recordings", help="folder of decoded recordings (default: %(default)s)")

    def protocol_for(self, options: Namespace) -> DepthProtocol:
        return replace(self.protocol, truth=f"{self.protocol.truth} {Path(options.data).name}")

    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        return BagData(options.data, truth=("depth",), motion=-1.0, cache=options.cache)

    def frames(self, options: Namespace, protocol: DepthProtocol) -> Iterator[Frame]:
        return (frame for frame in super().frames(options, protocol) if np.isfinite(frame.truth).any())


BENCHMARKS = (Recorded(replace(RECORDING, resize="disparity")),)
