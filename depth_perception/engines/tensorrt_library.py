"""TensorRT and TensorRT for RTX: which of the two is here, and what its logger has to say.

Both have the API of TensorRT 10 and later. What one lacks is asked of it (`hasattr`), not concluded from its version.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from depth_perception.engines.engine import EngineError

OLDEST = (10, 3)
"""Of TensorRT: that of JetPack 6."""


@dataclass(frozen=True)
class Library:
    """One of the two.

    Attributes:
        name: of the module.
        version: of the library.
        api: the module.
        log: its logger: there is one a process.
        complaints: the last errors and warnings it logged; emptied by whoever wants those of one call.
    """

    name: str
    version: str
    api: Any
    log: Any
    complaints: deque[str]

    @property
    def title(self) -> str:
        return {"tensorrt": "TensorRT", "tensorrt_rtx": "TensorRT for RTX"}[self.name]

    @property
    def chooses_targets(self) -> bool:
        """Whether it builds for GPUs that are not here."""
        return hasattr(self.api, "ComputeCapability")

    @property
    def captures_graphs(self) -> bool:
        """Whether it makes CUDA graphs of its own accord."""
        return hasattr(self.api, "CudaGraphStrategy")


@cache
def library() -> Library:
    """The library that is installed; TensorRT itself if both are.

    Raises: `EngineError` if neither is, or if it is too old.
    """
    trouble = []
    for name in ("tensorrt", "tensorrt_rtx"):
        try:
            api = import_module(name)
        except ImportError as error:  # of the library itself, of what it needs, or of its bindings
            if error.name != name:
                trouble.append(f"{name} cannot be imported ({error})")
            continue
        version = str(api.__version__)
        if name == "tensorrt" and tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
            trouble.append(
                f"TensorRT {version} is too old, expected {'.'.join(map(str, OLDEST))} or later: its networks have no"
                " types of their own, and the Python of the JetPack it comes with is too old for this package"
            )
            continue
        return _wrapped(name, version, api)
    raise EngineError("; ".join(trouble) or "TensorRT is not installed: pip install tensorrt-rtx-cu13 cuda-python")


def _wrapped(name: str, version: str, api: Any) -> Library:
    complaints: deque[str] = deque(maxlen=20)

    class Log(api.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            api.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity in (api.ILogger.ERROR, api.ILogger.INTERNAL_ERROR):
                complaints.append(message)

    return Library(name, version, api, Log(), complaints)
