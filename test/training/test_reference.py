"""The pages of the reference against what else names the same things: configuration files, launch files, folders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tools.reference import pages

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    return pages()


def rows(page: str, heading: str) -> set[str]:
    """First cells of the tables under a heading."""
    section = re.split(rf"^#+ {re.escape(heading)}$", page, flags=re.M)[1]
    section = re.split(r"^##? ", section, flags=re.M)[0]
    return {cell for cell in re.findall(r"^\| `([^`]+)`", section, re.M)}


def test_parameters_are_those_of_the_parameter_file(reference):
    given = yaml.safe_load((ROOT / "config/perception.yaml").read_text())
    assert given
    for node, values in given.items():
        documented = rows(reference["reference/parameters.md"], node.split("/")[-1])
        assert set(values["ros__parameters"]) <= documented


@pytest.mark.parametrize("path", sorted((ROOT / "launch").glob("*.launch.py")), ids=lambda path: path.name)
def test_launch_arguments_are_those_that_their_own_commands_give(reference, path):
    documented = rows(reference["reference/launch.md"], path.name)
    assert documented
    assert set(re.findall(r"(\w+):=", path.read_text())) <= documented


def test_every_command_and_every_configuration_is_there(reference):
    for room, page in (("depth_perception/cli", "commands"), ("training/commands", "workshop")):
        headings = " ".join(re.findall(r"^#+ (.*)$", reference[f"reference/{page}.md"], re.M))
        for path in (ROOT / room).glob("*.py"):
            if "parser(" in path.read_text() and path.stem not in (
                "main",
                "smoke",
                *re.findall(r"\w+_options", path.stem),
            ):
                assert path.stem in headings.split()
    documented = reference["reference/configurations.md"]
    for path in (ROOT / "config/training").rglob("*.yaml"):
        assert f"| `{path.name}` |" in documented


def test_every_key_has_words(reference):
    for page in ("parameters", "launch", "configurations"):
        assert not re.findall(r"^.*\| *\|$", reference[f"reference/{page}.md"], re.M)
