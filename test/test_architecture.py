"""The drawing of the rooms in ``docs/architecture.md`` against the imports of the code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("depth_perception", "training")
DRAWING = (ROOT / "docs" / "architecture.md").read_text()
ROOM = re.compile(r'^ +(\w+)\["([^<"]+)<br/>[^"]+"\]$', re.M)
ARROW = re.compile(r"^ +(\w+) --> (\w+)$", re.M)


@cache
def rooms() -> dict[str, str]:
    """The room of each folder and file that the drawing names: ``depth_perception/cli``, ``training/errors.py``."""
    found = {}
    for name, places in ROOM.findall(DRAWING):
        first, *others = places.split(", ")
        for place in (first, *(f"{first.split('/')[0]}/{other}" for other in others)):
            assert place not in found, f"{place} is drawn twice"
            assert (ROOT / place).exists(), f"{place} is drawn and is not there"
            found[place] = name
    return found


def room_of(module: str) -> str | None:
    """The room of ``depth_perception.cli.main``; None for what is no module of the packages."""
    package, _, rest = module.partition(".")
    if package not in PACKAGES:
        return None
    part = rest.split(".")[0]
    places = (f"{package}/{part}", f"{package}/{part}.py") if part else (f"{package}/__init__.py",)
    return next((rooms()[place] for place in places if place in rooms()), None)


@cache
def imports() -> dict[tuple[str, str], str]:
    """Pairs of rooms of which the first imports from the second, with a file that does."""
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            here = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
            assert here is not None, f"{path.relative_to(ROOT)} is in no room of the drawing"
            for node in ast.walk(ast.parse(path.read_text())):
                names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    inside = f"{node.module}.".startswith(tuple(f"{package}." for package in PACKAGES))
                    names = [f"{node.module}.{item.name}" for item in node.names] if inside else []
                    names = [name if room_of(name) else node.module for name in names]
                for name in names:
                    there = room_of(name)
                    if there not in (None, here):
                        found[here, there] = str(path.relative_to(ROOT))
    return found


def below(room: str) -> set[str]:
    """All that a room may use: what its arrows lead to."""
    reached: set[str] = set()
    ahead = [room]
    while ahead:
        following = {there for here, there in ARROW.findall(DRAWING) if here == ahead[-1]} - reached
        ahead.pop()
        ahead += following
        reached |= following
    return reached


def test_the_drawing_names_rooms_alone():
    drawn = {name for arrow in ARROW.findall(DRAWING) for name in arrow}
    assert drawn == set(rooms().values())


def test_nothing_points_up():
    for room in set(rooms().values()):
        assert room not in below(room), f"{room} is below itself"


def test_every_import_is_drawn():
    missing = {f"{here} --> {there} ({path})" for (here, there), path in imports().items() if there not in below(here)}
    assert not missing


def test_every_arrow_is_an_import():
    assert set(ARROW.findall(DRAWING)) <= set(imports())


@pytest.mark.parametrize("package", PACKAGES)
def test_the_readme_names_every_room(package):
    section = (ROOT / "README.md").read_text().split("## Architecture")[1].split("\n## ")[0]
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    named = {
        place for row in re.findall(rf"\| (.*`{package}/.*) \|", section) for place in re.findall(r"`([^`]+)`", row)
    }
    assert folders <= {place.removeprefix(f"{package}/").rstrip("/") for place in named}
