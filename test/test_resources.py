"""Models are found by their names from anywhere, and where there is none it is said where it was looked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from depth_perception.cli.main import main
from depth_perception.resources import DEPTH_MODEL, ResourceError, model_path, share_path, shipped_models


@pytest.mark.parametrize("name", [DEPTH_MODEL, "dual_networks_light.onnx", "dual_networks_light"])
def test_a_model_that_comes_along_is_found_from_anywhere(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert model_path(name) == share_path(DEPTH_MODEL)


def test_a_file_that_is_here_counts_before_one_that_comes_along(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "posenet.onnx").write_bytes(b"mine")
    assert model_path("posenet.onnx") == Path("posenet.onnx")


@pytest.mark.parametrize("name", ["nope.onnx", "models/nope.onnx", "elsewhere/posenet.onnx"])
def test_a_model_that_is_nowhere(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ResourceError) as error:
        model_path(name)
    for part in (name, str(tmp_path), "dual_networks_light", "posenet"):
        assert part in str(error.value)


def test_inspect_shows_what_comes_along(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [item["name"] for item in said] == [path.stem for path in shipped_models()]
    assert main(["inspect", "posenet"]) == 0
    assert "motion noise" in capsys.readouterr().out
