"""Folders that are named after everything their content depends on: made once, complete or absent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from depth_perception.files import new_folder


def hashed(name: str, what: Any) -> str:
    """The name of such a folder.

    Args:
        what: everything the content depends on, as JSON can say it.
    """
    return f"{name}-{hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]}"


def filled(folder: Path, fill: Callable[[Path], None]) -> Path:
    """The folder, filled unless it is there.

    Args:
        fill: writes the content into an empty folder.
    """
    if not folder.is_dir():
        with new_folder(folder) as empty:
            fill(empty)
    return folder
