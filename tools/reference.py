"""The pages of the reference, from the code itself: parameters, topics, commands, launch files, configurations.

The site makes them while it is built (`tools.site`), so that they cannot say something else than the code does.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docstring_parser
import yaml

ROOT = Path(__file__).resolve().parents[1]
NODES = {
    "depth_node": "DepthNode",
    "odometry_node": "OdometryNode",
    "point_cloud_node": "PointCloudNode",
}
OF_EVERY_NODE = ("/diagnostics", "/parameter_events", "/rosout", "/clock", "~/transition_event")
MESSAGES = {
    "/tf": "tf2_msgs/msg/TFMessage",
    "/tf_static": "tf2_msgs/msg/TFMessage",
    "camera_info": "sensor_msgs/msg/CameraInfo",
    "depth/camera_info": "sensor_msgs/msg/CameraInfo",
    "depth/color": "sensor_msgs/msg/Image",
    "depth/confidence": "sensor_msgs/msg/Image",
    "depth/image_rect": "sensor_msgs/msg/Image",
    "depth/points": "sensor_msgs/msg/PointCloud2",
    "depth/relative": "sensor_msgs/msg/Image",
    "depth/scale": "geometry_msgs/msg/Vector3Stamped",
    "odom/scale": "geometry_msgs/msg/Vector3Stamped",
    "image": "sensor_msgs/msg/Image",
    "image/compressed": "sensor_msgs/msg/CompressedImage",
    "image_rect": "sensor_msgs/msg/Image",
    "odom": "nav_msgs/msg/Odometry",
    "path": "nav_msgs/msg/Path",
    "rgb/camera_info": "sensor_msgs/msg/CameraInfo",
    "rgb/image_rect_color": "sensor_msgs/msg/Image",
    "semantics/color": "sensor_msgs/msg/Image",
    "semantics/image": "sensor_msgs/msg/Image",
    "semantics/labels": "std_msgs/msg/String",
    "speed": "nav_msgs/msg/Odometry",
    "~/set_pose": "geometry_msgs/msg/PoseWithCovarianceStamped",
}
"""What topics carry; a test holds it against the nodes."""
SOURCES = (
    "training.data.datasets.bag.BagData",
    "training.data.datasets.video.VideoData",
    "training.data.datasets.folder.FolderData",
    "training.data.datasets.pairs.PairsData",
    "training.data.datasets.street.StreetData",
    "training.data.datasets.rooms.RoomsData",
)
"""What a training takes frames from, by the names that ``class_path`` has; datasets of others: docs/datasets.md."""


def pages() -> dict[str, str]:
    """Markdown by the names of files in ``docs/``."""
    return {f"reference/{name}.md": "\n".join(lines()) + "\n" for name, lines in PAGES.items()}


def parameters() -> Iterator[str]:
    yield from heading(
        "Parameters", "`ros2 param describe NODE NAME` shows the same; `config/perception.yaml` sets them."
    )
    from depth_perception.nodes.perception_node import AUTOSTART

    for node in NODES:
        yield f"\n## {node}\n"
        found = importlib.import_module(f"depth_perception.nodes.{node}").PARAMETERS
        yield from table(
            ("parameter", "default", "values", "while it runs", "what it is"),
            (
                (code(item.name), code(item.default), item.values, "yes" if item.live else "", item.description)
                for item in (AUTOSTART, *found)
            ),
        )


def topics() -> Iterator[str]:
    yield from heading(
        "Topics",
        "What `config/sros2_policy.xml` allows, which a test holds against what the nodes do. Beside these, every node"
        f" has {', '.join(map(code, OF_EVERY_NODE))}.",
    )
    policy = ElementTree.parse(ROOT / "config" / "sros2_policy.xml")
    for node, name in NODES.items():
        said = getattr(importlib.import_module(f"depth_perception.nodes.{node}"), name).__doc__
        yield f"\n## {node}\n\n{markdown(inspect.cleandoc(said).split('Attributes:')[0])}\n"
        allowed = policy.findall(f".//profile[@node='{node}']/topics")
        for way in ("subscribe", "publish"):
            names = [item.text or "" for topics in allowed if topics.get(way) for item in topics.findall("topic")]
            yield f"\n{'Subscribes to' if way == 'subscribe' else 'Publishes'}:\n"
            yield from table(
                ("topic", "message"),
                ((code(name), code(MESSAGES[name])) for name in names if name not in OF_EVERY_NODE),
            )


def launching() -> Iterator[str]:
    yield from heading("Launch files", "`ros2 launch depth_perception FILE --show-args` shows the same.")
    for path in sorted((ROOT / "launch").glob("*.launch.py")):
        tree = ast.parse(path.read_text())
        yield f"\n## {path.name}\n\n{markdown(ast.get_docstring(tree) or '')}\n"
        yield from table(("argument", "default", "what it is"), launch_arguments(path))


def launch_arguments(path: Path) -> list[tuple[str, str, str]]:
    """Names, defaults and meanings; ``launch`` itself, of which there is no wheel, is not needed."""
    known: dict[str, Any] = {"share_path": str}
    rows: list[tuple[str, str, str]] = []
    for item in ast.parse(path.read_text()).body:
        if isinstance(item, ast.ImportFrom) and item.module == "depth_perception.resources":
            module = importlib.import_module(item.module)
            known = {name.name: getattr(module, name.name) for name in item.names} | known
        elif isinstance(item, ast.Assign) and [target.id for target in item.targets] == ["ARGUMENTS"]:  # type: ignore[attr-defined]
            given = eval(compile(ast.Expression(item.value), path, "eval"), {"str": str, **known})
            rows = [(code(name), "" if text is None else code(text), words) for name, text, words in given]
    return rows


def commands() -> Iterator[str]:
    yield from heading(
        "depth-perception", "`ros2 run depth_perception depth-perception ...`; `--help` of each command shows the same."
    )
    from depth_perception.cli.main import parser

    yield from of_commands(parser(), "depth-perception")


def workshop() -> Iterator[str]:
    yield from heading("python -m training", "`--help` of each command shows the same.")
    from training.__main__ import COMMANDS

    for name, words in COMMANDS.items():
        yield f"\n## {name}\n\n{sentence(words)}\n"
        if name in ("fit", "validate"):
            yield "Every key of a [configuration](configurations.md) is an option: `--data.workers 2`."
            continue
        command = importlib.import_module(f"training.commands.{name}")
        if name == "evaluate":
            from training.evaluation.benchmark import benchmark, benchmarks

            yield from of_parser(command.parser(benchmark("street")))
            for other in sorted(set(benchmarks()) - {"street"}):
                yield f"\n### evaluate --protocol {other}\n"
                group = other, benchmark(other).protocol.name
                yield from of_parser(command.parser(benchmark(other)), group)
        elif subparsers(command.parser()):
            yield from of_commands(command.parser(), name, "###")
        else:
            yield from of_parser(command.parser())


def of_commands(parser: argparse.ArgumentParser, program: str, level: str = "##") -> Iterator[str]:
    for name, sub in subparsers(parser).items():
        yield f"\n{level} {program} {name}\n\n{markdown((sub.description or '').strip())}\n"
        yield from of_parser(sub)


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Of a parser of commands; empty of others."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(groups[0].choices) if groups else {}


def of_parser(parser: argparse.ArgumentParser, groups: Sequence[str] = ()) -> Iterator[str]:
    """A row an option; of the named groups alone, if any are."""
    rows = []
    for group in parser._action_groups:
        for action in group._group_actions:
            if "--help" in action.option_strings or action.help == argparse.SUPPRESS:
                continue
            if not groups or group.title in groups:
                rows.append((code(form(action)), words_of(action)))
    if rows:
        yield from table(("argument", "what it is"), rows)


def form(action: argparse.Action) -> str:
    """As a user writes it."""
    name = action.option_strings[0] if action.option_strings else ""
    shown = argparse.HelpFormatter("")._format_args(action, (action.metavar or action.dest.upper()))  # type: ignore[arg-type]
    if action.choices is not None and action.metavar is None:
        shown = "|".join(map(str, action.choices)) if action.nargs is None else action.dest.upper()
    return f"{name} {'' if action.nargs == 0 else shown}".strip()


def words_of(action: argparse.Action) -> str:
    words = argparse.HelpFormatter("")._expand_help(action) if action.help else ""
    return f"{words} (required)" if action.required and action.option_strings else words


def configurations() -> Iterator[str]:
    yield from heading(
        "Training configurations", "`python -m training fit --config FILE` trains one; what each says of itself:"
    )
    for folder in sorted(path for path in (ROOT / "config" / "training").iterdir() if path.is_dir()):
        yield f"\n## {folder.name}\n"
        yield from table(
            ("`config/training/" + folder.name + "/`", "network", "images", "what it is"),
            (described(path) for path in sorted(folder.glob("*.yaml"))),
        )
    yield "\n## Keys\n\n`--print_config` shows all of them with their values.\n"
    from training.data.augmentation import Augmentation
    from training.data.module import DrivingData

    for prefix, item in (("data", DrivingData), ("data.augmentation", Augmentation)):
        yield f"\n### {prefix}\n"
        yield from keys(item)
    yield "\n## Sources\n\nEntries of `data.sources`, and `data.validation`, by their `class_path`.\n"
    for path in SOURCES:
        module, _, name = path.rpartition(".")
        item = getattr(importlib.import_module(module), name)
        yield f"\n### {name}\n\n`{path}`: {(item.__doc__ or '').splitlines()[0]}\n"
        yield from keys(item)


def described(path: Path) -> tuple[str, str, str, str]:
    """A configuration: its file, network, images, and the first sentence of its header."""
    text = path.read_text()
    comment = " ".join(line.lstrip("# ") for line in re.match(r"(#.*\n)+", text).group().splitlines())  # type: ignore[union-attr]
    settings = yaml.safe_load(text)
    network = settings["model"]["init_args"]["network"]["class_path"].rpartition(".")[2]
    size = f"{settings['data']['width']}x{settings['data']['height']}"
    return code(path.name), network, size, re.split(r"\. +(?=[A-Z]|python)|\.  ", comment)[0]


def keys(item: Any) -> Iterator[str]:
    """The arguments of a class, with what its docstring and those of its bases say of them."""
    words: dict[str, str] = {}
    for base in reversed(inspect.getmro(item)):
        for entry in docstring_parser.parse(base.__doc__ or "").params:
            for name in entry.arg_name.split(", "):
                words[name] = " ".join((entry.description or "").split())
    yield from table(
        ("key", "default", "what it is"),
        (
            (code(name), default_of(parameter, item), words.get(name, ""))
            for name, parameter in inspect.signature(item).parameters.items()
        ),
    )


def default_of(parameter: inspect.Parameter, item: Any) -> str:
    if parameter.default is inspect.Parameter.empty:
        return "required"
    default = parameter.default
    if dataclasses.is_dataclass(item):
        found = [field for field in dataclasses.fields(item) if field.name == parameter.name]
        if found and found[0].default_factory is not dataclasses.MISSING:
            default = found[0].default_factory()
    if dataclasses.is_dataclass(default):
        return "its own defaults"
    return code("null" if default is None else str(default).lower() if isinstance(default, bool) else default)


def heading(title: str, words: str) -> Iterator[str]:
    yield f"# {title}\n\n{words}\n"


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
    for row in rows:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', '&#124;') for cell in row)} |"


def code(value: object) -> str:
    """Empty for an empty text, which would be no code."""
    text = list(value) if isinstance(value, tuple) else value
    return "" if text is None or text == "" else f"`{text}`"


def markdown(text: str) -> str:
    """Of a docstring."""
    return text.replace("``", "`").strip()


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "parameters": parameters,
    "topics": topics,
    "launch": launching,
    "commands": commands,
    "workshop": workshop,
    "configurations": configurations,
}
