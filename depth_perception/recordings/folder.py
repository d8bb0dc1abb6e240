"""Which recordings a path stands for: itself, or those in a folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from depth_perception.recordings.bag import KINDS, PACKED, Bag, without_twins
from depth_perception.recordings.errors import RecordingError, SeveralRecordingsError


def recordings_in(path: str | Path) -> list[Path]:
    """All recordings within a folder that is no rosbag2 folder itself, by name: folders, at any depth, and files that
    are no parts of one recording; else the path, whatever it is.
    """
    return _within(Path(path)) or [Path(path)]


def is_recording(path: Path) -> bool:
    """Whether it looks like a rosbag2 folder, or a file of one."""
    names = [item.name for item in path.iterdir()] if path.is_dir() else [path.name]
    return "metadata.yaml" in names or any(map(_is_file_of_one, names))


def _within(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    if (path / "metadata.yaml").exists():
        return [path]
    there = sorted(path.iterdir())
    found: list[Path] = []
    for folder in filter(Path.is_dir, there):
        if not folder.is_symlink():
            found += _within(folder)
        elif is_recording(folder):  # and not looked into: it may lead back here
            found.append(folder)
    files = without_twins([item for item in there if item.is_file() and _is_file_of_one(item.name)])
    if (len(files) == 1 and not found) or (len(files) > 1 and _are_one(path)):
        return [path, *found]
    return [*found, *files]


def _is_file_of_one(name: str) -> bool:
    return name.removesuffix(PACKED).endswith(tuple(KINDS))


def _are_one(folder: Path) -> bool:
    """Whether its files are parts of one recording, which may be damaged."""
    with suppress(RecordingError):
        try:
            Bag(folder).close()
        except SeveralRecordingsError:
            return False
    return True
