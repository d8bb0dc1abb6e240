"""One domain for all tests in real ROS graphs; every node is a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.camera import CAMERA
from helpers.graph import Graph, claimed_domain
from helpers.models import write_depth_model, write_pose_model

SIZE: dict[str, Any] = {"width": CAMERA.width, "height": CAMERA.height, "focal_length": CAMERA.fx}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.ros)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a depth and a pose model for `CAMERA`."""
    folder = tmp_path_factory.mktemp("models")
    write_depth_model(folder / "depth.onnx", **SIZE)
    write_depth_model(folder / "relative.onnx", **SIZE, metric=False)
    write_pose_model(folder / "pose.onnx", **SIZE)
    (folder / "corrupt.onnx").write_bytes((folder / "depth.onnx").read_bytes()[:100])
    return folder


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    with claimed_domain() as domain:
        graph = Graph(tmp_path_factory.mktemp("graph"), domain)
        try:
            yield graph
        finally:
            graph.close()
