"""The page of a report: one HTML file without a single link to elsewhere."""

from __future__ import annotations

import base64
from html import escape

import cv2

from depth_perception.evaluation import rows
from depth_perception.evaluation.pictures import (
    FAR,
    LARGEST_ERROR,
    NEAR,
    Rgb,
    cloud_picture,
    depth_picture,
    error_picture,
)
from depth_perception.evaluation.plots import depth_plot, trajectory_plot
from depth_perception.evaluation.result import Evaluation, Sample
from depth_perception.evaluation.trajectory_metrics import KITTI_LENGTHS
from depth_perception.evaluation.verdict import verdict
from depth_perception.version import __version__

_STYLE = """
:root { color-scheme: light; --ink: #1f2937; --soft: #6b7280; --line: #e5e7eb; --paper: #fff; --back: #f3f4f6;
        --mark: #e4572e; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
p { margin: 0 0 .75rem; } .scroll + p { margin-top: .75rem; } section p:last-child { margin-bottom: 0; }
.verdict p { font-size: 1.05rem; max-width: 62rem; }
.soft, figcaption, th { color: var(--soft); }
header p { color: var(--soft); }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem;
          margin-top: 1rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .75rem; margin-top: 1rem; }
.tile { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1rem; }
.tile b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .85rem; }
.frames { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); }
.frame + .frame { margin-top: 1.5rem; }
figure { margin: 0; }
figcaption { font-size: .85rem; margin-top: .15rem; }
img { display: block; width: 100%; height: auto; border-radius: 6px; }
.scroll { overflow-x: auto; }
.plot img { min-width: 560px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .7rem .4rem 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; font-size: .8rem; }
tr:last-child td { border-bottom: 0; }
table + table, .scroll + .scroll { margin-top: 1rem; }
.legend { display: flex; align-items: center; gap: .5rem; font-size: .8rem; color: var(--soft); margin: .25rem 0 .75rem;
          flex-wrap: wrap; }
.legend i { display: inline-block; width: 140px; height: 10px; border-radius: 3px; }
ul { margin: 0; padding-left: 1.2rem; } li + li { margin-top: .3rem; }
"""
_MAGMA = "linear-gradient(90deg,#fcfdbf,#fe9f6d,#de4968,#8c2981,#3b0f70)"
_TURBO = "linear-gradient(90deg,#30123b,#4145ab,#39a2fc,#1bd0d5,#62fc6b,#d2e935,#fe9b2d,#db3a07,#7a0403)"


def page(evaluation: Evaluation) -> str:
    """The whole HTML document."""
    name = evaluation.recording.name
    how = {
        "replay": "every frame through depth and odometry in one process, no ROS",
        "demo": "played as ROS 2 topics at its own rate into the real nodes",
    }[evaluation.kind]
    recording = evaluation.recording
    camera = recording.camera
    about = (
        f"{recording.images} images in {recording.seconds:.1f} s, {camera.width} x {camera.height} pixels,"
        f" focal length {camera.fx:.0f} px{', distorted lens' if camera.is_distorted else ''}; {how}."
    )
    sections = [
        _verdict(evaluation),
        _tiles(evaluation),
        _frames(evaluation, "Frames", evaluation.samples),
        _frames(evaluation, "The worst frames", evaluation.worst, rows.worst_rows(evaluation)),
        _cloud(evaluation),
        _section("Depth", _plot(depth_plot(evaluation)), rows.depth_rows(evaluation), rows.road_rows(evaluation)),
        _trajectory(evaluation),
        _section("Speed", "", rows.timing_rows(evaluation), rows.topic_rows(evaluation), rows.node_rows(evaluation)),
        _models(evaluation),
        _notes(evaluation),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)}: depth, odometry, point cloud</title>\n<style>{_STYLE}</style>\n</head>\n"
        "<body>\n<main>\n"
        f"<header><h1>Depth, odometry and point cloud of {escape(name)}</h1><p>{escape(about)}</p></header>\n"
        + "\n".join(section for section in sections if section)
        + f'\n<p class="soft" style="margin-top:1rem">depth_perception {__version__}</p>\n</main>\n</body>\n</html>\n'
    )


def _tiles(evaluation: Evaluation) -> str:
    tiles: list[tuple[str, str]] = []
    depth, road, trajectory = evaluation.depth, evaluation.road, evaluation.trajectory
    if depth is not None:
        tiles.append((f"{depth.median_scaled.abs_rel:.3f}", "AbsRel of depth, median-scaled"))
        if depth.metric is not None:
            tiles.append((f"{depth.metric.abs_rel:.3f}", "AbsRel of depth in metres, as it came"))
    if road is not None:
        tiles.append((f"{road.residual_median:.1%}", "of depth: how far the road is from a plane"))
    if trajectory is not None:
        for item in trajectory.metrics:
            if item.alignment == "scale":
                tiles.append((f"{item.ate_percent:.1f} %", f"ATE of {item.path_length:.0f} m, scale aligned"))
        if not trajectory.metrics:
            unit = "m" if trajectory.metric else "units"
            tiles.append((f"{trajectory.path_length:.0f} {unit}", "path, by odometry"))
    for topic in evaluation.topics:
        if topic.name.endswith("depth/image_rect") and topic.rate is not None:
            tiles.append((f"{topic.rate:.1f} Hz", "depth images published"))
    for timing in evaluation.timings[:1] if evaluation.kind == "demo" else evaluation.timings[1:2]:
        tiles.append(
            (f"{1e3 * timing.seconds.p50:.0f} ms", f"{timing.name}, median; {1e3 * timing.seconds.p95:.0f} ms p95")
        )
    return (
        '<div class="tiles">'
        + "".join(f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for value, name in tiles)
        + "</div>"
    )


