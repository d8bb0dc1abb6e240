"""What a node says of itself in /diagnostics: written by the nodes and read by whoever watches them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Protocol

from depth_perception.percentiles import Percentiles

_FIGURES = {"p50": "p50", "p95": "p95", "p99": "p99", "max": "largest"}
"""The entries, in milliseconds, that percentiles have each."""


class Entry(Protocol):
    """Of diagnostic_msgs/KeyValue."""

    key: str
    value: str


def _said(read: Callable[[str], Any], default: Any = None, *, unit: str = "", text: str = "{}") -> Any:
    """What has one entry, named as the field is."""
    return field(default=default, metadata={"read": read, "unit": unit, "text": text})


@dataclass(frozen=True)
class NodeStatus:
    """How a node is. What is None has not been said: it does not apply, or is not known yet.

    Attributes:
        state: Of its lifecycle.
        listening: Whether it takes frames: it is active, and somebody wants what it makes of them.
        lost: Frames that were sent to it and never arrived.
        received, processed, dropped, failed, skipped: As `nodes.statistics.Summary` has them, and so are the latencies.
        input_rate: Frames received a second.
        path_length: Metres.
        motions_from: By their source, how many motions came from it.
        unpaired: Messages whose partners did not come.
    """

    state: str = _said(str, "")
    listening: bool = _said("True".__eq__, False)
    lost: int = _said(int, 0)
    received: int = _said(int, 0)
    processed: int = _said(int, 0)
    dropped: int = _said(int, 0)
    failed: int = _said(int, 0)
    skipped: int = _said(int, 0)
    input_rate: float = _said(float, 0.0, unit="Hz", text="{:.2f}")
    latency_from_receipt: Percentiles | None = None
    latency_from_stamp: Percentiles | None = None
    engine: Percentiles | None = None
    overhead: Percentiles | None = None
    last_error: str = _said(str, "")
    backend: str | None = _said(str)
    precision: str | None = _said(str)
    device: str | None = _said(str)
    model: str | None = _said(str)
    engine_note: str | None = _said(str)
    scale: float | None = _said(float, text="{:.4g}")
    scale_sigma: float | None = _said(float, text="{:.2g}")
    scale_source: str | None = _said(str)
    path_length: float | None = _said(float, unit="m", text="{:.1f}")
    motions_from: Mapping[str, int] = field(default_factory=dict)
    unpaired: int | None = _said(int)

    @property
    def idle(self) -> bool:
        """Whether it has done with all that it received."""
        return self.received == self.processed + self.dropped + self.failed + self.skipped

    def entries(self) -> dict[str, str]:
        """Keys and values for people, in order."""
        shown = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Percentiles):
                for figure, name in _FIGURES.items():
                    shown[_key(item, figure)] = f"{getattr(value, name) * 1e3:.1f}"
            elif isinstance(value, Mapping):
                shown |= {f"{_key(item)} {source}": str(count) for source, count in value.items()}
            elif value is not None:
                shown[_key(item)] = item.metadata["text"].format(value)
        return shown

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> NodeStatus:
        """What `entries` say, rounded as they are; what this version does not know is passed over.

        Raises: `ValueError` if they are not those of one of our nodes.
        """
        said = {entry.key: entry.value for entry in entries}
        values: dict[str, Any] = {}
        for item in fields(cls):
            if item.name == "motions_from":
                start = f"{_key(item)} "
                values[item.name] = {key[len(start) :]: int(said[key]) for key in said if key.startswith(start)}
            elif item.metadata:
                if (text := said.get(_key(item))) is not None:
                    values[item.name] = item.metadata["read"](text)
            elif _key(item, "p50") in said:
                times = {name: float(said[_key(item, figure)]) * 1e-3 for figure, name in _FIGURES.items()}
                values[item.name] = Percentiles(**times, count=int(said["processed"]))
        return cls(**values)


def _key(item: Field, figure: str = "") -> str:
    unit = "ms" if figure else item.metadata.get("unit", "")
    return " ".join(filter(None, (item.name.replace("_", " "), figure, unit and f"({unit})")))
