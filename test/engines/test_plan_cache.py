"""Plans are kept by what they were made of, for the user who made them."""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from depth_perception.engines.plan_cache import PlanCache, PlanKey
from depth_perception.files import CacheError, cache_folder

KEY = PlanKey("abc", "tensorrt_rtx", "1.7", ("8.6", "8.9"), "f32", {"image": (1, 32, 64, 3)}, ("tf32",))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return PlanCache()


def never():
    raise AssertionError("built although it was there")


def test_a_plan_is_built_once(cache):
    assert cache.find(KEY) is None
    assert cache.get(KEY, lambda: b"plan").content == b"plan"
    again = PlanCache().get(KEY, never)
    assert (again.content, again.note) == (b"plan", "")


@pytest.mark.parametrize(
    "change",
    [
        {"graph": "abd"},
        {"library": "tensorrt"},
        {"version": "1.8"},
        {"built_for": ("8.6",)},
        {"types": "f16"},
        {"shapes": {"image": (1, 64, 64, 3)}},
        {"flags": ()},
    ],
    ids=str,
)
def test_anything_else_in_the_key_is_another_plan(cache, change):
    cache.get(KEY, lambda: b"plan")
    assert cache.find(replace(KEY, **change)) is None


def test_the_file_beside_it_says_what_it_is(cache):
    cache.store(replace(cache.get(KEY, lambda: b"plan"), parity="alike"))
    said = json.loads(cache.path(KEY).with_suffix(".json").read_text())
    assert (said["library"], said["built_for"], said["bytes"]) == ("tensorrt_rtx", ["8.6", "8.9"], 4)
    assert cache.find(KEY).parity == "alike"


def test_a_plan_that_was_built_for_several_gpus_is_found_by_each(cache):
    cache.get(KEY, lambda: b"plan")
    here = replace(KEY, built_for=("Some GPU", "8.9"))
    assert cache.find_for(here, "8.9").content == b"plan"
    assert cache.find_for(replace(here, built_for=("Some GPU", "7.5")), "7.5") is None
    assert cache.find_for(replace(here, version="1.8"), "8.9") is None
    cache.get(here, lambda: b"of this one")
    assert cache.find_for(here, "8.9").content == b"of this one"


def test_a_plan_of_another_gpu_is_none_though_of_the_same_capability(cache):
    other = replace(KEY, built_for=("NVIDIA GeForce RTX 3090", "8.6"))
    cache.get(other, lambda: b"plan")
    assert cache.find_for(replace(KEY, built_for=("NVIDIA GeForce RTX 3060", "8.6")), "8.6") is None
    assert cache.find_for(other, "8.6").content == b"plan"


@pytest.mark.parametrize("damage", [b"", b"pla", b"plan and more"])
def test_a_damaged_plan_is_built_again_and_that_is_said(cache, damage):
    cache.get(KEY, lambda: b"plan")
    cache.path(KEY).write_bytes(damage)
    plan = cache.get(KEY, lambda: b"new plan")
    assert plan.content == b"new plan"
    assert plan.note == "the cached plan was damaged: built again"
    assert cache.get(KEY, never).note == ""


SLOW_BUILDER = """
import sys, time
from pathlib import Path
from depth_perception.engines.plan_cache import PlanCache, PlanKey

def build():
    Path(sys.argv[1], f"built by {sys.argv[2]}").touch()
    deadline = time.monotonic() + 30
    while not Path(sys.argv[1], "other is there").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return b"plan"

key = PlanKey("abc", "tensorrt_rtx", "1.7", (), "f32", {})
cache = PlanCache()
if sys.argv[2] == "second":
    Path(sys.argv[1], "other is there").touch()
print(cache.get(key, build).content)
"""


def test_of_two_processes_one_builds(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def start(name):
        command = [sys.executable, "-c", SLOW_BUILDER, str(tmp_path), name]
        return subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE)

    first = start("first")
    deadline = time.monotonic() + 30
    while not (tmp_path / "built by first").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    second = start("second")
    assert [process.communicate(timeout=60)[0] for process in (first, second)] == [b"b'plan'\n"] * 2
    assert [path.name for path in tmp_path.glob("built by *")] == ["built by first"]


def test_without_room_the_plan_is_used_all_the_same(cache):
    """As on a full disk: the system refuses to let the file grow."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        plan = cache.get(KEY, lambda: b"p" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert plan.content == b"p" * 5000
    assert "could not be stored" in plan.note
    assert [path.suffix for path in cache.folder.iterdir()] == [".lock"]
    assert cache.find(KEY) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_to_is_refused(cache, mode):
    cache.folder.chmod(mode)
    with pytest.raises(CacheError, match="other users can write to"):
        PlanCache()


def test_a_folder_that_others_could_exchange_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "open" / "cache"))
    cache_folder("plans")
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(CacheError, match=f"{tmp_path}/open, and what lies there is run"):
        cache_folder("plans")
    (tmp_path / "open").chmod(0o1777)  # as /tmp is: what is there cannot be exchanged
    cache_folder("plans")


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CacheError, match="cannot be made"):
        cache_folder("plans")
