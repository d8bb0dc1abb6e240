"""The command line of the evaluation."""

import pytest

from training.commands.evaluate import main
from training.errors import TrainingError


def test_training_seeds_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="seed 5 is for training"):
        main(["--depth", str(tmp_path / "any.onnx"), "--seeds", "5", "2"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --depth, --pose or both"),
        (["--protocol", "kitti_eigen", "--depth", "x.onnx"], "the following arguments are required: --data, --split"),
        (["--protocol", "make3d", "--data", "x", "--depth", "x.onnx", "--seeds", "1000", "4"], "arguments: --seeds"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_once(capsys, words, message):
    with pytest.raises(SystemExit):
        main(words)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--protocol", "kitti_odometry", "--data", "x", "--depth", "x.onnx"], "give --pose alone"),
        (["--protocol", "make3d", "--data", "x", "--pose", "x.onnx"], "make3d is a protocol of depth models"),
        (["--protocol", "nyu", "--depth", "x.onnx"], "'nyu' is no benchmark: expected kitti_2015, kitti_eigen, .*, or"),
        (["--protocol", "helpers.castles.NONE", "--depth", "x.onnx"], r"helpers\.castles\.NONE: there is no such"),
        (["--resize", "depth", "--depth", "x.onnx"], "--resize is of datasets: street always interpolates disparity"),
    ],
)
def test_what_cannot_be_judged_is_said_in_a_line(words, message):
    with pytest.raises(TrainingError, match=message):
        main(words)


def test_every_benchmark_has_options_of_its_own(capsys):
    for name, option in (("street", "--seeds"), ("kitti_eigen", "--depth-axis"), ("kitti_odometry", "--sequences")):
        with pytest.raises(SystemExit):
            main(["--protocol", name, "--help"])
        shown = capsys.readouterr().out
        assert option in shown
        assert "nyu_harsanyi" in shown  # all are named
