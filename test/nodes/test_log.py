"""The log stays short, whatever comes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from depth_perception.errors import LONGEST
from depth_perception.nodes import log
from depth_perception.nodes.log import LimitedLog, log_warnings
from depth_perception.pixel_formats import PixelFormatError


class Lines(list[str]):
    """A logger that keeps what it is given."""

    error = warning = info = list.append


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(log.time, "monotonic", lambda: now[0])
    return now


def raised(number: int) -> Exception:
    try:
        if number % 2:
            raise PixelFormatError(f"jpeg is cut after {number} bytes")
        np.zeros(2).reshape(3, number)
    except Exception as error:
        return error
    raise AssertionError


def test_what_lasts_is_said_now_and_then_and_counted(clock: list[float]) -> None:
    lines = Lines()
    limited = LimitedLog(lines)
    for _ in range(320):  # ten seconds of 32 Hz
        limited.warning("cut", "jpeg is cut")
        clock[0] += 1 / 32
    limited.warning("cut", "jpeg is cut")
    assert lines == ["jpeg is cut", "jpeg is cut (319 more like it in 10 s)"]


def test_other_figures_are_no_other_kind(clock: list[float]) -> None:
    lines = Lines()
    limited = LimitedLog(lines)
    for number in range(320):
        limited.exception(raised(2 * number + 1))
        clock[0] += 1 / 32
    assert len(lines) == 10
    assert lines[0] == "jpeg is cut after 1 bytes"
    assert "(31 more like it in 1 s)" in lines[1]


def test_another_place_is_another_kind_and_a_bug_has_its_traceback(clock: list[float]) -> None:
    lines = Lines()
    limited = LimitedLog(lines)
    for number in (1, 2, 3, 4):
        limited.exception(raised(number), "depth/scale: ")
    known, bug = lines
    assert known == "depth/scale: jpeg is cut after 1 bytes"
    assert bug.startswith("depth/scale: ValueError: cannot reshape")
    assert "np.zeros(2).reshape(3, number)" in bug
    clock[0] += 20.0
    limited.exception(raised(6), "depth/scale: ")
    assert (
        lines[2] == "depth/scale: ValueError: cannot reshape array of size 2 into shape (3,6) (1 more like it in 20 s)"
    )


def test_after_a_new_start_all_is_said_again(clock: list[float]) -> None:
    lines = Lines()
    limited = LimitedLog(lines)
    assert limited.info("a", "once")
    assert not limited.info("a", "once")
    limited.forget()
    assert limited.info("a", "once")


@pytest.mark.parametrize("forged", ["\n[FATAL] brakes", "\r[FATAL]", "\x1b[2J", "\x00", "\u2028", "\ud800", "\t"])
def test_no_text_breaks_the_line(forged: str) -> None:
    lines = Lines()
    LimitedLog(lines).error("a", f"encoding '{forged}' is unknown: set another")
    (line,) = lines
    assert line.isprintable()
    assert line.endswith("is unknown: set another")


def test_a_long_text_is_cut_and_keeps_its_ends() -> None:
    lines = Lines()
    LimitedLog(lines).error("a", "encoding '" + "x" * 1_000_000 + "' is unknown: set another")
    (line,) = lines
    assert len(line) <= LONGEST
    assert line.startswith("encoding 'xxx")
    assert line.endswith("xxx' is unknown: set another")


def test_what_libraries_warn_of_is_a_line_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        log_warnings(LimitedLog(lines))
        for _ in range(3):
            np.divide(np.float32(1), np.float32(0))
    (line,) = lines
    assert "RuntimeWarning: divide by zero encountered" in line
    assert "test_log.py, line" in line
    assert capfd.readouterr().err == ""
