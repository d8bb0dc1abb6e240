"""Progress for people and for log files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from depth_perception.progress import ProgressBar, shown


def test_a_log_file_gets_a_line_at_the_start_and_one_at_the_end(capsys):
    with ProgressBar("playing", "images") as progress:
        for done in range(1, 101):
            progress(done, 100)
    text = capsys.readouterr().err
    assert "\r" not in text
    start, end = text.splitlines()
    assert start.startswith("playing: 0 images")
    assert "100/100" in end
    assert "images/s" in end


def test_a_terminal_sees_it_grow_on_one_line(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ProgressBar("playing", "images") as progress:
        progress(25, 100)
        progress(100, 100)
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    parts = text.split("\r")[1:]
    assert "0 images" in parts[0]
    assert "100/100" in parts[-1]
    assert parts[0].count("█") < parts[-1].count("█")


def test_what_was_done_before_an_error_is_said(capsys):
    def two() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("the third")

    with pytest.raises(ValueError, match="the third"):
        list(shown(two(), 3, "drawing", "frames"))
    assert "2/3" in capsys.readouterr().err.splitlines()[-1]
