"""Where the variants of a model in fewer bits lie: beside it (``NAME.int8.onnx``), or in the user's cache."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from depth_perception.engines.engine import EngineError
from depth_perception.engines.settings import VARIANT_TYPES
from depth_perception.errors import DepthPerceptionError
from depth_perception.files import cache_folder
from depth_perception.model_file import read_description

VARIANTS: tuple[Literal["f16", "int8"], ...] = ("int8", "f16")
"""What there may be, the fastest first."""


def find_variant(path: str | Path, types: str) -> Path:
    """The file of a model in these types.

    Raises: `EngineError` if there is none that was made of this very file.
    """
    for candidate in (beside(path, types), variant_path(path, types)):
        if is_variant(candidate, path, types):
            return candidate
    option = next(name for name, made in VARIANT_TYPES.items() if made == types)
    raise EngineError(
        f"{path}: there is no {types} variant of it: make one with depth-perception build {path} --precision {option}"
    )


def has_variant(path: str | Path, types: str) -> bool:
    """Whether `find_variant` finds one."""
    try:
        find_variant(path, types)
    except EngineError:
        return False
    return True


def is_variant(candidate: Path, original: str | Path, types: str) -> bool:
    """Whether a file is what was made of another in these types."""
    try:
        reduction = read_description(candidate).reduction
    except DepthPerceptionError:
        return False
    return reduction is not None and (reduction.types, reduction.original) == (types, _digest(original))


def beside(path: str | Path, types: str) -> Path:
    """Where a variant lies that goes with its model wherever that goes."""
    return Path(path).with_suffix(f".{types}.onnx")


def variant_path(path: str | Path, types: str) -> Path:
    """Where ``depth-perception build`` puts a variant unless it is told another place."""
    return cache_folder("variants") / f"{Path(path).stem}-{_digest(path)[:12]}.{types}.onnx"


def _digest(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
