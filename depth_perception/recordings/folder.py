"""Which recordings a path stands for: itself, or those in a folder."""

from __future__ import annotations

from pathlib import Path

from depth_perception.recordings.bag import KINDS, PACKED


def recordings_in(path: str | Path) -> list[Path]:
    """The rosbag2 folders within a folder that is none itself, by name; else the path, whatever it is."""
    path = Path(path)
    if not path.is_dir() or is_recording(path):
        return [path]
    return sorted(item for item in path.iterdir() if item.is_dir() and is_recording(item)) or [path]


def is_recording(path: Path) -> bool:
    """Whether it looks like a rosbag2 folder, or a file of one."""
    names = [item.name for item in path.iterdir()] if path.is_dir() else [path.name]
    return "metadata.yaml" in names or any(name.removesuffix(PACKED).endswith(tuple(KINDS)) for name in names)
