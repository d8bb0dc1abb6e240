"""What a user may set of the engines; light, because commands show it without loading any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from depth_perception.settings import Setting, Settings, setting

if TYPE_CHECKING:
    from depth_perception.engines.engine import Engine

VARIANT_TYPES: Mapping[str, Literal["f16", "int8"] | None] = {"fp32": None, "fp16": "f16", "int8": "int8"}
"""What commands call the variants of a model in fewer bits, and what those compute in; fp32 is the model itself."""


@dataclass(frozen=True)
class EngineSettings(Settings):
    """How a model is run."""

    backend: str = setting("auto", "What runs the model; auto is the fastest that is here")
    precision: str = setting(
        "auto",
        "f32; bf16 where the device has it; f16 or int8, of which depth-perception build makes a variant; or auto: the"
        " fastest of these that is there and was found to differ by 1 % at most; on a CPU bf16 or f32, until"
        " depth-perception build has measured all",
        choices=("f32", "bf16", "f16", "int8", "auto"),
    )
    threads: int = setting(
        0, "CPU threads the model may use; 0 leaves the number to what is fastest", minimum=0, maximum=256
    )

    def open(self, model: str | Path, task: Literal["depth", "pose"], *, wait: bool = True) -> Engine:
        """The engine of a model file; `wait` as `open_engine` has it.

        Raises: `DepthPerceptionError` if the file is missing, corrupt or for another task, or cannot be run.
        """
        from depth_perception.engines.choose import open_engine
        from depth_perception.model_file import read_description

        read_description(model, task)
        precision: Any = self.precision
        return open_engine(model, self.backend, threads=self.threads or None, precision=precision, wait=wait)


def model_file(default: str) -> Setting:
    """Which model is run."""
    return Setting(
        "model", default, "Model file (.onnx); a relative path that is not there is one of the package's own models"
    )
