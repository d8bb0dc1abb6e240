"""Files of calibrations that are none. Those that are: ``cli/test_predict.py`` and ``training/data/datasets``."""

from __future__ import annotations

import pytest

from depth_perception.calibration_file import read_calibration
from depth_perception.geometry.camera import GeometryError

MATRIX = "image_height: 2\ncamera_matrix: {data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("image_width: .inf\n" + MATRIX, "OverflowError"),
        ("image_width: .nan\n" + MATRIX, "ValueError"),
        ("[" * 5000, "RecursionError"),
        ("nothing", "TypeError"),
        (MATRIX, "no 'image_width'"),
    ],
    ids=["infinite", "not a number", "brackets", "words", "no width"],
)
def test_a_file_that_is_no_calibration_is_one_line(tmp_path, text, reason):
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    with pytest.raises(GeometryError) as caught:
        read_calibration(path)
    assert str(caught.value).startswith(
        f"{path}: is no calibration as camera_calibration writes it ({reason}), expected"
    )
    assert "\n" not in str(caught.value)
