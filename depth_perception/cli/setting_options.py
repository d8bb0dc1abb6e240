"""Options of commands, and their help, from the tables of settings that nodes have as parameters."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from depth_perception.engines.settings import EngineSettings, model_file
from depth_perception.estimators.settings import DepthSettings, OdometrySettings, RobotSettings
from depth_perception.resources import DEPTH_MODEL, POSE_MODEL, model_path
from depth_perception.settings import Setting

METAVARS = {float: "X", int: "N", str: "NAME"}


def add_options(parser: argparse._ActionsContainer, table: Sequence[Setting], prefix: str = "") -> None:
    """An option for each setting; `prefix` goes before its name."""
    for item in table:
        name = f"--{prefix}{item.name}".replace("_", "-")
        said = item.description.replace("%", "%%")  # argparse would fill it in
        shown = f"{said} (default: %(default)s)"
        if item.length is not None:
            parser.add_argument(name, type=float, nargs=item.length, metavar="X", help=said)
        elif isinstance(item.default, bool):
            parser.add_argument(name, action="store_true", help=said)
        elif item.choices:
            parser.add_argument(name, choices=item.choices, default=item.default, help=shown)
        else:
            kind = type(item.default)
            parser.add_argument(name, type=kind, metavar=METAVARS[kind], default=item.default, help=shown)


def chosen(arguments: argparse.Namespace, table: Sequence[Setting], prefix: str = "") -> dict[str, Any]:
    """What the options of `add_options` say, by the names of the settings."""
    return {item.name: getattr(arguments, f"{prefix}{item.name}".replace("-", "_")) for item in table}


def add_robot_options(parser: argparse.ArgumentParser) -> None:
    """The options of `robot_settings`."""
    models = parser.add_argument_group("models, and what runs them")
    add_options(models, (model_file(DEPTH_MODEL),), "depth-")
    add_options(models, (model_file(POSE_MODEL),), "pose-")
    add_options(models, EngineSettings.table())
    add_options(parser.add_argument_group("depth"), DepthSettings.table())
    add_options(parser.add_argument_group("odometry"), OdometrySettings.table(), "odometry-")


def robot_settings(arguments: argparse.Namespace) -> RobotSettings:
    """Raises: `SettingError` for a value that cannot be, `ResourceError` for a model that is not there."""
    return RobotSettings(
        model_path(arguments.depth_model),
        model_path(arguments.pose_model),
        EngineSettings(**chosen(arguments, EngineSettings.table())),
        DepthSettings(**chosen(arguments, DepthSettings.table())),
        OdometrySettings(**chosen(arguments, OdometrySettings.table(), "odometry-")),
    )
