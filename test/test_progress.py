"""Progress for people and for log files."""

from __future__ import annotations

from depth_perception.progress import ProgressBar


def test_a_log_file_gets_one_line(capsys):
    with ProgressBar("playing", "images") as progress:
        for done in range(1, 101):
            progress(done, 100)
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "\r" not in text
    assert "playing" in text
    assert "100/100 images" in text


def test_a_terminal_sees_it_grow_on_one_line(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ProgressBar("playing", "images") as progress:
        progress(25, 100)
        progress(100, 100)
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    parts = text.split("\r")[1:]
    assert "25/100" in parts[0]
    assert parts[0].count("█") < parts[1].count("█") == 30
