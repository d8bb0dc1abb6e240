"""The command as a user starts it: instant help, one line for a known error, a traceback for a bug."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.graph import DEADLINE
from helpers.models import write_depth_model, write_pose_model
from helpers.recordings import write_recording

from depth_perception import __version__
from depth_perception.cli.main import main, parser
from depth_perception.engines.settings import EngineSettings
from depth_perception.estimators.settings import DepthSettings, OdometrySettings
from depth_perception.model_file import SemanticClass

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "depth_perception.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=DEADLINE,
    )


@pytest.mark.parametrize("place", ["/proc/here", "drive/metadata.yaml/below"])
def test_an_output_that_cannot_be_written_is_said_before_the_work(tmp_path, capsys, place):
    write_recording(tmp_path / "drive", frames=2)
    assert main(["evaluate", "--bag", str(tmp_path / "drive"), "--output", str(tmp_path / place)]) == 1
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert "evaluating" not in said
    assert len(said.strip().splitlines()) == 1


def test_help_names_the_commands_and_imports_nothing_heavy():
    script = (
        "import sys; from depth_perception.cli.main import parser; text = parser().format_help();"
        "heavy = {'numpy', 'cv2', 'onnx', 'rclpy', 'rosbags', 'matplotlib', 'torch'} & set(sys.modules);"
        "assert not heavy, heavy; print(text)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    for name in ("inspect", "evaluate", "demo"):
        assert name in done.stdout


def test_help_says_of_each_setting_what_its_table_says():
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    for name, sub in commands.choices.items():
        assert "option_strings" not in sub.format_help(), name  # what argparse makes of "1 % at most"
    shown = "".join(commands.choices["evaluate"].format_help().split())
    for item in (*EngineSettings.table(), *DepthSettings.table(), *OdometrySettings.table()):
        assert "".join(item.description.split()) in shown, item.name


def test_version():
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, f"depth-perception {__version__}\n")


def test_no_command_is_a_usage_error():
    done = command()
    assert done.returncode == 2
    assert "usage: depth-perception" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--bag", "/nowhere"], "/nowhere: there is no such recording"),
        (
            ["demo", "--bag", "/nowhere", "--depth-model", "/none.onnx", "--pose-model", "/none.onnx"],
            "/none.onnx: there",
        ),
        (["inspect", "/none.onnx"], "/none.onnx: there is no such model file"),
        (["inspect", __file__], "is not an ONNX model"),
    ],
)
def test_a_known_error_is_one_line(arguments, message):
    done = command(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("depth-perception: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert done.stdout == ""


def test_a_bug_keeps_its_traceback(tmp_path, monkeypatch):
    def fail(path: str) -> None:
        raise ZeroDivisionError

    write_depth_model(tmp_path / "depth.onnx")
    monkeypatch.setattr("depth_perception.model_file.read_description", fail)
    with pytest.raises(ZeroDivisionError):
        main(["inspect", str(tmp_path / "depth.onnx")])


def test_a_model_of_the_other_task_is_refused(tmp_path, capsys):
    write_recording(tmp_path / "drive")
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    swapped = ["--depth-model", str(tmp_path / "pose.onnx"), "--pose-model", str(tmp_path / "depth.onnx")]
    assert main(["evaluate", "--bag", str(tmp_path / "drive"), *swapped]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "is a pose model, expected a depth model" in error


def test_inspect_as_table_and_as_json(tmp_path, capsys):
    write_depth_model(tmp_path / "depth.onnx", width=64, height=32)
    write_pose_model(tmp_path / "pose.onnx")
    assert main(["inspect", str(tmp_path / "depth.onnx")]) == 0
    text = capsys.readouterr().out
    assert "64 x 32 pixels" in text
    assert "luma_depth" in text
    assert main(["inspect", "--json", str(tmp_path / "depth.onnx"), str(tmp_path / "pose.onnx")]) == 0
    values = json.loads(capsys.readouterr().out)
    assert [item["task"] for item in values] == ["depth", "pose"]


def test_inspect_names_the_classes_and_all_outputs(tmp_path, capsys):
    classes = tuple(SemanticClass(f"thing{number}", (number, 0, 0)) for number in range(40))
    write_depth_model(tmp_path / "depth.onnx", classes=classes, extras=("confidence",))
    assert main(["inspect", str(tmp_path / "depth.onnx")]) == 0
    text = capsys.readouterr().out
    assert "depth, semantics, confidence" in text
    assert "40 classes" in text
    assert all(item.name in text for item in classes)
    assert max(map(len, text.splitlines())) < 130
    assert main(["inspect", "--json", str(tmp_path / "depth.onnx")]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["classes"][7] == {"name": "thing7", "colour": [7, 0, 0]}
    assert (values["extras"], values["format_version"]) == (["semantics", "confidence"], 2)


def test_evaluate_can_be_set_as_nodes_can(tmp_path, capsys):
    write_recording(tmp_path / "drive", encoding="png", frames=2, focal_length=60.0, rectified_focal_length=40.0)
    write_depth_model(tmp_path / "depth.onnx", metric=False)
    start = ["evaluate", "--bag", str(tmp_path / "drive"), "--depth-model", str(tmp_path / "depth.onnx")]
    start += [
        "--no-odometry",
        "--output",
        str(tmp_path / "out"),
        "--rectified-input",
        "always",
        "--scale-source",
        "constant",
    ]
    pose = ["--camera-pose", "0", "0", "2.5", "0", "0", "0"]
    assert main([*start, *pose, "--backend", "onnxruntime", "--threads", "1"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["depth"]["metric"]["abs_rel"] < 1e-3
    assert report["models"][0]["backend"].startswith("onnxruntime")
    assert main([*start, "--minimum-range", "500"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "minimum_range is 500.0 and maximum_range 200.0, expected the minimum below the maximum" in last


def test_evaluate_prints_its_tables_and_writes_the_report(tmp_path, capsys):
    write_recording(tmp_path / "drive", encoding="png", frames=5)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    models = ["--depth-model", str(tmp_path / "depth.onnx"), "--pose-model", str(tmp_path / "pose.onnx")]
    start = time.process_time()
    assert main(["evaluate", "--bag", str(tmp_path / "drive"), *models, "--output", str(tmp_path / "out")]) == 0
    assert time.process_time() - start < 30  # of this process, whatever else the machine does
    captured = capsys.readouterr()
    assert "AbsRel" in captured.out
    assert "ATE RMSE" in captured.out
    assert str(tmp_path / "out" / "report.html") in captured.out
    assert "5/5" in captured.err.splitlines()[-1]
    assert json.loads((tmp_path / "out" / "report.json").read_text())["kind"] == "replay"


@pytest.fixture
def without_odometry(tmp_path):
    """Evaluates without odometry, by a model that knows the depth."""
    write_depth_model(tmp_path / "depth.onnx")

    def evaluate(bag: Path, *options: str) -> int:
        start = ["evaluate", "--bag", str(bag), "--depth-model", str(tmp_path / "depth.onnx"), "--no-odometry"]
        return main([*start, "--output", str(tmp_path / "out"), *options])

    return evaluate


def test_a_condition_that_holds_fails_after_the_report_which_is_the_same_every_time(tmp_path, capsys, without_odometry):
    def report() -> str:
        values = json.loads((tmp_path / "out" / "report.json").read_text())
        del values["timings"]
        return json.dumps(values)

    write_recording(tmp_path / "drive", encoding="png", frames=3, odometry=False)
    assert without_odometry(tmp_path / "drive", "--fail-if", "abs_rel>0.01", "--fail-if", "a1 < 0.99") == 0
    first = report()
    assert without_odometry(tmp_path / "drive", "--fail-if", "abs_rel>=1e-9", "--fail-if", "t_err>5") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "drive: abs_rel>=1e-09: it is " in last
    assert "drive: t_err>5: the recording does not tell" in last
    assert report() == first
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("abs_rell>0.2", "'abs_rell' is not a figure of a report, did you mean abs_rel? There are: abs_rel, rmse, "),
        ("__import__('os')>1", "is no condition, expected a figure, one of < > <= >=, and a number"),
        ("abs_rel>0.2.1", "is no condition"),
        ("abs_rel", "is no condition"),
    ],
)
def test_a_condition_that_is_none_is_said_before_the_work(tmp_path, capsys, without_odometry, condition, said):
    assert without_odometry(tmp_path / "nowhere", "--fail-if", condition) == 1
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_a_folder_of_bags_has_a_report_each_and_one_table(tmp_path, capsys, without_odometry):
    (tmp_path / "all" / "broken").mkdir(parents=True)
    (tmp_path / "all" / "broken" / "metadata.yaml").write_text("nothing")
    for name, factor in (("near", 1.0), ("wrong", 1.25)):
        write_recording(
            tmp_path / "all" / name, encoding="png", frames=2, odometry=False, depth="32FC1", metres_per_unit=factor
        )
    assert without_odometry(tmp_path / "all", "--fail-if", "abs_rel_metric>0.1") == 1
    said = capsys.readouterr()
    (row,) = (line.split() for line in said.out.splitlines() if line.strip().startswith("abs_rel_metric"))
    assert row[1:4] == ["0.000", "*", "0.200"]
    assert "wrong: abs_rel_metric>0.1: it is 0.2" in said.err.splitlines()[-1]
    assert "broken: is not a rosbag2 folder" in said.err.splitlines()[-1]
    assert sorted(path.parent.name for path in (tmp_path / "out").rglob("report.html")) == ["near", "wrong"]

    before = tmp_path / "out" / "near" / "report.json"
    assert without_odometry(tmp_path / "all" / "wrong", "--compare", str(before)) == 0
    (row,) = (line.split() for line in capsys.readouterr().out.splitlines() if line.strip().startswith("scale "))
    assert row[1:4] == ["1.250", "1.000", "*"]
    assert without_odometry(tmp_path / "all" / "wrong", "--compare", str(tmp_path / "depth.onnx")) == 1
    assert "depth.onnx: cannot be read as a report" in capsys.readouterr().err
