"""What model files say of themselves, to this version of the package and to older ones."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from helpers.models import write_depth_model, write_pose_model
from hypothesis import given
from hypothesis import strategies as st

from depth_perception.engines.choose import open_engine
from depth_perception.model_file import (
    ModelDescription,
    ModelFileError,
    MotionNoise,
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
        replace(PLAIN, scale_sigma=0.3),
        replace(PLAIN, task="pose", frames=("a", "b"), motion_noise=MotionNoise(along=0.5, radians_a_second=0.25)),
    ],
)
def test_a_description_comes_back_as_it_was(description: ModelDescription) -> None:
    assert ModelDescription.from_json(description.to_json()) == description


def test_files_from_before_are_read_and_are_what_they_were() -> None:
    said = {
        "name": "first",
        "task": "pose",
        "height": 192,
        "width": 624,
        "focal_length": 360.0,
        "metric": True,
        "method": "PoseNet",
        "paper": "Zhou et al.",
        "minimum_depth": None,
        "maximum_depth": None,
        "frames": ["previous", "current"],
        "colour_order": "rgb",
        "training_data": [{"name": "street", "licence": "Apache-2.0", "supervision": "images, true poses"}],
        "scores": [{"protocol": "street", "name": "ATE", "value": 7.1}],
        "revision": "c5d65fe42dd7",
        "format_version": 1,
    }
    description = ModelDescription.from_json(json.dumps(said))
    assert (description.classes, description.extras, description.format_version) == ((), (), 1)
    assert (description.scale_sigma, description.motion_noise) == (None, None)
    assert entries(description) == said


def test_version_4_says_what_bfloat16_costs() -> None:
    said = entries(replace(PLAIN, bfloat16_loss=0.0))
    assert (said["format_version"], said["bfloat16_loss"]) == (4, 0.0)
    assert ModelDescription.from_json(json.dumps(said)).bfloat16_loss == 0.0


def test_version_5_says_that_the_principal_point_is_in_the_middle() -> None:
    description = replace(PLAIN, task="pose", minimum_depth=None, maximum_depth=None)
    assert "centred" not in entries(description)
    said = entries(replace(description, centred=True))
    assert (said["format_version"], said["centred"]) == (5, True)
    assert ModelDescription.from_json(json.dumps(said)).centred


@pytest.mark.parametrize("model", [DEPTH_MODEL, POSE_MODEL])
def test_the_models_that_come_along_say_how_sure_they_are(model: str) -> None:
    description = read_description(ROOT / model)
    assert description.metric == (description.scale_sigma is not None)
    assert (description.motion_noise is not None) == (description.task == "pose")


@pytest.mark.parametrize("description", [PLAIN, replace(PLAIN, task="pose", frames=("previous", "current"))])
def test_what_needs_nothing_new_is_written_so_that_older_packages_read_it(description: ModelDescription) -> None:
    assert set(entries(description)) == VERSION_1
    assert entries(description)["format_version"] == 1


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({"classes": CLASSES, "extras": ("semantics",)}, ["classes"]),
        ({"extras": ("confidence",)}, ["confidence"]),
        ({"classes": CLASSES, "extras": ("semantics", "confidence")}, ["classes", "confidence"]),
        ({"frames": ("previous", "current")}, []),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_version_2_is_written_as_its_first_readers_know_it(changes: dict[str, Any], new: list[str]) -> None:
    """Those of version 1 look at the version before anything else, and say which package to use."""
    said = entries(replace(PLAIN, **changes))
    assert (said["format_version"], sorted(set(said) - VERSION_1)) == (2, new)
    assert said.get("confidence", True) is True


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 6}, "format version 6, this package reads 1 to 5: export"),
        ({"format_version": None}, "format version None"),
        ({"format_version": 3, "extras": ["flow"]}, "it answers flow, this package knows semantics, confidence"),
        ({"format_version": 3, "extras": ["semantics"]}, "semantics without classes"),
        ({"format_version": 3, "classes": [{"name": "road", "colour": [1, 2, 3]}]}, "classes without semantics"),
        ({"classes": [{"name": "road"}]}, "class without 'colour'"),
        (
            {"classes": [{"name": "road", "colour": [1, 2]}]},
            r"its colour is \(1, 2\), expected a list of 3 times a whole",
        ),
        ({"classes": [{"name": "road", "colour": [1, 2, 256]}]}, "0 to 255"),
        ({"classes": [{"name": "road", "colour": None}]}, "incomplete"),
        ({"classes": [{"name": ["a"], "colour": [1, 2, 3]}]}, r"its name is \['a'\], expected a text, in classes"),
        ({"classes": [{"name": "road", "colour": [1.5, 2, 3]}]}, "its colour is"),
        ({"classes": [7]}, "incomplete"),
        ({"metric": "no"}, "its metric is 'no', expected true or false"),
        ({"metric": 1}, "its metric is 1, expected true or false"),
        ({"name": [1]}, r"its name is \[1\], expected a text"),
        ({"name": None}, "its name is None, expected a text"),
        ({"width": 64.5}, "its width is 64.5, expected a whole number"),
        ({"width": True}, "its width is True, expected a whole number"),
        ({"width": 0}, "its input is 0x32, expected 1 to 16384"),
        ({"height": 10**9}, "its input is 64x1000000000"),
        ({"focal_length": "40"}, "its focal_length is '40', expected a number"),
        ({"focal_length": -1}, "its focal length is -1"),
        ({"focal_length": float("nan")}, "its focal_length is nan"),
        ({"minimum_depth": 200.0}, "its depth is from 200.0 to 100.0"),
        ({"maximum_depth": "far"}, "its maximum_depth is 'far', expected a number or null"),
        ({"colour_order": "bgr"}, "its colours are in the order 'bgr', models are given 'rgb'"),
        ({"frames": None}, "incomplete"),
        ({"frames": "previous"}, "frames are p, r, e"),
        ({"frames": [1, 2]}, "its frames is"),
        ({"training_data": [{"name": "a", "licence": "b", "supervision": 5}]}, "incomplete"),
        ({"training_data": "none"}, "incomplete"),
        (
            {"scores": [{"protocol": "a", "name": "b", "value": "low"}]},
            "its value is 'low', expected a number, in scores",
        ),
        ({"scores": {"a": 1}}, "incomplete"),
        (
            {"format_version": 3, "reduction": {"types": "f8", "loss": 0.1, "frames": 3, "original": ""}},
            "its types is .f8., expected .f16. or .int8., in reduction",
        ),
        ({"classes": 256 * [{"name": "road", "colour": [1, 2, 3]}]}, "256 classes, expected at most 255"),
        ({"frames": ["current", "previous"]}, "frames are current, previous"),
        ({"task": "segmentation"}, "task is 'segmentation'"),
        ({"format_version": 3, "scale_sigma": 0.0}, "scale sigma is 0.0, expected a positive number"),
        ({"format_version": 3, "metric": False, "scale_sigma": 0.1}, "of a metric model alone"),
        ({"format_version": 4, "bfloat16_loss": -0.1}, "loss in bfloat16 is -0.1, expected a number of at least 0"),
        ({"format_version": 4, "bfloat16_loss": float("nan")}, "bfloat16_loss is nan, expected a number"),
        ({"format_version": 3, "motion_noise": {}}, "depth model with motion noise"),
        ({"format_version": 5, "centred": True}, "depth model with a principal point in the middle"),
        ({"format_version": 3, "motion_noise": {"along": -0.1}}, "motion noise along is -0.1, expected"),
        ({"format_version": 3, "motion_noise": {"sideways": 0.1}}, "incomplete .*sideways"),
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


TEXTS = st.sampled_from(
    ["", "depth", "pose", "name", "colour", "rgb", "\0", "ä\n", "9" * 30, "{}", "[1", "null", "NaN"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=9,
)


@given(st.dictionaries(st.sampled_from([*sorted(entries(PLAIN)), "classes", "extras", "reduction", "x"]), VALUES))
def test_whatever_a_description_says_it_is_read_or_refused(changes: dict[str, Any]) -> None:
    with contextlib.suppress(ModelFileError):
        ModelDescription.from_json(json.dumps(entries(PLAIN) | changes))


@given(TEXTS | VALUES.map(json.dumps))
def test_whatever_stands_in_place_of_a_description_it_is_refused(text: str) -> None:
    with pytest.raises(ModelFileError):
        ModelDescription.from_json(text)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(ModelFileError, match="not JSON"):
        ModelDescription.from_json("[" * 100_000)


def outside(tensor: onnx.TensorProto, place: str) -> None:
    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)


@pytest.mark.parametrize("place", ["weights.bin", "../weights.bin", "/etc/hostname", "link"])
@pytest.mark.parametrize("where", ["initializer", "constant", "branch"])
def test_weights_outside_of_the_file_are_refused(tmp_path: Path, where: str, place: str) -> None:
    path = tmp_path / "depth.onnx"
    write_depth_model(path)
    model = onnx.load_model(path)
    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [1], [1.0])
    outside(tensor, place)
    if where == "initializer":
        model.graph.initializer.append(tensor)
    else:
        constant = onnx.helper.make_node("Constant", [], ["w"], value=tensor)
        branch = onnx.helper.make_graph([constant], "branch", [], [])
        chosen = onnx.helper.make_node("If", ["image"], ["w"], then_branch=branch, else_branch=branch)
        model.graph.node.append(constant if where == "constant" else chosen)
    path.write_bytes(model.SerializeToString())
    for read in (read_description, lambda file: read_part(file, "depth"), open_engine):
        with pytest.raises(ModelFileError, match=r"depth\.onnx: keeps its weights outside"):
            read(path)
