"""Every command in README and documentation is one that the real parsers take: without running it."""

from __future__ import annotations

import importlib
import re
import shlex
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from lightning.pytorch.cli import LightningArgumentParser

from depth_perception.cli.main import parser as robot_parser
from tools.reference import launch_arguments
from training.__main__ import COMMANDS, SMOKE, TRAINER
from training.commands.fit import TrainingCLI
from training.commands.fit import main as fit
from training.evaluation.benchmark import benchmark, benchmarks

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("recordings/*.md"), *ROOT.glob("models/*.md")]
)
FENCE = re.compile(r"^(```+)(\w*)\n(.*?)^\1$", re.M | re.S)
SHELLS = ("", "sh", "bash")
INLINE = re.compile(r"(?<!`)`((?:depth-perception|python -m training|make|ros2 launch depth_perception) [^`]+)`(?!`)")
OURS = re.compile(r"(depth-perception|make|ros2|(\.venv/bin/)?python3?) ")
"""What lines of a fence without a language begin with: it may be a drawing."""
OF_OTHERS = ("git", "rosdep", "source", "touch", "pip", "export", "apt", "sysctl", "fastdds", "docker", "sudo")
"""Programs whose options are none of ours."""
FILE = "config/training/dual_networks/smoke.yaml"
"""Stands for any configuration."""
OF_A_FOLDER = "kitti_2015"
"""Stands for any benchmark of a dataset."""


def fenced(path: Path) -> Iterator[str]:
    for _, language, text in FENCE.findall(path.read_text()):
        if language in SHELLS:
            lines = whole(text.replace("\\\n", " ").splitlines())
            yield from (line for line in lines if language or OURS.match(line))


def whole(lines: list[str]) -> Iterator[str]:
    """Lines, each with those that a quotation of it goes on in; without comments and empty ones."""
    line = ""
    for part in lines:
        line = f"{line}\n{part}" if line else part
        with suppress(ValueError):  # a quotation is not closed yet
            if shlex.split(line, comments=True):
                yield line
            line = ""
    assert not line, f"a quotation is never closed: {line}"


def simple(line: str) -> Iterator[list[str]]:
    """The commands of a line, without comments."""
    words: list[str] = []
    for word in [*shlex.split(line, comments=True), "&&"]:
        if word == "&&":
            if words:
                yield words
            words = []
        else:
            words.append(word)


COMMAND_LINES = {
    tuple(words): f"{path.relative_to(ROOT)}: {' '.join(words)[:70]}"
    for path in PAGES
    for line in fenced(path)
    for words in simple(line)
}
PROSE = [
    pytest.param(words, id=f"{path.relative_to(ROOT)}: {' '.join(words)[:70]}")
    for path in PAGES
    for text in INLINE.findall(FENCE.sub("", path.read_text()))
    for words in simple(" ".join(text.split()))
]


class ParsedError(Exception):
    """The trainer's command line has its parser."""


@pytest.fixture(scope="module")
def trainer() -> LightningArgumentParser:
    """The parser of ``fit`` and ``validate``."""
    with pytest.MonkeyPatch.context() as patch:
        made = []

        def stop(cli: TrainingCLI) -> None:
            made.append(cli.parser)
            raise ParsedError

        patch.setattr(TrainingCLI, "instantiate_classes", stop)
        with suppress(ParsedError):
            fit(["fit", "--config", str(ROOT / FILE)])
    return made[0]


def training_parser(words: list[str]) -> ArgumentParser:
    """Of the command that is the first of `words`."""
    command = words[0]
    module = importlib.import_module(f"training.commands.{command}")
    if command != "evaluate":
        return module.parser()
    protocol = words[words.index("--protocol") + 1] if "--protocol" in words else "street"
    return module.parser(benchmark(protocol if protocol in benchmarks() else OF_A_FOLDER))


def check_launch(words: list[str]) -> None:
    path = ROOT / "launch" / words[3]
    assert path.is_file()
    known = {name.strip("`") for name, _, _ in launch_arguments(path)}
    given = {word.partition(":=")[0] for word in words[4:] if not word.startswith("--")}
    assert given <= known


def check_make(words: list[str]) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    assert {word for word in words[1:] if "=" not in word} <= set(targets)


