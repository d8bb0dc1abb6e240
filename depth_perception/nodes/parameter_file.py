"""``config/perception.yaml``: every parameter with its default and what it means.

python -m depth_perception.nodes.parameter_file > config/perception.yaml
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import yaml

from depth_perception.nodes import depth_node, odometry_node, point_cloud_node
from depth_perception.nodes.parameters import EXAMPLE_POSE
from depth_perception.nodes.perception_node import AUTOSTART
from depth_perception.settings import Setting

HEAD = """\
# Parameters of the nodes, with their defaults.
# Copy it, change it, and launch with params:=YOUR_FILE, or run a node with --ros-args --params-file YOUR_FILE.
# What is marked live may change while the node runs (ros2 param set), the others while it is unconfigured.
# Written by python -m depth_perception.nodes.parameter_file
"""
TABLES = {node.NAME: (AUTOSTART, *node.PARAMETERS) for node in (depth_node, odometry_node, point_cloud_node)}


def parameter_file() -> str:
    """The text of the file."""
    return "\n".join([HEAD, *("\n".join(_node(name, table)) + "\n" for name, table in TABLES.items())])


def _node(name: str, table: Sequence[Setting]) -> Iterator[str]:
    yield from (f"/**/{name}:", "  ros__parameters:")
    for item in table:
        said = ". ".join(filter(None, (item.description, item.values.capitalize())))
        yield textwrap.fill(said, 120, initial_indent="    # ", subsequent_indent="    # ")
        if item.default is None:
            yield f"    # {item.name}: {EXAMPLE_POSE}"
        else:
            yield f"    {yaml.safe_dump({item.name: item.default}).strip()}" + ("  # live" if item.live else "")


if __name__ == "__main__":
    print(parameter_file(), end="")
