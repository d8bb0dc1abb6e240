"""The command line of the evaluation."""

import pytest

from training.commands.evaluate import _changed, _parser, main
from training.errors import TrainingError
from training.evaluation.protocol import street_protocol


def test_training_seeds_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="seed 5 is for training"):
        main(["--depth", str(tmp_path / "any.onnx"), "--seeds", "5", "2"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --depth, --pose or both"),
        (["--protocol", "kitti_eigen", "--depth", "x.onnx"], "give --data"),
        (["--protocol", "kitti_odometry", "--data", "x", "--depth", "x.onnx"], "give --pose alone"),
        (["--protocol", "make3d", "--data", "x", "--pose", "x.onnx"], "make3d is a protocol of depth models"),
        (["--protocol", "nyu", "--depth", "x.onnx"], "invalid choice: 'nyu'"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_once(capsys, words, message):
    with pytest.raises(SystemExit):
        main(words)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("name", "value"), [("--depth-axis", "lidar"), ("--resize", "depth")])
def test_a_change_that_would_change_nothing_is_refused(name, value):
    with pytest.raises(TrainingError, match=f"{name} is of"):
        _changed(street_protocol("somewhere"), _parser().parse_args([name, value]))
