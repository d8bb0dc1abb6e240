"""The export's command line."""


def test_what_is_wrong_is_said_in_one_line(run, tmp_path):
    checkpoint = tmp_path / "none.ckpt"
    words = ("export", "--checkpoint", checkpoint, "--task", "depth", "--output", tmp_path / "x.onnx", "--name", "x")
    result = run(*words)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1] == f"error: {checkpoint}: there is no such checkpoint"
    assert "Traceback" not in result.stderr
