"""The command line, as people use it: a configuration, a training, an export; and what a mistake is answered with."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from depth_perception.engines.choose import open_engine
from depth_perception.model_file import read_description
from training.commands.fit import main
from training.errors import TrainingError

REPOSITORY = Path(__file__).parents[3]
SMOKE = REPOSITORY / "config/training/dual_networks/smoke.yaml"


@pytest.mark.parametrize(
    ("argument", "nearest"),
    [
        ("--model.losses.fotometric=1", "losses.photometric"),
        ("--data.street.sedes=[0,1]", "seeds"),
        ("--modl.stage=lr", "stage"),
    ],
)
def test_misspelt_keys_are_answered_with_the_nearest(argument, nearest):
    with pytest.raises(TrainingError, match=f"is not known, the nearest known one is '{nearest}'"):
        main(["fit", f"--config={SMOKE}", argument])


def test_misspelt_keys_deep_in_the_file_too(tmp_path):
    path = tmp_path / "smoke.yaml"
    path.write_text(SMOKE.read_text().replace("{width: 8}", "{widht: 8}"))
    line = 1 + path.read_text().splitlines().index("              init_args: {widht: 8}")
    message = rf"smoke\.yaml, line {line}: configuration key 'widht' is not known, the nearest known one is 'width'"
    with pytest.raises(TrainingError, match=message):
        main(["fit", "--config", str(path)])


def test_a_file_that_is_no_yaml_is_named_in_one_line(tmp_path):
    path = tmp_path / "smoke.yaml"
    path.write_text(SMOKE.read_text().replace("data:", "data: ["))
    with pytest.raises(TrainingError, match=r"smoke\.yaml: Problems parsing config: .* line") as told:
        main(["fit", f"--config={path}"])
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["--data.validation.seeds=[2,2]"], "seeds [2] are in training and in validation"),
        (["--data.street.seeds=[998,4]"], "mix training (0-999) with evaluation"),
        (["--data.street=null"], "neither street drives nor a video"),
    ],
)
def test_data_that_cannot_be_trained_with_is_one_line(run, change, reason):
    result = run("fit", "--config", SMOKE, *change)
    assert result.returncode == 1
    assert reason in result.stderr.strip().splitlines()[-1]
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_from_street_to_model_file(run, tmp_path, street_renderer):
    """Both stages, a resumed run, and both exports, on drives that are really rendered."""
    places = [f"--data.{name}.cache={tmp_path}/street" for name in ("street", "validation")]
    places += [f"--trainer.default_root_dir={tmp_path}", "--data.samples=24"]
    places += [f"--data.{name}.frames=6" for name in ("street", "validation")]
    lr = run("fit", "--config", SMOKE, *places, "--trainer.max_epochs=2", "--checkpoint.dirpath", tmp_path / "lr")
    assert lr.returncode == 0, lr.stderr[-2000:]
    assert not [word for word in ("GPU available", "Tip:", "deprecated") if word in lr.stdout + lr.stderr]
    checkpoint = tmp_path / "lr/last.ckpt"

    resumed = run("fit", "--config", SMOKE, *places, "--trainer.max_epochs=3", "--ckpt_path=last")
    assert resumed.returncode == 0, resumed.stderr[-2000:]
    assert "Epoch 2" in resumed.stdout + resumed.stderr
    assert "Epoch 1:" not in resumed.stdout + resumed.stderr

    options = ["--data.width=288", "--data.height=192", "--data.samples=8", "--trainer.max_epochs=1"]
    options += ["--model.stage=hr", f"--model.lr_checkpoint={checkpoint}", "--model.crop=0.7"]
    hr = run("fit", "--config", SMOKE, *places, *options, "--checkpoint.dirpath", tmp_path / "hr")
    assert hr.returncode == 0, hr.stderr[-2000:]
    weights = [torch.load(path, weights_only=True)["state_dict"] for path in (checkpoint, tmp_path / "hr/last.ckpt")]
    names = [name for name in weights[0] if name.startswith("network.lr.")]
    assert names
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in names)

    shapes: dict[Literal["depth", "pose"], tuple[int, ...]] = {"depth": (1, 192, 288, 3), "pose": (2, 64, 96, 3)}
    for task, shape in shapes.items():
        path = tmp_path / f"{task}.onnx"
        result = run(
            *("export", "--checkpoint", tmp_path / "hr/last.ckpt", "--task", task),
            *("--output", path, "--name", f"smoke_{task}"),
        )
        assert result.returncode == 0, result.stderr[-2000:]
        description = read_description(path, task)
        assert description.metric
        assert description.revision
        (data,) = description.training_data
        assert data.supervision == "images, true depth, true poses"
        assert "seeds 0 to 2" in data.name
        engine = open_engine(path, "onnxruntime")
        (output,) = engine.run({engine.inputs[0].name: np.zeros(shape, np.uint8)}).values()
        assert np.isfinite(output).all()
