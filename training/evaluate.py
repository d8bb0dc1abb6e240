"""How good networks are on street drives they have never seen, or by a protocol of the literature.

``python -m training evaluate --depth MODEL --pose MODEL`` judges on street drives, where models run through the robot's
own estimators: a figure here is one the robot would have had. ``--protocol`` judges on a dataset, as papers do.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import cv2

from depth_perception.evaluation.crops import Crop
from training.data.street import StreetData, median_depth, render_drives
from training.errors import TrainingError
from training.evaluation.checkpoint_engine import open_network
from training.evaluation.datasets import dataset_frames, odometry_drives
from training.evaluation.depth import Draw, Report, evaluate_depth
from training.evaluation.odometry import Drive, evaluate_pose
from training.evaluation.pictures import Pictures
from training.evaluation.predictors import Predictor, predictor
from training.evaluation.protocol import (
    DEPTH_PROTOCOLS,
    KITTI_EIGEN,
    DepthAxis,
    DepthProtocol,
    Resize,
    Scaling,
    street_protocol,
)
from training.evaluation.sections import Sections
from training.evaluation.street import evaluate_on_street, street_drives
from training.evaluation.tables import depth_tables, pose_tables, scores, write_json

STREET, ODOMETRY = "street", "kitti_odometry"
PROTOCOLS = (STREET, *DEPTH_PROTOCOLS, ODOMETRY)
STREET_PICTURES, DATASET_PICTURES = 3, 50
"""Of so many frames one is drawn."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.depth, options.pose = options.depth or [], options.pose or []
    if not (options.depth or options.pose):
        parser.error("give --depth, --pose or both")
    if options.protocol != STREET and options.data is None:
        parser.error(f"{options.protocol} is judged on a dataset: give --data, its folder")
    if options.protocol == ODOMETRY and options.depth:
        parser.error(f"{ODOMETRY} is a protocol of pose models: give --pose alone")
    if options.protocol in DEPTH_PROTOCOLS and options.pose:
        parser.error(f"{options.protocol} is a protocol of depth models, {ODOMETRY} is one of pose models")
    cv2.setNumThreads(1)
    if options.protocol == STREET:
        report = _on_street(options)
    elif options.protocol == ODOMETRY:
        report = _of_poses(options.pose, odometry_drives(options.data, options.sequences), "KITTI odometry")
    else:
        report = _on_dataset(options)
    if options.json:
        write_json(report, Path(options.json))
        print(f"written to {options.json}")


def _on_street(options: argparse.Namespace) -> Report:
    first, number = options.seeds
    if first < 1000:
        raise TrainingError(f"seed {first} is for training: evaluate on 1000 and above")
    street = partial(StreetData, cache=options.cache)
    drives = render_drives(street(seeds=tuple(options.seeds), frames=options.frames))
    words = f"street drives of seeds {first} to {first + number - 1}"
    report: Report = {}
    if options.depth:
        training = render_drives(street(seeds=tuple(options.baseline_seeds), frames=10))
        baseline = median_depth(training, step=3)
        protocol = _changed(street_protocol(words), options)
        predictors = _predictors(options.depth, protocol)
        sections = Sections(protocol)
        draw = _draw(options, protocol, STREET_PICTURES, sections)
        reports = evaluate_on_street(predictors, drives, baseline, protocol, options.step, draw)
        for item in reports:
            print(f"depth: {item['model']}\n{scores(item)}")
        print(f"\n{depth_tables(reports)}")
        _write_sections(options, sections)
        report["depth"] = _one_or_all(reports)
    if options.pose:
        report |= _of_poses(options.pose, street_drives(drives, first), words)
    return report


def _on_dataset(options: argparse.Namespace) -> Report:
    protocol = _changed(DEPTH_PROTOCOLS[options.protocol], options)
    frames = dataset_frames(protocol, options.data, options.split, options.improved, options.labels)
    sections = Sections(protocol)
    draw = _draw(options, protocol, DATASET_PICTURES, sections)
    reports = evaluate_depth(_predictors(options.depth, protocol), frames, protocol, draw)
    print(depth_tables(reports))
    _write_sections(options, sections)
    return {"depth": _one_or_all(reports)}


