"""What judging in procedural worlds has in common: drives that no network has seen, whose truth is exact and dense."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from depth_perception.evaluation.baselines import CONSTANT, PIXELS, ROWS, ignorant
from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.frame import Frame, Predictor
from depth_perception.evaluation.protocol import MEANS, DepthProtocol
from depth_perception.model_file import Score
from training.data.seeded import SeededData
from training.errors import TrainingError
from training.evaluation.benchmark import Benchmark
from training.evaluation.figures import scored
from training.evaluation.obstacles import OBSTACLES
from training.evaluation.odometry import Drive

if TYPE_CHECKING:
    from training.rendering.cache import CachedDrive


@dataclass(frozen=True, kw_only=True)
class World(Benchmark):
    """A procedural world.

    Attributes:
        data: its settings.
        render: the drives of settings.
        length: frames of each drive.
        step: takes depth of every so-many-th of them.
    """

    data: Callable[..., SeededData]
    render: Callable[[Any], list[CachedDrive]]
    length: int
    step: int
    picture_step: int = 3

    def add_options(self, add: Callable[..., Any]) -> None:
        add("--seeds", type=int, nargs=2, default=(1000, 4), metavar=("FIRST", "NUMBER"))
        add("--frames", type=int, default=self.length, help=f"of each drive (default: {self.length})")
        add("--step", type=int, default=self.step, help=f"depth of every so-many-th frame (default: {self.step})")
        add("--baseline-seeds", type=int, nargs=2, default=(0, 12), metavar=("FIRST", "NUMBER"), help="training drives")
        add("--cache", help="folder of rendered drives (default: that of training)")

    def protocol_for(self, options: Namespace) -> DepthProtocol:
        first, number = options.seeds
        if first < 1000:
            raise TrainingError(f"seed {first} is for training: evaluate on 1000 and above")
        return replace(self.protocol, truth=f"{self.protocol.truth} of seeds {first} to {first + number - 1}")

    def frames(self, options: Namespace, protocol: DepthProtocol) -> Iterator[Frame]:
        drives = self._rendered(options, options.seeds, options.frames)
        label_set = self.data.label_set  # type: ignore[attr-defined]
        return (
            Frame(
                f"{number}_{index:03d}",
                np.ascontiguousarray(drive.images[index]),
                drive.depth[index].astype(np.float32),
                drive.camera,
                np.asarray(drive.labels[index]),
                label_set,
            )
            for number, drive in enumerate(drives)
            for index in range(0, len(drive.images), options.step)
        )

    def drives(self, options: Namespace) -> dict[str, Drive]:
        drives = self._rendered(options, options.seeds, options.frames)
        return {
            f"seed {options.seeds[0] + number}": Drive(drive.camera, list(zip(drive.images, drive.poses, strict=True)))
            for number, drive in enumerate(drives)
        }

    def baselines(self, options: Namespace) -> Mapping[str, Predictor]:
        drives = self._rendered(options, options.baseline_seeds, 10)
        return ignorant(depth for drive in drives for depth in drive.depth[::3])

    def scores(self, report: DepthReport, options: Namespace) -> tuple[Score, ...]:
        protocol, metric = report.protocol, report.metric
        words = f"{protocol.truth}, every {options.step}th frame, {protocol.minimum:g} to {protocol.maximum:g} m"
        words += f", {MEANS[protocol.mean]}"
        figures = {"abs_rel (median scaling)": report.median_scaled.abs_rel}
        if metric is not None:
            figures |= {f"{name} (metres as they come)": getattr(metric, name) for name in ("abs_rel", "rmse", "a1")}
        unit = "median scaling" if metric is None else "metres"
        figures |= {f"{name} ({unit})": report.extras[name].mean for name in OBSTACLES if name in report.extras}
        for name in (CONSTANT, ROWS, PIXELS):
            figures[f"abs_rel of the training drives' {name} (median scaling)"] = report.baselines[name].abs_rel
        return scored(words, figures)

    def _rendered(self, options: Namespace, seeds: tuple[int, int], frames: int) -> list[CachedDrive]:
        cache = {"cache": options.cache} if options.cache else {}
        return self.render(self.data(seeds=tuple(seeds), frames=frames, **cache))
