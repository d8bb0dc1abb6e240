"""How good networks are on a benchmark: street drives they have never seen, or a dataset, as papers judge.

``python -m training evaluate --depth MODEL --pose MODEL`` judges on street drives, where models run through the robot's
own estimators: a figure here is one the robot would have had. ``--protocol`` names another benchmark, which has options
of its own: ``python -m training evaluate --protocol kitti_eigen --help``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import cv2

from depth_perception.engines.engine import Engine
from depth_perception.evaluation.crops import Crop
from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import DepthProtocol, Mean, Scaling
from depth_perception.files import require_writable
from depth_perception.model_file import Score
from training.errors import TrainingError
from training.evaluation.benchmark import Benchmark, benchmark, benchmarks
from training.evaluation.checkpoint_engine import open_network
from training.evaluation.depth import Draw, evaluate_depth
from training.evaluation.figures import Report, score_lines
from training.evaluation.odometry import Drive, evaluate_pose
from training.evaluation.pictures import Pictures
from training.evaluation.predictors import predictor
from training.evaluation.sections import Sections
from training.evaluation.semantics import evaluate_semantics, semantic_table
from training.evaluation.synergy_pictures import SynergyPictures, synergy_networks
from training.evaluation.tables import depth_tables, pose_tables, write_json


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("--protocol", default="street")
    judged = benchmark(chosen.parse_known_args(arguments)[0].protocol)
    command = parser(judged)
    options = command.parse_args(arguments)
    if not (options.depth or options.pose):
        command.error("give --depth, --pose or both")
    for folder in filter(None, (options.pictures, options.sections, options.json and Path(options.json).parent)):
        require_writable(folder)
    cv2.setNumThreads(1)
    protocol = judged.protocol_for(options)
    drives = judged.drives(options) if options.pose else {}
    report: Report = {}
    if options.depth:
        report |= _of_depth(judged, _changed(protocol, options), options)
    if options.pose:
        report |= _of_poses(options.pose, drives, protocol.truth)
    if options.json:
        write_json(report, Path(options.json))
        print(f"written to {options.json}")


def _of_depth(judged: Benchmark, protocol: DepthProtocol, options: argparse.Namespace) -> Report:
    frames = partial(judged.frames, options, protocol)
    first = frames()  # what is missing is said before anything runs
    engines = {model: open_network(model) for model in options.depth}
    predictors = {model: predictor(engine, protocol.view, protocol.resize) for model, engine in engines.items()}
    sections = Sections(protocol)
    draw = _draw(options, protocol, judged.picture_step, sections, engines)
    relative = {name for name, engine in engines.items() if not engine.model.metric}
    reports = evaluate_depth(predictors, first, protocol, draw, judged.baselines(options), judged.extras, relative)
    reports = [replace(report, scores=judged.scores(report, options)) for report in reports]
    for report in reports:
        print(f"depth: {report.model}\n{score_lines(report.scores)}")
    print(f"\n{depth_tables(reports)}")
    if options.sections:
        sections.write(options.sections)
        print(f"\n{sections.table()}\nwritten to {options.sections}")
    return {"depth": _one_or_all([report.to_json() for report in reports])} | _of_classes(engines, frames, protocol)


def _of_classes(
    engines: Mapping[str, Engine], frames: Callable[[], Iterator[Frame]], protocol: DepthProtocol
) -> Report:
    """Nothing if no network tells classes apart, or no frame has labels."""
    told = {model: engine for model, engine in engines.items() if engine.model.classes}
    reports = evaluate_semantics(told, frames(), protocol) if told else []
    for model in sorted(set(told) - {report["model"] for report in reports}):
        print(f"{model}: no frame has labels of its classes, so that only its depth is judged")
    if not reports:
        return {}
    print(f"\n{semantic_table(reports)}")
    return {"semantics": _one_or_all(reports)}


def _of_poses(models: Sequence[str], drives: Mapping[str, Drive], words: str) -> Report:
    reports = []
    for model in models:
        report = evaluate_pose(model, drives, words)
        scores = score_lines(Score(**score) for score in report["scores"])
        print(f"pose: {model}\n{scores}\n\n{pose_tables(report)}")
        reports.append(report)
    return {"pose": _one_or_all(reports)}


def _draw(
    options: argparse.Namespace,
    protocol: DepthProtocol,
    step: int,
    sections: Sections,
    engines: Mapping[str, Engine],
) -> Draw:
    wanted: list[Draw] = []
    if options.pictures:
        wanted.append(Pictures(options.pictures, step, protocol.maximum))
        if networks := synergy_networks(engines):
            wanted.append(SynergyPictures(options.pictures, step, protocol.maximum, networks))
    if options.sections:
        wanted.append(sections)

    def draw(*frame: Any) -> None:
        for item in wanted:
            item(*frame)

    return draw


def _changed(protocol: DepthProtocol, options: argparse.Namespace) -> DepthProtocol:
    """The protocol with what the command line says otherwise."""
    if options.resize and protocol.view == "robot":
        raise TrainingError(f"--resize is of datasets: {protocol.name} always interpolates {protocol.resize}")
    changes = {
        "crop": options.crop,
        "scaling": options.scaling,
        "resize": options.resize,
        "mean": options.mean,
        "ranges": tuple(options.ranges) if options.ranges else None,
        "thresholds": tuple(options.thresholds) if options.thresholds else None,
    }
    return replace(protocol, **{name: value for name, value in changes.items() if value is not None})


def _one_or_all(reports: list[Report]) -> Report | list[Report]:
    """A model file takes the scores of one (``python -m training export --scores``)."""
    return reports[0] if len(reports) == 1 else reports


def parser(judged: Benchmark) -> argparse.ArgumentParser:
    """The parser of the command with the options of a benchmark."""
    assert __doc__ is not None
    names = f"benchmarks: {', '.join(sorted(benchmarks()))}, or the import path of one of yours"
    command = argparse.ArgumentParser("python -m training evaluate", description=__doc__.split("\n")[0], epilog=names)
    add = command.add_argument
    models: dict[str, Any] = {"nargs": "+", "action": "extend", "metavar": "MODEL", "default": []}
    add(
        "--depth",
        "--checkpoint",
        **models,
        help="depth models: .onnx, .ckpt, or folders of trainings; several are compared",
    )
    add("--pose", **models, help="pose models")
    add("--protocol", metavar="BENCHMARK", help="default: street; it and rooms need no dataset")
    add("--json", help="file to write all figures to, for python -m training export --scores")
    add(
        "--pictures",
        type=Path,
        help="folder to write pictures to: depth, errors, edges; of a synergy network also what it looks at",
    )
    add("--sections", type=Path, help="folder to write the errors in each metre of true depth to, with plots")
    judged.add_options(command.add_argument_group(judged.protocol.name).add_argument)

    protocol = command.add_argument_group("changes of the protocol, which the result names").add_argument
    protocol("--crop", choices=get_args(Crop))
    protocol("--scaling", choices=get_args(Scaling), help="none: metres as they come")
    protocol("--resize", choices=("depth", "disparity", "nearest"), help="what is interpolated to the truth's size")
    protocol("--mean", choices=get_args(Mean), help="over images, or over all pixels of all images together")
    protocol("--ranges", type=float, nargs="+", metavar="METRES", help="judges what is as near as each on its own too")
    protocol("--thresholds", type=float, nargs="+", metavar="METRES", help="of Tenengrad")
    return command
