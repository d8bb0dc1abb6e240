"""Files are complete or absent, and nothing of what was killed stays for ever."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from depth_perception.errors import DepthPerceptionError
from depth_perception.files import OutputError, new_folder, require_writable, write_atomically

ROOT = Path(__file__).resolve().parents[1]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_no_temporary_stays(tmp_path):
    for content in (b"first", b"second"):
        write_atomically(tmp_path / "new" / "a.json", content, 0o600)
        assert (tmp_path / "new" / "a.json").read_bytes() == content
    assert names(tmp_path / "new") == ["a.json"]
    assert (tmp_path / "new" / "a.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_is_there_when_it_is_full(tmp_path):
    with new_folder(tmp_path / "drive") as folder:
        (folder / "a").write_text("a")
        assert not (tmp_path / "drive").exists()
    assert names(tmp_path) == ["drive"]
    assert names(tmp_path / "drive") == ["a"]
    with new_folder(tmp_path / "drive") as folder:  # another process was faster
        (folder / "b").write_text("b")
    assert names(tmp_path / "drive") == ["a"]
    with pytest.raises(KeyError), new_folder(tmp_path / "other"):
        raise KeyError
    assert names(tmp_path) == ["drive"]


def interrupted(folder: Path, program: str) -> subprocess.Popen:
    """A process that has begun to write in the folder."""
    code = (
        f"import pathlib, time\nfrom depth_perception.files import *\nfolder = pathlib.Path({str(folder)!r})\n{program}"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    deadline = time.monotonic() + 60
    while not list(folder.glob(".*/begun")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


FILLING = "with new_folder(folder / 'drive') as made:\n (made / 'begun').touch()\n time.sleep(600)"


def test_what_a_killed_process_left_is_swept_by_the_next_and_no_other(tmp_path):
    """The next one of any name in the same folder; a folder that somebody is still filling stays."""
    living, killed = interrupted(tmp_path, FILLING), None
    try:
        kept = names(tmp_path)
        other = tmp_path / "elsewhere"
        other.mkdir()
        killed = interrupted(other, FILLING)
        killed.kill()
        killed.wait()
        (left,) = names(other)
        (tmp_path / left).mkdir()
        (tmp_path / left / "half").write_bytes(bytes(1000))
        (tmp_path / ".b.json.x1.unfinished").write_bytes(bytes(1000))
        (tmp_path / ".hidden").touch()
        write_atomically(tmp_path / "a.json", b"")
        write_atomically(other / "a.json", b"")
        assert names(tmp_path) == sorted([".hidden", "a.json", "elsewhere", *kept])
        assert names(other) == ["a.json"]
    finally:
        for process in filter(None, (living, killed)):
            process.kill()
            process.wait()


@pytest.mark.skipif(os.getuid() == 0 and not Path("/dev/full").exists(), reason="root writes anywhere")
@pytest.mark.parametrize("place", ["/proc/here", "file/below", "/dev/full/below"])
def test_what_cannot_be_written_is_named(tmp_path, place):
    (tmp_path / "file").touch()
    path = tmp_path / place
    with pytest.raises(OutputError, match=f"{path}: cannot be written .*: make room, take care of perm") as caught:
        write_atomically(path, b"")
    assert isinstance(caught.value, DepthPerceptionError | OSError)
    assert caught.value.strerror
    with pytest.raises(OutputError, match="cannot be written"), new_folder(path):
        pass
    with pytest.raises(OutputError, match="cannot be written"):
        require_writable(path)


def test_a_disk_that_is_full_is_noticed_before_the_work(tmp_path, monkeypatch):
    """A limit on the size of files, which the system answers as a full disk is answered: in the write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OutputError, match="File too large"):
            require_writable(tmp_path)
        with pytest.raises(OutputError, match="File too large"):
            write_atomically(tmp_path / "a", bytes(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(tmp_path) == []
    require_writable(tmp_path / "new" / "folder")
    assert names(tmp_path / "new" / "folder") == []
