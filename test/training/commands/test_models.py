"""A recipe is trained stage by stage, judged and exported; what is finished stays, what was cut short goes on."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml

from depth_perception.model_file import read_description
from training.checkpoint import newest_checkpoint, write_mean
from training.commands.models import RECIPE, Published, Recipe, Shipped, Stage, _train, main, stage_folders
from training.errors import TrainingError
from training.stages import FINISHED

SMOKE = Path(__file__).parents[3] / "config/training/dual_networks/smoke.yaml"
DEPTH_ALONE = {"photometric": 0.0, "smoothness": 0.0, "depth": 1.0}


def tiny(folder, name, **model):
    """The smoke configuration, shortened to two steps of depth alone on frames that are shared by all."""
    settings = yaml.safe_load(SMOKE.read_text())
    settings["model"]["init_args"] |= {"losses": DEPTH_ALONE, "freeze_pose": True, **model}
    for part in ("street", "validation"):
        settings["data"][part] |= {"cache": str(folder / "cache"), "frames": 4}
    settings["data"] |= {"samples": 8, "frames": 1}
    settings["data"]["street"] |= {"seeds": [0, 1], "truth": ["depth"]}
    settings["trainer"] |= {"max_epochs": 1}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


@pytest.fixture
def recipe(tmp_path):
    stages = {
        "first": Stage(tiny(tmp_path, "first")),
        "second": Stage(tiny(tmp_path, "second", focal_length=150.0), "first"),
    }
    image = np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8).repeat(16, axis=0).repeat(16, axis=1)
    for folder, picture in (("images", image), ("depth", np.full((64, 96), 2560, np.uint16))):
        (tmp_path / "pairs" / folder).mkdir(parents=True)
        assert cv2.imwrite(str(tmp_path / "pairs" / folder / "a.png"), picture)
    camera = {"width": 96, "height": 64, "fx": 80.0, "fy": 80.0, "cx": 47.5, "cy": 31.5}
    (tmp_path / "pairs/cameras.json").write_text(json.dumps({"a": camera}))
    words = f"--protocol pairs --data {tmp_path / 'pairs'}"
    return Recipe(stages, {"small": Shipped("depth", ("second",))}, {"depth": (words,)})


def test_from_nothing_to_a_model_file(recipe, tmp_path, street_renderer, capfd):
    words = [str(tmp_path / "models"), "--runs", str(tmp_path / "runs")]
    (tmp_path / "models").mkdir()
    main(words, recipe)
    model = read_description(tmp_path / "models/small.onnx", "depth")
    assert model.name == "small"
    assert model.focal_length == 50.0  # of the small images of that stage
    assert model.scores
    assert model.free_view is not None
    assert "small.onnx" in (tmp_path / "models/README.md").read_text()
    told = capfd.readouterr().out
    assert "first: begins" in told
    assert "second: begins" in told

    folders = stage_folders(recipe, tmp_path / "runs", "cpu")
    weights = [torch.load(newest_checkpoint(folder), weights_only=True)["state_dict"] for folder in folders.values()]
    name = "network.lr.encoder.conv1.weight"
    apart = (weights[0][name] - weights[1][name]).abs().max()
    assert 0 < apart < 0.02  # two steps of 2e-3 away, where another beginning would be 0.1

    stamps = [newest_checkpoint(folder).stat().st_mtime_ns for folder in folders.values()]
    (folders["second"] / FINISHED).unlink()  # as if it had been cut short after its last checkpoint
    main(words, replace(recipe, models={}))
    told = capfd.readouterr().out
    assert "first: finished before" in told
    assert "second: goes on" in told
    assert newest_checkpoint(folders["first"]).stat().st_mtime_ns == stamps[0]


def test_a_stage_begins_with_the_weights_that_it_says(recipe, tmp_path, monkeypatch):
    told = {}
    monkeypatch.setattr("training.commands.models.train_once", lambda name, folder, words: told.update({name: words}))
    monkeypatch.setattr("training.commands.models.newest_checkpoint", lambda folder: folder / "x.ckpt")
    third = Stage(tiny(tmp_path, "third"), "second", "begin_with")
    stages = {**recipe.stages, "third": third}
    folders = stage_folders(Recipe(stages, {}, {}), tmp_path / "runs", "cpu")
    for name, stage in stages.items():
        _train(name, stage, folders, "cpu")
    assert told["first"] == ["--config", str(recipe.stages["first"].configuration)]
    assert told["second"][-1] == f"--model.lr_checkpoint={folders['first'] / 'x.ckpt'}"
    assert told["third"][-1] == f"--model.begin_with={folders['second'] / 'x.ckpt'}"


def test_a_stage_downloads_what_it_needs_once(recipe, tmp_path, monkeypatch):
    fetched = []

    def download(url, path, start_of_hash):
        fetched.append((url, start_of_hash))
        Path(path).write_bytes(b"video")

    monkeypatch.setattr("training.commands.models.train_once", lambda *_: None)
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    needed = Published("https://videos.example/drive.mp4", "0a1b", tmp_path / "data/drive.mp4")
    stage = replace(recipe.stages["first"], needs=needed)
    folders = stage_folders(Recipe({"first": stage}, {}, {}), tmp_path / "runs", "cpu")
    for _ in range(2):
        _train("first", stage, folders, "cpu")
    assert fetched == [("https://videos.example/drive.mp4", "0a1b")]

    def refuse(*_):
        raise OSError("no route to host")

    needed.path.unlink()
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(TrainingError, match=r"drive.mp4: could not be downloaded \(no route to host\): .* put it at /"):
        _train("first", stage, folders, "cpu")


def test_downloads_lie_where_the_configuration_looks_for_them():
    needing = [(stage.needs, stage.configuration) for stage in RECIPE.stages.values() if stage.needs is not None]
    assert needing
    for needed, configuration in needing:
        sources = yaml.safe_load(configuration.read_text())["data"]["sources"]
        assert str(needed.path) in [source["init_args"].get("path") for source in sources]


def test_what_ships_is_the_mean_of_stages(tmp_path):
    def write(name, value, rows=2):
        weights = {"a": torch.full((rows, 3), value), "seen": torch.tensor(int(value))}
        torch.save({"state_dict": weights, "epoch": name}, tmp_path / name)
        return tmp_path / name

    stages = [write("first", 1.0), write("second", 2.0), write("last", 6.0)]
    write_mean(stages, tmp_path / "mean")
    mean = torch.load(tmp_path / "mean", weights_only=True)
    torch.testing.assert_close(mean["state_dict"]["a"], torch.full((2, 3), 3.0))
    assert (int(mean["state_dict"]["seen"]), mean["epoch"]) == (6, "last")
    with pytest.raises(TrainingError, match=r"last: its networks are not those of .*other"):
        write_mean([write("other", 1.0, rows=4), *stages], tmp_path / "mean")


def test_a_changed_stage_and_those_after_it_begin_anew(recipe, tmp_path):
    before = stage_folders(recipe, tmp_path, "cpu")
    assert stage_folders(recipe, tmp_path, "cpu") == before
    changed = recipe.stages["second"].configuration
    changed.write_text(changed.read_text() + "# more\n")
    second = stage_folders(recipe, tmp_path, "cpu")
    assert (second["first"] == before["first"], second["second"] == before["second"]) == (True, False)
    first = recipe.stages["first"].configuration
    first.write_text(first.read_text() + "# more\n")
    third = stage_folders(recipe, tmp_path, "cpu")
    assert third["first"] != second["first"]
    assert third["second"] != second["second"]
    assert set(stage_folders(recipe, tmp_path, "cuda").values()).isdisjoint(third.values())


def test_what_cannot_be_trained_is_said_before_anything_is(recipe, tmp_path):
    wrong = Recipe({"b": Stage(recipe.stages["first"].configuration, "a")}, {}, {})
    with pytest.raises(TrainingError, match="stage b begins with a, which does not come before it"):
        stage_folders(wrong, tmp_path, "cpu")
    with pytest.raises(TrainingError, match=r"none\.yaml: cannot be read"):
        stage_folders(Recipe({"a": Stage(tmp_path / "none.yaml")}, {}, {}), tmp_path, "cpu")


def test_a_training_that_fails_ends_it(recipe, tmp_path):
    bad = recipe.stages["first"].configuration
    bad.write_text(bad.read_text().replace("max_epochs", "max_epoch"))
    with pytest.raises(TrainingError, match=r"fit .* failed with exit status 1; what it had done is kept"):
        main([str(tmp_path), "--runs", str(tmp_path / "runs")], recipe)


def test_what_ships_is_made_of_configurations_that_are_there():
    folders = stage_folders(RECIPE, Path("runs"), "cpu")
    assert {stage for model in RECIPE.models.values() for stage in model.stages} <= set(folders)