def _verdict(evaluation: Evaluation) -> str:
    sentences = [item.text for item in verdict(evaluation)]
    for timing in evaluation.timings[1:2] if evaluation.kind == "replay" else ():
        took, count = 1e3 * timing.seconds.p50, timing.seconds.count
        between = 1e3 * evaluation.recording.seconds / max(1, evaluation.recording.images - 1)
        sentences.append(
            f"On this machine depth of an image took {took:.0f} ms (median of {count}); the camera has one every"
            f" {between:.0f} ms."
        )
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in sentences)
    return f'<section class="verdict"><h2>In words</h2>{paragraphs}</section>'


def _frames(evaluation: Evaluation, title: str, samples: tuple[Sample, ...], *tables: rows.Rows) -> str:
    if not samples:
        return ""
    has_truth = any(sample.truth is not None for sample in samples)
    unit = "m" if evaluation.depth_is_metric or has_truth else "units"
    legend = f'<div class="legend">depth {NEAR:g} {unit} <i style="background:{_MAGMA}"></i> {FAR:g} {unit}'
    if has_truth:
        legend += f' &nbsp; error 0 <i style="background:{_TURBO}"></i> {LARGEST_ERROR:.0%} and more'
    legend += " &nbsp; black: unknown, grey: beyond range</div>"
    scales = {frame.stamp: frame.median_scaled.scale for frame in evaluation.frames if frame.median_scaled}
    first = evaluation.frames[0].stamp
    body = "".join(_frame(sample, scales.get(sample.stamp), (sample.stamp - first) * 1e-9) for sample in samples)
    return f"<section><h2>{title}</h2>{''.join(map(_table, tables))}{legend}{body}</section>"


def _frame(sample: Sample, scale: float | None, seconds: float) -> str:
    pictures = [
        (sample.image, f"camera at {seconds:.1f} s, rectified and cropped as the network sees it"),
        (depth_picture(sample.depth, scale or 1.0), "estimated depth" + (", median-scaled" if scale else "")),
    ]
    if sample.truth is not None and scale is not None:
        pictures.append((depth_picture(sample.truth), "true depth"))
        pictures.append((error_picture(sample.truth, sample.depth, scale, FAR), "relative error"))
    figures = "".join(
        f"<figure>{_jpeg(picture, text)}<figcaption>{text}</figcaption></figure>" for picture, text in pictures
    )
    return f'<div class="frame frames">{figures}</div>'


def _cloud(evaluation: Evaluation) -> str:
    if evaluation.cloud is None or not evaluation.samples:
        return ""
    spacing = 1.0 / evaluation.samples[0].camera.fx
    picture = _jpeg(cloud_picture(evaluation.cloud, spacing=spacing), "point cloud")
    return (
        f"<section><h2>Point cloud</h2>{picture}<figcaption>One frame's coloured cloud, seen from behind and above the"
        " camera, up to 60 m; dark is what the camera did not see.</figcaption></section>"
    )


def _trajectory(evaluation: Evaluation) -> str:
    if evaluation.trajectory is None:
        return ""
    return _section("Trajectory", _plot(trajectory_plot(evaluation.trajectory)), rows.trajectory_rows(evaluation))


def _models(evaluation: Evaluation) -> str:
    trained = "".join(
        f'<p class="soft">{escape(model.name)} was trained on {escape("; ".join(model.trained_on))}.</p>'
        for model in evaluation.models
        if model.trained_on
    )
    return f"<section><h2>What ran</h2>{_table(rows.model_rows(evaluation))}{trained}</section>"


def _notes(evaluation: Evaluation) -> str:
    notes = list(evaluation.notes)
    if evaluation.depth is not None:
        notes.insert(
            0,
            f"Depth errors are means over images, of true depths up to {evaluation.depth.protocol.maximum:g} m."
            " Median-scaled: each depth map was first multiplied by median(truth) / median(prediction), which is the"
            " scale in the table.",
        )
    if evaluation.trajectory is not None and evaluation.trajectory.metrics:
        notes.insert(
            1,
            "ATE is the root mean square distance of positions after the alignment named; RPE is from one pose to the"
            f" next; t_err is KITTI's drift over segments of {KITTI_LENGTHS[0]:g} to {KITTI_LENGTHS[-1]:g} m.",
        )
    if not notes:
        return ""
    return "<section><h2>Notes</h2><ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul></section>"


def _section(title: str, picture: str, *tables: rows.Rows) -> str:
    body = picture + "".join(_table(table) for table in tables if table)
    return f"<section><h2>{title}</h2>{body}</section>" if body else ""


def _table(table: rows.Rows) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table[1:])
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _plot(png: bytes | None) -> str:
    return "" if png is None else f'<div class="scroll plot">{_image(png, "png", "plot")}</div>'


def _jpeg(picture: Rgb, text: str) -> str:
    data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    return _image(data.tobytes(), "jpeg", text)


def _image(data: bytes, kind: str, text: str) -> str:
    return f'<img alt="{escape(text)}" src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'