def check_training(words: list[str], trainer: LightningArgumentParser) -> None:
    assert words[0] in COMMANDS
    if words[0] in TRAINER:
        trainer.parse_args([FILE if word == "FILE" else word for word in words if word != SMOKE])
    elif words[0] == "benchmark":  # all else is the trainer's
        others = training_parser(words).parse_known_args(words[1:])[1]
        trainer.parse_args(["fit", *(FILE if word == "FILE" else word for word in others)])
    else:
        training_parser(words).parse_args(words[1:])


def check_python(words: list[str], trainer: LightningArgumentParser) -> None:
    """`words` behind the interpreter."""
    if words[0] != "-m":
        text = (ROOT / words[0]).read_text()
        assert all(word in text for word in words if word.startswith("--"))
        return
    name, *rest = words[1:]
    if name == "training":
        check_training(rest, trainer)
    elif name == "depth_perception.cli":
        robot_parser().parse_args(rest)
    elif name == "pytest":
        assert all((ROOT / word).exists() for word in rest if "/" in word)
    elif name.startswith(("examples.", "depth_perception.")):
        text = (ROOT / f"{name.replace('.', '/')}.py").read_text()
        assert all(word in text for word in rest if word.startswith("--") and word != "--ros-args")
    else:
        assert name in ("venv", "colcon", "pip")


@pytest.mark.parametrize("words", map(list, COMMAND_LINES), ids=COMMAND_LINES.values())
def test_a_command_is_taken(
    words: list[str], trainer: LightningArgumentParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    while re.match(r"\w+=", words[0]):
        words = words[1:]
    program, *rest = words
    monkeypatch.chdir(ROOT)
    if program == "depth-perception":
        robot_parser().parse_args(rest)
    elif program == "make":
        check_make(words)
    elif words[:3] == ["ros2", "launch", "depth_perception"]:
        check_launch(words)
    elif words[:3] == ["ros2", "run", "depth_perception"]:
        assert f"{words[3]} = " in (ROOT / "setup.py").read_text()
        if words[3] == "depth-perception":
            robot_parser().parse_args(words[4:])
    elif re.fullmatch(r"(\.venv/bin/)?python3?", program):
        check_python(rest, trainer)
    else:
        assert program in OF_OTHERS or program == "ros2", f"{program}: whose command is it?"


@pytest.mark.parametrize("words", PROSE)
def test_a_command_in_prose_has_options_that_are_there(words: list[str]) -> None:
    """It may leave things out, so that its options alone are looked up."""
    if words[0] == "make":
        if words[1].isidentifier():
            check_make(words[:2])
        return
    if words[0] == "ros2":
        check_launch([word for word in words if word != "..."])
        return
    ours = words[0] == "depth-perception"
    rest = words[1:] if ours else words[3:]
    if not rest or not re.fullmatch("[a-z_]+", rest[0]):
        return
    commands = subcommands(robot_parser()) if ours else COMMANDS
    assert rest[0] in commands
    given = {word.partition("=")[0] for word in rest if word.startswith("--")} - {"--help"}
    if given and rest[0] not in (*TRAINER, "benchmark"):
        parser = subcommands(robot_parser())[rest[0]] if ours else training_parser(rest)
        parser = subcommands(parser).get(rest[1], parser)
        assert given <= set(parser._option_string_actions)


def subcommands(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    return next((dict(action.choices) for action in parser._actions if isinstance(action, _SubParsersAction)), {})


SNIPPETS = [
    pytest.param(text, id=str(path.relative_to(ROOT)))
    for path in PAGES
    for _, language, text in FENCE.findall(path.read_text())
    if language == "yaml" and text.startswith("data:")
]


@pytest.mark.parametrize("text", SNIPPETS)
def test_a_part_of_a_configuration_is_taken(text: str, trainer: LightningArgumentParser, tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text(text)
    trainer.parse_args(["fit", "--config", str(ROOT / FILE), "--config", str(tmp_path / "part.yaml")])


def test_nothing_was_overlooked() -> None:
    assert len(COMMAND_LINES) > 70
    assert len(PROSE) > 30
    assert len(SNIPPETS) >= 2