def _of_poses(models: Sequence[str], drives: Mapping[str, Drive], words: str) -> Report:
    reports = []
    for model in models:
        reports.append(evaluate_pose(model, drives, words))
        print(f"pose: {model}\n{scores(reports[-1])}\n\n{pose_tables(reports[-1])}")
    return {"pose": _one_or_all(reports)}


def _predictors(models: Sequence[str], protocol: DepthProtocol) -> dict[str, Predictor]:
    return {model: predictor(open_network(model), protocol.view, protocol.resize) for model in models}


def _draw(options: argparse.Namespace, protocol: DepthProtocol, step: int, sections: Sections) -> Draw:
    wanted: list[Draw] = []
    if options.pictures:
        wanted.append(Pictures(options.pictures, step, protocol.maximum))
    if options.sections:
        wanted.append(sections)

    def draw(*frame: Any) -> None:
        for item in wanted:
            item(*frame)

    return draw


def _write_sections(options: argparse.Namespace, sections: Sections) -> None:
    if options.sections:
        sections.write(options.sections)
        print(f"\n{sections.table()}\nwritten to {options.sections}")


def _changed(protocol: DepthProtocol, options: argparse.Namespace) -> DepthProtocol:
    """The protocol with what the command line says otherwise."""
    if options.depth_axis and protocol.name != KITTI_EIGEN.name:
        raise TrainingError(f"--depth-axis is of {KITTI_EIGEN.name}: the truth of {protocol.name} has but one")
    if options.resize and protocol.view == "robot":
        raise TrainingError(f"--resize is of datasets: {protocol.name} always interpolates {protocol.resize}")
    changes = {
        "crop": options.crop,
        "scaling": options.scaling,
        "depth_axis": options.depth_axis,
        "resize": options.resize,
        "thresholds": tuple(options.thresholds) if options.thresholds else None,
    }
    return replace(protocol, **{name: value for name, value in changes.items() if value is not None})


def _one_or_all(reports: list[Report]) -> Report | list[Report]:
    """A model file takes the scores of one (``python -m training.export --scores``)."""
    return reports[0] if len(reports) == 1 else reports


def _parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m training evaluate", description=__doc__.split("\n")[0])
    add = parser.add_argument
    models: dict[str, Any] = {"nargs": "+", "action": "extend", "metavar": "MODEL"}
    add("--depth", "--checkpoint", **models, help="depth models, .onnx or .ckpt; several are compared")
    add("--pose", **models, help="pose models")
    add("--protocol", choices=PROTOCOLS, default=STREET, help="default: street, without a dataset")
    add("--json", help="file to write all figures to, for python -m training.export --scores")
    add("--pictures", type=Path, help="folder to write pictures to: depth, errors, edges")
    add("--sections", type=Path, help="folder to write the errors in each metre of true depth to, with plots")

    street = parser.add_argument_group("street drives").add_argument
    street("--seeds", type=int, nargs=2, default=(1000, 4), metavar=("FIRST", "NUMBER"))
    street("--frames", type=int, default=200, help="of each drive")
    street("--step", type=int, default=10, help="depth of every so-many-th frame")
    street("--baseline-seeds", type=int, nargs=2, default=(0, 12), metavar=("FIRST", "NUMBER"), help="training drives")
    street("--cache", default="cache/street", help="folder of rendered drives")

    dataset = parser.add_argument_group("datasets").add_argument
    dataset("--data", help="folder of the dataset")
    dataset("--split", help="list of KITTI raw's frames: Eigen's test_files.txt")
    dataset("--improved", help="folder of KITTI's annotated depth maps, for kitti_improved")
    dataset("--labels", type=Path, help="folder of NAME.png, Cityscapes train ids of each frame")
    dataset("--sequences", nargs="+", default=["09", "10"], help="of kitti_odometry")

    protocol = parser.add_argument_group("changes of the protocol, which the result names").add_argument
    protocol("--crop", choices=get_args(Crop))
    protocol("--scaling", choices=get_args(Scaling), help="none: metres as they come")
    protocol("--depth-axis", choices=get_args(DepthAxis), help="of kitti_eigen: lidar, as published, or optical")
    protocol("--resize", choices=get_args(Resize), help="what is interpolated to the truth's size")
    protocol("--thresholds", type=float, nargs="+", metavar="METRES", help="of Tenengrad")
    return parser
