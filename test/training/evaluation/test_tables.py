"""What is printed and written."""

import pytest

from depth_perception.files import OutputError
from training.evaluation.tables import short_names, write_json


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (["models/a.onnx"], ["a.onnx"]),
        (["models/a.onnx", "other/b.onnx"], ["a.onnx", "b.onnx"]),
        (["runs/lr/version_0/last.ckpt", "runs/hr/version_0/last.ckpt"], ["lr", "hr"]),
        (["runs/x/last.ckpt", "runs/x/hr/last.ckpt"], ["last.ckpt", "hr/last.ckpt"]),
        (["x.onnx", "x.onnx"], ["x.onnx", "x.onnx"]),
    ],
)
def test_names_are_as_short_as_they_can_be(models, expected):
    assert short_names(models) == expected


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/scores\.json: cannot be written"):
        write_json({}, tmp_path / "file" / "scores.json")
