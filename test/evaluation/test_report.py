"""The report is complete, one file, and says what was measured."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from helpers.models import luma_depth
from helpers.recordings import picture

from depth_perception.evaluation.protocol import RECORDING
from depth_perception.evaluation.report import write_report

VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """Checks that elements are closed in order and gathers what a test asks about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[str] = []
        self.links: list[str] = []
        self.cells: list[str] = []
        self.headings: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img":
            self.images.append(values["src"] or "")
            assert values["alt"], "an image without a text"
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "action")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def decoded(source: str) -> np.ndarray:
    kind, data = re.fullmatch(r"data:image/(png|jpeg);base64,(.+)", source, re.DOTALL).groups()  # type: ignore[union-attr]
    assert kind in ("png", "jpeg")
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


@pytest.fixture
def written(evaluated, tmp_path):
    def run(**options):
        evaluation = evaluated(**options)
        json_path, html_path = write_report(evaluation, tmp_path / "out")
        return evaluation, json.loads(json_path.read_text()), html_path.read_text()

    return run


def test_the_page_is_one_valid_file_with_everything_in_it(written):
    _, _, html = written(frames=8)
    page = Page(html)
    assert page.open == []
    assert "http://" not in html
    assert "https://" not in html
    assert "<script" not in html
    assert page.links == page.images
    # four frames and the three worst with image, depth, truth and error; cloud; two plots
    assert len(page.images) == (4 + 3) * 4 + 1 + 2
    assert all(decoded(source).std() > 1 for source in page.images)
    assert page.headings == [
        "In words",
        "Frames",
        "The worst frames",
        "Point cloud",
        "Depth",
        "Trajectory",
        "Speed",
        "What ran",
        "Notes",
    ]


def test_the_figures_of_page_and_json_are_those_measured(written):
    evaluation, values, html = written(frames=8)
    cells = Page(html).cells
    assert f"{evaluation.depth.median_scaled.abs_rel:.3f}" in cells
    assert values["depth"]["median_scaled"]["abs_rel"] == evaluation.depth.median_scaled.abs_rel
    assert values["trajectory"]["alignments"]["scale"]["ate_rmse"] == evaluation.trajectory.metrics[1].ate_rmse
    assert values["recording"]["images"] == 8
    assert [frame["stamp"] for frame in values["frames"]] == [frame.stamp for frame in evaluation.frames]
    assert values["models"][0]["backend"].startswith("onnxruntime")
    assert set(values["timings"]) == {"decode", "depth", "odometry"}


def test_without_ground_truth_there_are_no_errors_on_the_page(written):
    _, values, html = written(frames=5, depth=None, static_transform=False)
    page = Page(html)
    assert values["depth"] is None
    assert "AbsRel" not in html
    assert len(page.images) == 4 * 2 + 1 + 2
    assert "no true depth" in html


def test_the_notes_say_what_was_counted(written, tmp_path):
    """Of truth to 100 m, the part up to 80 m."""
    evaluation, _, html = written(frames=3, metres_per_unit=2.0, depth="32FC1", encoding="png")
    truths = [2 * luma_depth(picture(index, 64, 32)) for index in range(3)]
    counted = [truth[truth < 80] for truth in truths]
    assert all(known.size < truth.size for known, truth in zip(counted, truths, strict=True))
    expected = np.mean([np.sqrt(np.mean((known / 2) ** 2)) for known in counted])  # the model answers half of it
    assert evaluation.depth.metric.rmse == pytest.approx(expected, rel=1e-3)
    assert "of true depths up to 80 m" in html
    assert "over segments of 100 to 800 m" in html
    closer = replace(evaluation, depth=replace(evaluation.depth, protocol=replace(RECORDING, maximum=30.0)))
    _, path = write_report(closer, tmp_path / "closer")
    assert "of true depths up to 30 m" in path.read_text()


def test_names_from_a_recording_cannot_break_the_page(written, tmp_path):
    evaluation, _, _ = written(frames=2)
    summary = evaluation.recording
    object.__setattr__(summary, "name", "<script>alert(1)</script>")
    _, path = write_report(evaluation, tmp_path / "other")
    assert "<script" not in path.read_text()


def test_a_report_that_cannot_be_written_leaves_the_old_one(written, tmp_path, monkeypatch):
    evaluation, _, html = written(frames=2)
    monkeypatch.setattr("depth_perception.files.os.replace", _refuse)
    with pytest.raises(OSError, match="disk"):
        write_report(evaluation, tmp_path / "out")
    assert (tmp_path / "out" / "report.html").read_text() == html
    names = sorted(item.name for item in (tmp_path / "out").iterdir())
    assert names == ["estimate.tum", "report.html", "report.json", "truth.tum"]


def _refuse(*_: object) -> None:
    raise OSError("the disk is full")


def test_trajectories_for_other_tools(written, tmp_path):
    evaluation, _, _ = written(frames=4)
    for name, poses in (("estimate", evaluation.trajectory.estimate), ("truth", evaluation.trajectory.truth)):
        lines = (tmp_path / "out" / f"{name}.tum").read_text().splitlines()
        assert [line.split()[0] for line in lines] == [
            f"17000000{index // 10:02d}.{index % 10}00000000" for index in range(4)
        ]
        values = np.array([line.split()[1:] for line in lines], float)
        np.testing.assert_allclose(values[:, :3], poses[:, :3, 3], atol=1e-6)
        np.testing.assert_allclose(values[:, 3:], np.tile([0, 0, 0, 1], (4, 1)), atol=1e-6)


def test_trajectories_of_an_earlier_report_do_not_stay(written, evaluated, tmp_path):
    written(frames=4)
    (tmp_path / "drive").rename(tmp_path / "before")
    write_report(evaluated(frames=4, odometry=False), tmp_path / "out")
    assert sorted(item.name for item in (tmp_path / "out").iterdir()) == ["report.html", "report.json"]
