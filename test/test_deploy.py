"""What an image and a unit are made of is there, and the same as README and package say."""

from __future__ import annotations

import re
import shlex
import subprocess
from configparser import RawConfigParser
from fnmatch import fnmatch
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
INSTRUCTIONS = [
    line.split(maxsplit=1)
    for line in re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    if line
]
COPIED = [source for word, rest in INSTRUCTIONS if word == "COPY" for source in rest.split()[:-1]]
PAGE = (ROOT / "docs" / "deploy.md").read_text()


def wheels(text: str) -> set[str]:
    """What is installed from PyPI beside what rosdep knows, wherever a command says it."""
    (found,) = re.findall(r"-c \S*constraints-ubuntu\.txt +((?:[a-z]+ ?)+)", text.replace("\\\n", " "))
    return set(found.split())


def test_all_that_is_copied_is_there_and_let_into_the_image() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in COPIED:
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, pattern) or source.startswith(f"{pattern}/") for pattern in let_in), source


def test_all_that_setup_installs_is_copied() -> None:
    patterns = re.findall(r"shared\((.*?)\)", (ROOT / "setup.py").read_text(), re.DOTALL)[-1]
    folders = {pattern.split("/")[0] for pattern in re.findall(r'"([^"]+)"', patterns)}
    assert folders >= {"launch", "config", "models", "recordings"}
    assert folders | {"package.xml", "setup.py", "setup.cfg", "resource", "depth_perception"} <= set(COPIED)


def test_image_readme_and_manifest_install_the_same_wheels() -> None:
    manifest = (ROOT / "package.xml").read_text()
    (said,) = re.findall(r"From PyPI, .*?: ([\w, ]+) \(see README\)", manifest)
    robot = set(re.findall(r"^([a-z-]+)==", (ROOT / "requirements.in").read_text(), re.MULTILINE))
    assert wheels(DOCKERFILE.read_text()) == wheels((ROOT / "README.md").read_text()) == set(said.split(", ")) <= robot


def test_what_the_robot_needs_is_a_wheel_or_comes_by_rosdep() -> None:
    depends = {str(item.text) for item in ElementTree.parse(ROOT / "package.xml").iterfind("exec_depend")}
    of_rosdep = {
        "numpy": "python3-numpy",
        "opencv-python-headless": "python3-opencv",
        "matplotlib": "python3-matplotlib",
        "tqdm": "python3-tqdm",
    }
    for package in re.findall(r"^([a-z-]+)==", (ROOT / "requirements.in").read_text(), re.MULTILINE):
        if package.startswith("ros-jazzy-"):
            name = package.removeprefix("ros-jazzy-").replace("-", "_")
            assert name in depends or name.startswith("rmw_"), package
        else:
            assert package in wheels(DOCKERFILE.read_text()) or of_rosdep[package] in depends, package


def test_the_page_tells_of_each_machine_that_there_is_an_image_for() -> None:
    stages = [re.findall(r"AS (\w+)-base$", rest) for word, rest in INSTRUCTIONS if word == "FROM"]
    machines = [name for found in stages for name in found]
    assert len(machines) == 4
    assert machines == re.findall(r"^\| `([a-z]\w+)` \|", PAGE, re.MULTILINE)
    assert set(re.findall(r"depth_perception:(\w+) ", PAGE)) <= set(machines)


@pytest.mark.parametrize("name", ["entrypoint.sh", "install_ros.sh"])
def test_scripts_run(name: str) -> None:
    path = ROOT / "docker" / name
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True, timeout=60)


def test_the_unit_starts_our_launch_file_with_what_its_environment_says(tmp_path: Path) -> None:
    unit = RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "docker" / "depth_perception.service")
    service = unit["Service"]
    shell, option, script = shlex.split(service["ExecStart"])
    variables = dict(
        line.split("=", 1)
        for line in (ROOT / "docker" / "depth_perception.env").read_text().splitlines()
        if not line.startswith("#")
    )
    setup, ros2 = tmp_path / "setup.bash", tmp_path / "ros2"
    setup.touch()
    ros2.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
    ros2.chmod(0o755)
    environment = variables | {"ROS_SETUP": str(setup), "WORKSPACE_SETUP": str(setup), "PATH": f"{tmp_path}:/bin"}
    done = subprocess.run(
        [shell, option, script.replace("$$", "$")], env=environment, capture_output=True, text=True, timeout=60
    )
    launch, package, file, *arguments = done.stdout.split("\n")[:-1]
    assert (launch, package) == ("launch", "depth_perception")
    declared = re.findall(r'^ +\(?"(\w+)",', (ROOT / "launch" / file).read_text(), re.MULTILINE)
    assert arguments
    assert {argument.split(":=")[0] for argument in arguments} <= set(declared)
