"""Every shipped configuration trains and is judged, and its network becomes models that answer as torch does."""

import json
from pathlib import Path

import pytest
import yaml

from training.commands.smoke import smoke

CONFIGURATIONS = sorted((Path(__file__).parents[3] / "config/training").rglob("*.yaml"))


def network_of(path: Path) -> str:
    """All of a configuration that shapes the graph of its models; losses and data do not."""
    settings = yaml.safe_load(path.read_text())
    model, frames = settings["model"], settings["data"].get("frames")
    shapes = [model["init_args"].get(name) for name in ("network", "pose_network", "stage")]
    return json.dumps([model["class_path"], shapes, frames], sort_keys=True)


FIRST_OF_ITS_NETWORK = {network_of(path): path for path in reversed(CONFIGURATIONS)}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # Lightning's own


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("smoke")


@pytest.mark.slow
@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_configuration(path, folder, street_renderer, monkeypatch):
    monkeypatch.chdir(folder)  # where the frames are cached that they share
    exports = FIRST_OF_ITS_NETWORK[network_of(path)] == path
    models = smoke([f"--config={path}"], exports)
    assert [model.name for model in models[:1]] == exports * [
        "pose.onnx" if path.stem == "light_pose" else "depth.onnx"
    ]
