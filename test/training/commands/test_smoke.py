"""Every shipped configuration trains, is judged and becomes models that answer as torch does."""

from pathlib import Path

import pytest

from training.commands.smoke import smoke

CONFIGURATIONS = Path(__file__).parents[3] / "config/training"

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # Lightning's own


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("smoke")


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", sorted(CONFIGURATIONS.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_configuration(path, folder, street_renderer, monkeypatch):
    monkeypatch.chdir(folder)  # where the frames are cached that they share
    models = smoke([f"--config={path}"])
    assert models[0].name == ("pose.onnx" if path.stem == "light_pose" else "depth.onnx")
