"""What one network's depth is worth by one protocol: as it is found, written, read back and compared.

A report is of a whole set of frames. `DepthReport.errors` are those that count by its protocol, `median_scaled` and
`metric` both ways of judging; `parts` are the same errors of parts of the frames, by `Breakdown` and part, with the
scale of the whole image; `baselines` those of what every network must beat, of the same frames; `extras` what a
benchmark measures beside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from depth_perception.evaluation.depth_metrics import DepthMetrics
from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.protocol import DepthProtocol
from depth_perception.model_file import Score


@dataclass(frozen=True)
class Part:
    """Errors of a part of the frames.

    Attributes:
        images: in which it was found.
        errors: of its pixels.
    """

    images: int
    errors: DepthMetrics

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Part:
        """As a report holds it, read back."""
        return cls(values["images"], DepthMetrics(**values["errors"]))


@dataclass(frozen=True)
class Extra:
    """A mean of so many values."""

    number: int
    mean: float


@dataclass(frozen=True)
class DepthReport:
    """All figures of one network.

    Attributes:
        model: its name.
        protocol: how it was judged.
        images: of which anything was known.
        median_scaled: errors with each image scaled by the ratio of medians.
        metric: errors in metres as they come; None of depth that is not metric.
        scale_median: median over images of median(truth) / median(prediction).
        scale_spread: standard deviation of that factor over images, divided by its median.
        parts: by breakdown and part.
        sharpness: mean Tenengrad over images by threshold.
        true_sharpness: that of the truth; None where it is nowhere dense.
        extras: what else was measured.
        baselines: errors of what does not look, by name.
        scores: what a model file carries of it.
        blank: images beside those that show nothing, and were passed over; None where they were not counted.
    """

    model: str
    protocol: DepthProtocol
    images: int
    median_scaled: DepthMetrics
    metric: DepthMetrics | None
    scale_median: float
    scale_spread: float
    parts: Mapping[str, Mapping[str, Part]] = field(default_factory=dict)
    sharpness: Mapping[str, float] = field(default_factory=dict)
    true_sharpness: Mapping[str, float] | None = None
    extras: Mapping[str, Extra] = field(default_factory=dict)
    baselines: Mapping[str, DepthMetrics] = field(default_factory=dict)
    scores: tuple[Score, ...] = ()
    blank: int | None = None

    @property
    def errors(self) -> DepthMetrics:
        """Those that count by the protocol: of depth that is not metric, the scaled ones."""
        return self.metric if self.protocol.scaling == "none" and self.metric is not None else self.median_scaled

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"protocol": self.protocol.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DepthReport:
        """What `to_json` wrote, read back.

        Raises: `EvaluationError` for what it did not write.
        """
        try:
            read = {
                "protocol": DepthProtocol.from_json(values["protocol"]),
                "median_scaled": DepthMetrics(**values["median_scaled"]),
                "metric": None if values["metric"] is None else DepthMetrics(**values["metric"]),
                "parts": {
                    breakdown: {name: Part.from_json(part) for name, part in parts.items()}
                    for breakdown, parts in values["parts"].items()
                },
                "extras": {name: Extra(**extra) for name, extra in values["extras"].items()},
                "baselines": {name: DepthMetrics(**errors) for name, errors in values["baselines"].items()},
                "scores": tuple(Score(**score) for score in values["scores"]),
            }
            return cls(**{**values, **read})
        except (KeyError, TypeError, AttributeError) as error:
            raise EvaluationError(f"this is no report of depth ({error}): judge again") from None


def read_depth_reports(path: str | Path) -> list[DepthReport]:
    """The reports of depth in a file of either evaluation: of networks on a benchmark, or of a recording.

    Raises: `EvaluationError` if it cannot be read or holds none.
    """
    try:
        found = json.loads(Path(path).read_text())["depth"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{path}: holds no report of depth ({error}): give what an evaluation wrote") from None
    try:
        return [DepthReport.from_json(item) for item in (found if isinstance(found, list) else [found])]
    except EvaluationError as error:
        raise EvaluationError(f"{path}: {error}") from None
