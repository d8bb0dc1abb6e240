"""What networks are judged on.

A benchmark is one file in `training.evaluation.benchmarks`: its protocol (`DepthProtocol`: crop, limits, scale), where
its frames come from, and the options of its own. Of a dataset that is a class of a few lines:

    class Castles(Benchmark):
        def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
            return CastlesData(options.data)

    BENCHMARKS = (Castles(DepthProtocol("castles", "castles of the Loire", maximum=20.0)),)

A file elsewhere serves as well: ``python -m training evaluate --protocol my_package.castles.CASTLES``.
"""

from __future__ import annotations

import importlib
import pkgutil
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.depth_tally import Measure
from depth_perception.evaluation.frame import Frame, Predictor
from depth_perception.evaluation.protocol import DepthProtocol
from depth_perception.model_file import Score
from training.data.label_files import read_labels
from training.data.label_sets import CITYSCAPES
from training.data.snippet import SnippetSource
from training.data.source import SourceSettings
from training.errors import TrainingError
from training.evaluation.figures import scored
from training.evaluation.odometry import Drive

FIGURES = ("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "a1", "a2", "a3")


def whole(frame: Frame) -> Frame:
    """The frame as it is."""
    return frame


@dataclass(frozen=True)
class Benchmark:
    """Frames, and how depth of them is judged. A subclass says its `source`, or its `frames`; or `drives`, to judge
    motion.

    Attributes:
        protocol: how depth is judged.
        crop: what is taken of each frame.
        extras: what is measured beside.
        segmented: whether the classes of its frames may come from a segmentation network.
        picture_step: of so many frames one is drawn.
    """

    protocol: DepthProtocol
    crop: Callable[[Frame], Frame] = whole
    extras: Mapping[str, Measure] = field(default_factory=dict)
    segmented: bool = False
    picture_step: int = 50

    def add_options(self, add: Callable[..., Any]) -> None:
        """Options of its own, by `argparse`'s ``add_argument``."""
        add("--data", required=True, help="folder of the dataset")
        if self.segmented:
            add("--labels", type=Path, help="folder of NAME.png, Cityscapes train ids of each frame")

    def protocol_for(self, options: Namespace) -> DepthProtocol:
        """The protocol with what its own options say of it."""
        return self.protocol

    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        """The dataset, asked for true depth."""
        raise TrainingError(f"{self.protocol.name} is a protocol of pose models: give --pose alone")

    def frames(self, options: Namespace, protocol: DepthProtocol) -> Iterator[Frame]:
        """Read one at a time; what is missing is found before the first.

        Raises: `TrainingError` that says what is missing, where it was looked for and where to get it.
        """
        source = self.source(options, protocol)
        label_set = getattr(source, "label_set", CITYSCAPES.name)
        return map(self.crop, snippet_frames(source.open(1), getattr(options, "labels", None), label_set))

    def drives(self, options: Namespace) -> dict[str, Drive]:
        """Whole drives by their names."""
        raise TrainingError(f"{self.protocol.name} is a protocol of depth models: give --depth alone")

    def baselines(self, options: Namespace) -> Mapping[str, Predictor]:
        """What every network must beat."""
        return {}

    def scores(self, report: DepthReport, options: Namespace) -> tuple[Score, ...]:
        """What a model file carries of a report."""
        return scored(report.protocol.words, {name: getattr(report.errors, name) for name in FIGURES})


def snippet_frames(
    source: SnippetSource, labels: Path | None = None, label_set: str = CITYSCAPES.name
) -> Iterator[Frame]:
    """The middle frame of each snippet.

    Args:
        labels: folder of ``NAME.png`` with Cityscapes' train ids, in place of the source's own.
        label_set: what the source's own labels are of.
    """
    for index in range(len(source)):
        snippet = source[index]
        if snippet.depth is None:
            raise TrainingError(f"{snippet.name}: has no true depth")
        truth, own = np.asarray(snippet.depth, np.float32), snippet.labels
        if labels is not None:
            path = labels / f"{snippet.name}.png"
            if not path.is_file():
                raise TrainingError(f"{path}: there is no such image of labels")
            own = CITYSCAPES.check(read_labels(path, truth.shape), path)
        yield Frame(snippet.name, snippet.images[len(snippet.images) // 2], truth, snippet.camera, own, label_set)


@cache
def benchmarks() -> dict[str, Benchmark]:
    """All of this package by their names."""
    from training.evaluation import benchmarks as folder

    names = [f"{folder.__name__}.{item.name}" for item in pkgutil.iter_modules(folder.__path__)]
    modules = [importlib.import_module(name) for name in names]
    return {item.protocol.name: item for module in modules for item in module.BENCHMARKS}


def benchmark(name: str) -> Benchmark:
    """The one of this name, or at this import path.

    Raises: `TrainingError` if there is none.
    """
    if name in benchmarks():
        return benchmarks()[name]
    module, _, attribute = name.rpartition(".")
    found = None
    if module:
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise TrainingError(f"{name}: there is no such benchmark ({error})") from None
    if not isinstance(found, Benchmark):
        raise TrainingError(
            f"'{name}' is no benchmark: expected {', '.join(sorted(benchmarks()))}, or the import path of one of yours"
        )
    return found
