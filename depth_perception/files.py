"""Files that are complete or absent, and the folder that a user's caches are in."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depth_perception.errors import DepthPerceptionError


class CacheError(DepthPerceptionError):
    """A cache folder that cannot be trusted or used."""


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Writes the file: it is complete or as it was before, and no temporary stays behind.

    Raises: `OSError` if there is no room or no permission.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder that becomes `path` once all is in it: that is complete or absent, whoever else makes it too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield building
        building.chmod(0o755)
        try:
            os.rename(building, path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def cache_folder(name: str) -> Path:
    """A folder of this package in the user's cache (``$XDG_CACHE_HOME``, else ``~/.cache``), for this user alone.

    Raises: `CacheError` if it cannot be made, or if somebody else could write into it: what lies there is run.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "depth_perception" / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CacheError(f"{folder}: cannot be made ({error.strerror}): set XDG_CACHE_HOME to another one") from None
    require_own(folder)
    return folder


def require_own(folder: Path) -> None:
    """Raises: `CacheError` if another user than this one and root could write into the folder, or exchange it."""
    for place in (folder, *folder.resolve().parents):
        found = place.stat()
        trusted = found.st_uid in (0, os.getuid())
        shared = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
        sticky = bool(found.st_mode & stat.S_ISVTX) and place != folder  # others may add to it, not exchange
        if not trusted or (shared and not sticky):
            raise CacheError(
                f"{folder}: other users can write to {place}, and what lies there is run: chmod go-w {place},"
                " or set XDG_CACHE_HOME to a folder of your own"
            )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else is within it at once, of this process or another; the lock goes with the process that holds it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
