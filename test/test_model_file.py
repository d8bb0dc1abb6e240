"""What model files say of themselves, to this version of the package and to older ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from helpers.models import write_depth_model, write_pose_model

from depth_perception.model_file import (
    METADATA_KEY,
    ModelDescription,
    ModelFileError,
    Score,
    SemanticClass,
    TrainingData,
    read_description,
    read_part,
)
from depth_perception.resources import DEPTH_MODEL, POSE_MODEL

ROOT = Path(__file__).resolve().parents[1]
VERSION_1 = {
    *("name", "task", "height", "width", "focal_length", "metric", "method", "paper", "minimum_depth", "maximum_depth"),
    *("frames", "colour_order", "training_data", "scores", "revision", "format_version"),
}
"""All that the first readers know: they refuse a file with any other entry."""
PLAIN = ModelDescription("plain", "depth", 32, 64, 40.0, True, "method", "paper", 0.1, 100.0)
CLASSES = (SemanticClass("road", (128, 64, 128)), SemanticClass("sky", (70, 130, 180)))


def entries(description: ModelDescription) -> dict[str, Any]:
    return dict(json.loads(description.to_json()))


@pytest.mark.parametrize(
    "description",
    [
        PLAIN,
        replace(PLAIN, training_data=(TrainingData("a, b", "c", ("depth", "poses")),)),
        replace(PLAIN, scores=(Score("p", "abs_rel", 0.1),)),
        replace(PLAIN, classes=CLASSES, extras=("semantics",)),
        replace(PLAIN, extras=("confidence",), frames=("previous", "current")),
        replace(PLAIN, task="pose", frames=("a", "b", "c")),
    ],
)
def test_a_description_comes_back_as_it_was(description: ModelDescription) -> None:
    assert ModelDescription.from_json(description.to_json()) == description


@pytest.mark.parametrize("model", [DEPTH_MODEL, POSE_MODEL])
def test_files_from_before_are_read_and_are_what_they_were(model: str) -> None:
    description = read_description(ROOT / model)
    assert (description.classes, description.extras, description.format_version) == ((), (), 1)
    (said,) = (item.value for item in onnx.load_model(ROOT / model).metadata_props if item.key == METADATA_KEY)
    assert entries(description) == json.loads(said)


@pytest.mark.parametrize("description", [PLAIN, replace(PLAIN, task="pose", frames=("previous", "current"))])
def test_what_needs_nothing_new_is_written_so_that_older_packages_read_it(description: ModelDescription) -> None:
    assert set(entries(description)) == VERSION_1
    assert entries(description)["format_version"] == 1


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({"classes": CLASSES, "extras": ("semantics",)}, {"classes"}),
        ({"extras": ("confidence",)}, {"confidence"}),
        ({"classes": CLASSES, "extras": ("semantics", "confidence")}, {"classes", "confidence"}),
        ({"frames": ("previous", "current")}, set()),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_version_2_is_written_as_its_first_readers_know_it(changes: dict[str, Any], new: set[str]) -> None:
    """Those of version 1 look at the version before anything else, and say which package to use."""
    said = entries(replace(PLAIN, **changes))
    assert (said["format_version"], set(said) - VERSION_1) == (2, new)
    assert said.get("confidence", True) is True


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 4}, "format version 4, this package reads 1 to 3: export"),
        ({"format_version": None}, "format version None"),
        ({"format_version": 3, "extras": ["flow"]}, "it answers flow, this package knows semantics, confidence"),
        ({"format_version": 3, "extras": ["semantics"]}, "semantics without classes"),
        ({"format_version": 3, "classes": [{"name": "road", "colour": [1, 2, 3]}]}, "classes without semantics"),
        ({"classes": [{"name": "road"}]}, "class without 'colour'"),
        ({"classes": [{"name": "road", "colour": [1, 2]}]}, "colour of class 'road'"),
        ({"classes": [{"name": "road", "colour": [1, 2, 256]}]}, "0 to 255"),
        ({"classes": [{"name": "road", "colour": None}]}, "incomplete"),
        ({"classes": 256 * [{"name": "road", "colour": [1, 2, 3]}]}, "256 classes, expected at most 255"),
        ({"frames": ["current", "previous"]}, "frames are current, previous"),
        ({"task": "segmentation"}, "task is 'segmentation'"),
        ({"task": "pose", "confidence": True}, "pose model with confidence, which only"),
        ({"classses": []}, "unknown entries classses"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_description_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelFileError, match=message):
        ModelDescription.from_json(json.dumps(entries(PLAIN) | changes))


def test_the_refusal_names_the_file(tmp_path: Path) -> None:
    write_depth_model(tmp_path / "depth.onnx")
    model = onnx.load_model(tmp_path / "depth.onnx")
    model.metadata_props[0].value = model.metadata_props[0].value.replace('"format_version": 1', '"format_version": 9')
    onnx.save_model(model, tmp_path / "depth.onnx")
    with pytest.raises(ModelFileError, match=r"depth\.onnx: its description has format version 9"):
        read_description(tmp_path / "depth.onnx")


def test_a_part_is_what_its_output_needs(tmp_path: Path) -> None:
    write_depth_model(tmp_path / "plain.onnx")
    write_depth_model(tmp_path / "all.onnx", classes=CLASSES, extras=("confidence",), work=3, work_for="confidence")
    part = onnx.load_model_from_string(read_part(tmp_path / "all.onnx", "depth"))
    plain = onnx.load_model(tmp_path / "plain.onnx")
    assert [tensor.name for tensor in part.graph.output] == ["depth"]
    used = {name for node in part.graph.node for name in node.input}
    assert {tensor.name for tensor in part.graph.initializer} <= used
    operators = [node.op_type for node in part.graph.node]
    assert "Conv" not in operators
    assert set(operators) <= {node.op_type for node in plain.graph.node}


def test_a_part_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write_pose_model(tmp_path / "pose.onnx")
    with pytest.raises(ModelFileError, match=r"pose\.onnx: has no output 'depth'"):
        read_part(tmp_path / "pose.onnx", "depth")
