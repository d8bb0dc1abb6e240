"""Every shipped configuration trains and is judged; every network in them becomes models that answer as torch does."""

import hashlib
import tempfile
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from torch import nn

from training.commands.smoke import export_small, tasks, train_small
from training.models import DepthModel
from training.networks.fcrn import FCRN
from training.networks.resnet import ResNet18
from training.stored import filled

CONFIGURATIONS = Path(__file__).parents[3] / "config/training"
CANNOT_RUN = {"NonZero", "BitShift", "Loop", "If", "Scan", "Einsum", "ScatterND", "Det", "Inverse"}
"""Operators that some engine has not, and which a solver of equations easily becomes."""
LARGEST_FIRST = ("look_deeper/t", "hybrid_cnn/t", "depth_gradient/t", "dual_networks/t")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # Lightning's own


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


def built_of(model, view):
    """A digest of all that a graph is made of, but for the numbers that are learnt."""
    common = vars(nn.Module()).keys()
    parts = [str(view)]
    for name, module in model.named_modules():
        own = sorted((key, repr(value)) for key, value in vars(module).items() if key not in common)
        tensors = [(key, value.shape) for key, value in module.named_parameters(recurse=False)]
        tensors += [(key, value.shape) for key, value in module.named_buffers(recurse=False)]
        parts.append(f"{name} {type(module).__module__}.{type(module).__qualname__} {own} {tensors}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@pytest.fixture(scope="module")
def folder(shared_folder):
    """Where frames are cached that all share, where the first with a network leaves word of it, and where, as in a
    checkout in which the models were made, configurations find each other's files and what was downloaded."""

    def fill(folder):
        (folder / "config").symlink_to(CONFIGURATIONS.parent)
        drive = folder / "runs/data/project_video.mp4"
        drive.parent.mkdir(parents=True)
        writer = cv2.VideoWriter(str(drive), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (1280, 720))
        for image in np.random.default_rng(0).integers(0, 256, (8, 90, 160, 3), np.uint8):
            writer.write(image.repeat(8, axis=0).repeat(8, axis=1))
        writer.release()

    return filled(shared_folder / "smoke", fill)


def is_first(built, folder):
    try:
        (folder / built).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    sorted(CONFIGURATIONS.rglob("*.yaml"), key=lambda path: (not name_of(path).startswith(LARGEST_FIRST), path)),
    ids=name_of,
)
def test_configuration(path, folder, street_renderer, monkeypatch):
    """Many share a network, which is the same graph whatever its losses were: the first of them exports it."""
    monkeypatch.chdir(folder)
    with tempfile.TemporaryDirectory() as place:
        trained, data = train_small([f"--config={path}"], Path(place))
        assert tasks(trained)[0] == ("pose" if path.stem.startswith("light_pose") else "depth")
        for task in tasks(trained):
            description = trained.describe(task, "smoke")
            view = (description.height, description.width, description.frames)
            if is_first(built_of(trained.model(task), view), folder):
                graph = onnx.load(export_small(trained, task, Path(place) / f"{task}.onnx", data)).graph
                if task == "pose":
                    assert not {node.op_type for node in graph.node} & CANNOT_RUN


def test_what_makes_another_graph_is_told_apart():
    def digest(view=(64, 96), **settings):
        return built_of(DepthModel(FCRN(ResNet18(width=8), (16, 8, 8, 8, 8), **settings)), view)

    assert digest() == digest()
    others = [digest((64, 128)), digest(maximum_depth=7.0), digest(dropout=0.1)]
    assert len({digest(), *others}) == 4
