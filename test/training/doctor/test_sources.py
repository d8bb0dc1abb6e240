"""Faults planted in folders, videos and configurations, each found by its name; and nothing found in what is sound."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from depth_perception.doctor.finding import Check, is_healthy
from depth_perception.geometry.camera import Camera
from depth_perception.recordings.recording import Recording
from training.commands.doctor import main
from training.data.datasets.folder import FolderData
from training.data.datasets.video import VideoData
from training.doctor.sources import examine_source
from training.errors import TrainingError

ROOT = Path(__file__).resolve().parents[3]
SMOKE = ROOT / "config/training/dual_networks/smoke.yaml"
Pictures = list[np.ndarray]


@pytest.fixture(scope="module")
def sample() -> tuple[Pictures, Camera]:
    """The first seconds of the recording that comes along."""
    with Recording.open(str(ROOT / "recordings/street")) as recording:
        images = [image.decode() for _, image in zip(range(24), recording.images(), strict=False)]
        return images, recording.camera


def folder_of(pictures: Pictures, path: Path) -> str:
    path.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(path / f"{number:04d}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 97])
    return str(path)


def video_of(pictures: Pictures, path: Path, rate: float = 10.0) -> str:
    height, width = pictures[0].shape[:2]
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    for picture in pictures:
        video.write(np.ascontiguousarray(picture[..., ::-1]))
    video.release()
    return str(path)


def found(checks: list[Check]) -> set[str]:
    return {check.name for check in checks if any(finding.severity != "note" for finding in check.findings)}


def test_a_sound_folder_and_a_sound_video_have_nothing(sample, tmp_path):
    pictures, camera = sample
    folder = examine_source(FolderData(folder_of(pictures, tmp_path / "frames"), camera=camera))
    video = examine_source(VideoData(video_of(pictures, tmp_path / "drive.avi"), camera))
    for checks in (folder, video):
        assert is_healthy(checks)
        assert {"static", "fast", "exposure", "calibration"} <= {check.name for check in checks}
        assert [finding.what for check in checks for finding in check.findings] == [
            "there are 24 frames: enough to try things out, not to learn much"
        ]


FAULTS: dict[str, Callable[[Pictures], Pictures]] = {
    "static": lambda pictures: [np.clip(pictures[0].astype(int) + k % 2, 0, 255).astype(np.uint8) for k in range(24)],
    "repeated": lambda pictures: [pictures[k // 2] for k in range(24)],
    "fast": lambda pictures: [np.roll(picture, 130 * k, axis=1) for k, picture in enumerate(pictures)],
    "exposure": lambda pictures: [
        cv2.convertScaleAbs(picture, alpha=0.6 if k % 2 else 1.0) for k, picture in enumerate(pictures)
    ],
    "upside_down": lambda pictures: [np.ascontiguousarray(picture[::-1, ::-1]) for picture in pictures],
    "image_size": lambda pictures: [cv2.resize(picture, None, fx=0.5, fy=0.5) for picture in pictures],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_its_name(sample, tmp_path, fault):
    pictures, camera = sample
    path = folder_of(FAULTS[fault](pictures), tmp_path / "frames")
    assert fault in found(examine_source(FolderData(path, camera=camera)))


def test_the_step_of_a_snippet_is_what_counts(sample, tmp_path):
    """A slow drive, of which every fifth frame is learnt from; frames that differ as they should, and too far apart."""
    pictures, camera = sample
    slow = FolderData(folder_of([pictures[k // 5] for k in range(24)], tmp_path / "slow"), camera=camera)
    assert {"static", "repeated"} & found(examine_source(slow))
    assert found(examine_source(replace(slow, stride=5))) == set()


def test_a_calibration_that_is_missing_or_impossible(sample, tmp_path):
    pictures, camera = sample
    path = folder_of(pictures, tmp_path / "frames")
    assert found(examine_source(FolderData(path))) == {"calibration"}
    assert found(examine_source(FolderData(path, calibration=str(tmp_path / "nope.yaml")))) == {"calibration"}
    wide = Camera(camera.width, camera.height, 20.0, 20.0, camera.cx, camera.cy)
    assert found(examine_source(FolderData(path, camera=wide))) == {"calibration"}


def test_a_video_of_a_rate_that_motion_cannot_be_seen_at(sample, tmp_path):
    pictures, camera = sample
    path = video_of(pictures, tmp_path / "drive.avi", rate=2.0)
    assert found(examine_source(VideoData(path, camera))) == {"frame_rate"}


def test_what_is_no_video_and_what_is_gone(sample, tmp_path):
    _, camera = sample
    (tmp_path / "drive.mp4").write_bytes(b"no video at all" * 99)
    assert found(examine_source(VideoData(str(tmp_path / "drive.mp4"), camera))) == {"source"}
    assert found(examine_source(VideoData(str(tmp_path / "gone.mp4"), camera))) == {"path"}
    (tmp_path / "empty").mkdir()
    assert found(examine_source(FolderData(str(tmp_path / "empty"), camera=camera))) == {"source"}


def test_a_video_that_breaks_off(sample, tmp_path):
    pictures, camera = sample
    path = Path(video_of(pictures, tmp_path / "drive.avi"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    checks = examine_source(VideoData(str(path), camera))
    (broken,) = (finding for check in checks if check.name == "source" for finding in check.findings)
    said = re.search(r"breaks off after (\d+) of 24 frames", broken.what)
    assert said is not None
    assert 6 < (there := int(said[1])) < 18
    assert found(examine_source(VideoData(str(path), camera, last=there))) == set()


def test_a_configuration_is_examined_source_by_source(sample, tmp_path, capsys):
    pictures, camera = sample
    settings = yaml.safe_load(SMOKE.read_text())
    good, bad = folder_of(pictures, tmp_path / "good"), folder_of(FAULTS["fast"](pictures), tmp_path / "bad")
    kind = "training.data.datasets.folder.FolderData"
    of = {"camera": {name: value for name, value in camera.as_json().items()}}
    settings["data"] |= {"street": None, "sources": [{"class_path": kind, "init_args": {"path": good, **of}}]}
    settings["data"]["sources"].append({"class_path": kind, "init_args": {"path": bad, **of}})
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(SystemExit, match="1"):
        main([str(tmp_path / "mine.yaml"), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert [examined["healthy"] for examined in said.values()] == [True, False]
    assert bad in list(said)[1]


def test_the_recording_that_comes_along_is_healthy(capsys):
    main([str(ROOT / "recordings/street")])
    assert "ok" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone", None, "is not there; expected a configuration, a training, or a recording"),
        ("drive.mp4", "", "give its --calibration"),
        ("mine.yaml", "model: {}", "says nothing of data"),
        ("mine.yaml", "data: [", "is not YAML"),
        ("mine.yaml", "data: {widht: 3}", "widht"),
    ],
)
def test_what_cannot_be_examined_is_one_line(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(TrainingError, match=reason) as told:
        main([str(tmp_path / name)])
    assert "\n" not in str(told.value)
