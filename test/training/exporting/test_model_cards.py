"""The README of a folder of models says what the files say."""

import onnx
import pytest
from helpers.models import write_depth_model, write_pose_model

from depth_perception.model_file import ModelFileError, read_description
from training.commands.cards import main
from training.errors import TrainingError
from training.exporting.model_cards import model_cards


def test_every_model_is_described_with_its_own_words(tmp_path):
    depth = write_depth_model(tmp_path / "depth.onnx")
    pose = write_pose_model(tmp_path / "pose.onnx")
    main([str(tmp_path)])
    text = (tmp_path / "README.md").read_text()
    assert text == model_cards(tmp_path)
    for model in (depth, pose):
        section = text[text.index(f"## {model.name}") :]
        assert f"{model.height} x {model.width}" in section
        for data in model.training_data:
            assert f"| {data.name} | {data.licence} | {data.supervision} |" in section
        for score in model.scores:
            assert f"| {score.name} | {score.value:g} |" in section
    assert text.index("depth.onnx") < text.index("pose.onnx")
    assert read_description(tmp_path / "depth.onnx") == depth


def test_folder_without_models_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"holds no \.onnx file"):
        model_cards(tmp_path)


def test_model_without_description_is_named_and_nothing_is_written(tmp_path):
    graph = onnx.helper.make_graph([], "g", [], [])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "x.onnx")
    with pytest.raises(ModelFileError, match=r"x\.onnx"):
        main([str(tmp_path)])
    assert not (tmp_path / "README.md").exists()
