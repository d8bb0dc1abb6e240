"""``python -m training street`` as a user runs it."""

from __future__ import annotations

import cv2

SIZE = ["--size", "104", "32", "--focal", "60", "60", "--centre", "51.5", "14.5"]


def test_sheets_show_picture_depth_and_classes(run, street_renderer, tmp_path):
    done = run("street", "render", str(tmp_path), "--seed", "2", "--frames", "3", "--every", "2", *SIZE)
    assert done.returncode == 0, done.stderr
    sheets = sorted(path.name for path in tmp_path.iterdir())
    assert sheets == ["highway-0002-0000.png", "highway-0002-0002.png"]
    sheet = cv2.imread(str(tmp_path / sheets[0]))
    assert sheet is not None
    assert sheet.shape == (96, 104, 3)


def test_contact_sheets_show_stills_and_their_depth(run, street_renderer, tmp_path):
    done = run("street", "stills", str(tmp_path), "--seeds", "30", "1", "--frames", "2", "--size", "64", "48")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{tmp_path}/stills-0030.png: ")
    sheet = cv2.imread(str(tmp_path / "stills-0030.png"))
    assert sheet is not None
    assert sheet.shape == (96, 6 * 64, 3)
    assert sheet[:, : 2 * 64].std() > 10.0
    assert not sheet[:, 2 * 64 :].any()


def test_the_benchmark_names_what_it_measured(run, street_renderer):
    done = run("street", "benchmark", "--frames", "3", *SIZE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("104x32, town 0: picture, depth and classes in ")


def test_a_mistake_is_one_line(run, tmp_path):
    for arguments in (["--seed", "-3"], ["--distortion", "1"], ["--centre", "999", "2"]):
        done = run("street", "record", str(tmp_path / "bag"), *SIZE, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stderr.startswith("error: ")
    assert list(tmp_path.iterdir()) == []
