"""Any folder of images with true depth, such as that of a LiDAR: judged as a robot sees it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from depth_perception.evaluation.baselines import ignorant
from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.frame import Predictor
from depth_perception.evaluation.protocol import MEANS, DepthProtocol
from depth_perception.model_file import Score
from training.data.datasets.pairs import PairsData
from training.data.source import SourceSettings
from training.evaluation.benchmark import Benchmark
from training.evaluation.figures import scored
from training.evaluation.obstacles import OBSTACLES


@dataclass(frozen=True)
class Pairs(Benchmark):
    """What does not look is told the very depth that it is judged by: what beats it, sees."""

    picture_step: int = 3

    def add_options(self, add: Callable[..., Any]) -> None:
        add("--data", required=True, help="folder of images/NAME.png or .jpg and depth/NAME.png (16 bits, 0 unknown)")
        add("--calibration", help="of the camera, or JSON of one for each image (default: cameras.json in the folder)")
        add("--unit", type=float, default=1.0 / 256.0, help="metres that 1 stands for (default: 1/256, as KITTI has)")
        add("--title", default="", help="what the data is called (default: the folder's name)")

    def protocol_for(self, options: Namespace) -> DepthProtocol:
        return replace(self.protocol, truth=options.title or Path(options.data).resolve().name)

    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        calibration = options.calibration or str(Path(options.data) / "cameras.json")
        expected = (protocol.minimum, 2.0 * protocol.maximum)
        return PairsData(options.data, calibration=calibration, unit=options.unit, depth_range=expected)

    def baselines(self, options: Namespace) -> Mapping[str, Predictor]:
        return ignorant(frame.truth for frame in self.frames(options, self.protocol))

    def scores(self, report: DepthReport, options: Namespace) -> tuple[Score, ...]:
        protocol = report.protocol
        words = f"{protocol.truth}, {report.images} images, up to {protocol.maximum:g} m, {MEANS[protocol.mean]}"
        figures = {"abs_rel (median scaling)": report.median_scaled.abs_rel}
        if report.metric is not None:
            figures["abs_rel (metres as they come)"] = report.metric.abs_rel
        unit = "median scaling" if report.metric is None else "metres as they come"
        figures |= {f"{name} ({unit})": item.mean for name, item in report.extras.items()}
        for name, errors in report.baselines.items():
            figures[f"abs_rel of the images' own {name} (median scaling)"] = errors.abs_rel
        return scored(words, figures)


PAIRS = Pairs(
    DepthProtocol("pairs", "images with depth", minimum=0.5, view="robot", resize="disparity", scaling="none"),
    extras=OBSTACLES,
)
BENCHMARKS = (PAIRS,)
