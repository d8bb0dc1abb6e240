"""Files that are complete or absent, and the folder that a user's caches are in."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from depth_perception.errors import DepthPerceptionError


class CacheError(DepthPerceptionError):
    """A cache folder that cannot be trusted or used."""


class OutputError(DepthPerceptionError, OSError):
    """A file or folder that cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"{path}: cannot be written ({error.strerror or error}): make room, take care of permissions, or name"
            " another place"
        )
        self.strerror = error.strerror


def write_atomically(path: Path, content: bytes | memoryview, mode: int = 0o644) -> None:
    """Writes the file: it is complete or as it was before, and no temporary stays behind.

    What a process that was killed left of the same file is swept.

    Raises: `OutputError`, which is an `OSError`, if there is no room or no permission.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _claimed(path, _temporary_file) as temporary:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
            os.replace(temporary, path)
    except OSError as error:
        raise OutputError(path, error) from None


@contextmanager
def new_file(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """An empty file that becomes `path` at the end of the block: that is complete or as it was before.

    For writers that want a path, and for what memory does not hold; else see `write_atomically`.

    Raises: `OutputError` if it cannot be made.
    """
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(_claimed(path, _temporary_file))
        except OSError as error:
            raise OutputError(path, error) from None
        yield temporary
        try:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
            os.replace(temporary, path)
        except OSError as error:
            raise OutputError(path, error) from None


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder that becomes `path` once all is in it: that is complete or absent, whoever else makes it too.

    What processes that were killed left in the folder around it is swept.

    Raises: `OutputError` if it cannot be made.
    """
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(_claimed(path, _temporary_folder))
        except OSError as error:
            raise OutputError(path, error) from None
        yield temporary
        temporary.chmod(0o755)
        try:
            os.rename(temporary, path)
        except OSError as error:
            if not path.is_dir():
                raise OutputError(path, error) from None


def require_writable(folder: Path) -> None:
    """Tries what will be done at the end of long work.

    Raises: `OutputError` if nothing can be written into the folder, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=_UNFINISHED) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        raise OutputError(folder, error) from None


_UNFINISHED = ".unfinished"
"""How the names end of what is not complete yet; whoever works on it holds a lock on it."""


def _temporary_file(folder: Path, name: str) -> str:
    handle, path = tempfile.mkstemp(dir=folder, prefix=name, suffix=_UNFINISHED)
    os.close(handle)
    return path


def _temporary_folder(folder: Path, name: str) -> str:
    return tempfile.mkdtemp(dir=folder, prefix=name, suffix=_UNFINISHED)


@contextmanager
def _claimed(path: Path, make: Callable[[Path, str], str]) -> Iterator[Path]:
    """Something unfinished beside `path`, locked as long as somebody works on it, and gone at the end."""
    _sweep(path.parent)
    while True:
        temporary = Path(make(path.parent, f".{path.name}."))
        handle = os.open(temporary, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not temporary.exists():  # swept between its making and its locking
                continue
            try:
                yield temporary
            finally:
                _remove(temporary)
            return
        finally:
            os.close(handle)


def _sweep(folder: Path) -> None:
    """Removes what is unfinished and nobody works on."""
    for path in folder.glob(f".*{_UNFINISHED}"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path)
            finally:
                os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


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
