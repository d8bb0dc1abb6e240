"""A checkpoint is judged at the size it was trained at, and answers as its network does."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.models import write_depth_model, write_pose_model

from depth_perception.engines.engine import EngineError
from training.commands.fit import main
from training.errors import TrainingError
from training.evaluation.checkpoint_engine import CheckpointEngine, open_network
from training.networks.dual_networks import REDUCTION

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # Lightning's own

SMOKE = Path(__file__).parents[3] / "config/training/dual_networks/smoke.yaml"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A checkpoint of each stage as the trainer writes it, of networks that have learned nothing."""
    folder = tmp_path_factory.mktemp("checkpoints")
    made = {}
    for stage, width, height in (("lr", 96, 64), ("hr", 288, 192)):
        options = [f"--model.stage={stage}", f"--data.width={width}", f"--data.height={height}"]
        options += [f"--trainer.default_root_dir={folder}"]
        cli = main(["--config", str(SMOKE), *options], run=False)
        cli.trainer.strategy.connect(cli.model)
        cli.trainer._data_connector.attach_datamodule(cli.model, datamodule=cli.datamodule)
        cli.trainer.save_checkpoint(folder / f"{stage}.ckpt")
        made[stage] = (folder / f"{stage}.ckpt", cli.model.eval())
    return made


@pytest.mark.parametrize(("stage", "size"), [("lr", (64, 96)), ("hr", (192, 288))])
def test_it_answers_as_its_network_does(checkpoints, stage, size):
    path, system = checkpoints[stage]
    engine = open_network(path)
    assert isinstance(engine, CheckpointEngine)
    assert (engine.model.height, engine.model.width) == size
    assert engine.model.focal_length == pytest.approx(166.15 / (REDUCTION if stage == "lr" else 1))
    image = np.random.default_rng(0).integers(0, 256, (1, *size, 3), dtype=np.uint8)
    network = system.network.lr if stage == "lr" else system.network
    with torch.no_grad():
        normal = (torch.from_numpy(image).permute(0, 3, 1, 2).float() / 255 - 0.45) / 0.225
        expected = 1 / network(normal)[0][:, 0].numpy()
    given = engine.run({"image": image})["depth"]
    assert (given.shape, given.dtype) == ((1, *size), np.float32)
    np.testing.assert_allclose(given, expected, rtol=1e-3)


def test_an_image_of_another_size_is_refused(checkpoints):
    with pytest.raises(EngineError, match=r"'image' is uint8 \(1, 32, 32, 3\), the model takes uint8 \(1, 64, 96, 3\)"):
        CheckpointEngine(checkpoints["lr"][0]).run({"image": np.zeros((1, 32, 32, 3), np.uint8)})


def test_networks_are_opened_by_what_they_are(tmp_path):
    write_depth_model(tmp_path / "depth.onnx")
    assert open_network(tmp_path / "depth.onnx").model.name == "luma_depth"
    write_pose_model(tmp_path / "pose.onnx")
    with pytest.raises(TrainingError, match=r"pose\.onnx: is a pose model, expected one of depth"):
        open_network(tmp_path / "pose.onnx")
    with pytest.raises(TrainingError, match=r"none\.ckpt: there is no such checkpoint"):
        open_network(tmp_path / "none.ckpt")


def test_a_checkpoint_that_does_not_say_its_size_is_refused(tmp_path):
    torch.save({"state_dict": {}, "hyper_parameters": {}}, tmp_path / "bare.ckpt")
    with pytest.raises(TrainingError, match=r"bare\.ckpt: does not say how its networks are built and at which size"):
        CheckpointEngine(tmp_path / "bare.ckpt")
