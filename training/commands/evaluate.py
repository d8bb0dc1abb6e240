"""How good networks are on street drives they have never seen, or by a protocol of the literature.

``python -m training evaluate --depth MODEL --pose MODEL`` judges on street drives, where models run through the robot's
own estimators: a figure here is one the robot would have had; ``--protocol rooms`` does so in rooms. The other
protocols judge on a dataset, as papers do.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import cv2

from depth_perception.engines.engine import Engine
from depth_perception.evaluation.crops import Crop
from training.data.datasets.rooms import RoomsData, render_walks
from training.data.datasets.street import StreetData, median_depth, render_drives
from training.data.label_sets import LabelSetName
from training.errors import TrainingError
from training.evaluation.checkpoint_engine import open_network
from training.evaluation.datasets import dataset_frames, odometry_drives
from training.evaluation.depth import Draw, Report, evaluate_depth
from training.evaluation.frame import Frame
from training.evaluation.odometry import Drive, evaluate_pose
from training.evaluation.pictures import Pictures
from training.evaluation.predictors import Predictor, predictor
from training.evaluation.protocol import (
    DEPTH_PROTOCOLS,
    KITTI_EIGEN,
    DepthAxis,
    DepthProtocol,
    Mean,
    Resize,
    Scaling,
    rooms_protocol,
    street_protocol,
)
from training.evaluation.sections import Sections
from training.evaluation.semantics import evaluate_semantics, semantic_table
from training.evaluation.street import evaluate_on_street, street_drives, street_frames
from training.evaluation.synergy_pictures import SynergyPictures, synergy_networks
from training.evaluation.tables import depth_tables, pose_tables, scores, write_json

if TYPE_CHECKING:
    from training.rendering.cache import CachedDrive

ODOMETRY = "kitti_odometry"
STREET_PICTURES, DATASET_PICTURES = 3, 50
"""Of so many frames one is drawn."""


@dataclass(frozen=True)
class World:
    """A procedural world to judge on, without a dataset."""

    words: str
    data: Callable[..., StreetData | RoomsData]
    render: Callable[[Any], list[CachedDrive]]
    protocol: Callable[[str], DepthProtocol]
    frames: int
    """Of each drive."""
    step: int
    """Takes depth of every so-many-th of them."""
    label_set: LabelSetName


WORLDS = {
    "street": World("street drives", StreetData, render_drives, street_protocol, 200, 10, StreetData.label_set),
    "rooms": World("rooms", RoomsData, render_walks, rooms_protocol, 20, 2, RoomsData.label_set),
}
PROTOCOLS = (*WORLDS, *DEPTH_PROTOCOLS, ODOMETRY)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.depth, options.pose = options.depth or [], options.pose or []
    if not (options.depth or options.pose):
        parser.error("give --depth, --pose or both")
    if options.protocol not in WORLDS and options.data is None:
        parser.error(f"{options.protocol} is judged on a dataset: give --data, its folder")
    if options.protocol == ODOMETRY and options.depth:
        parser.error(f"{ODOMETRY} is a protocol of pose models: give --pose alone")
    if options.protocol in DEPTH_PROTOCOLS and options.pose:
        parser.error(f"{options.protocol} is a protocol of depth models, {ODOMETRY} is one of pose models")
    cv2.setNumThreads(1)
    if options.protocol in WORLDS:
        report = _in_world(options, WORLDS[options.protocol])
    elif options.protocol == ODOMETRY:
        report = _of_poses(options.pose, odometry_drives(options.data, options.sequences), "KITTI odometry")
    else:
        report = _on_dataset(options)
    if options.json:
        write_json(report, Path(options.json))
        print(f"written to {options.json}")


def _in_world(options: argparse.Namespace, world: World) -> Report:
    first, number = options.seeds
    if first < 1000:
        raise TrainingError(f"seed {first} is for training: evaluate on 1000 and above")
    data = partial(world.data, cache=options.cache) if options.cache else world.data
    step = options.step or world.step
    drives = world.render(data(seeds=tuple(options.seeds), frames=options.frames or world.frames))
    words = f"{world.words} of seeds {first} to {first + number - 1}"
    report: Report = {}
    if options.depth:
        training = world.render(data(seeds=tuple(options.baseline_seeds), frames=10))
        baseline = median_depth(training, step=3)
        protocol = _changed(world.protocol(words), options)
        engines = {model: open_network(model) for model in options.depth}
        predictors = _predictors(engines, protocol)
        sections = Sections(protocol)
        draw = _draw(options, protocol, STREET_PICTURES, sections, engines)
        reports = evaluate_on_street(predictors, drives, baseline, protocol, step, draw, world.label_set)
        for item in reports:
            print(f"depth: {item['model']}\n{scores(item)}")
        print(f"\n{depth_tables(reports)}")
        _write_sections(options, sections)
        report["depth"] = _one_or_all(reports)
        report |= _of_classes(engines, street_frames(drives, step, world.label_set), protocol)
    if options.pose:
        report |= _of_poses(options.pose, street_drives(drives, first), words)
    return report


def _on_dataset(options: argparse.Namespace) -> Report:
    protocol = _changed(DEPTH_PROTOCOLS[options.protocol], options)
    frames = partial(dataset_frames, protocol, options.data, options.split, options.improved, options.labels)
    engines = {model: open_network(model) for model in options.depth}
    sections = Sections(protocol)
    draw = _draw(options, protocol, DATASET_PICTURES, sections, engines)
    reports = evaluate_depth(_predictors(engines, protocol), frames(), protocol, draw)
    print(depth_tables(reports))
    _write_sections(options, sections)
    return {"depth": _one_or_all(reports)} | _of_classes(engines, frames(), protocol)


def _of_classes(engines: Mapping[str, Engine], frames: Iterable[Frame], protocol: DepthProtocol) -> Report:
    """Nothing if no network tells classes apart, or no frame has labels."""
    told = {model: engine for model, engine in engines.items() if engine.model.classes}
    reports = evaluate_semantics(told, frames, protocol) if told else []
    for model in sorted(set(told) - {report["model"] for report in reports}):
        print(f"{model}: no frame has labels of its classes, so that only its depth is judged")
    if not reports:
        return {}
    print(f"\n{semantic_table(reports)}")
    return {"semantics": _one_or_all(reports)}


def _of_poses(models: Sequence[str], drives: Mapping[str, Drive], words: str) -> Report:
    reports = []
    for model in models:
        reports.append(evaluate_pose(model, drives, words))
        print(f"pose: {model}\n{scores(reports[-1])}\n\n{pose_tables(reports[-1])}")
    return {"pose": _one_or_all(reports)}


def _predictors(engines: Mapping[str, Engine], protocol: DepthProtocol) -> dict[str, Predictor]:
    return {model: predictor(engine, protocol.view, protocol.resize) for model, engine in engines.items()}


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
        "mean": options.mean,
        "ranges": tuple(options.ranges) if options.ranges else None,
        "thresholds": tuple(options.thresholds) if options.thresholds else None,
    }
    return replace(protocol, **{name: value for name, value in changes.items() if value is not None})


def _one_or_all(reports: list[Report]) -> Report | list[Report]:
    """A model file takes the scores of one (``python -m training export --scores``)."""
    return reports[0] if len(reports) == 1 else reports


def _parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m training evaluate", description=__doc__.split("\n")[0])
    add = parser.add_argument
    models: dict[str, Any] = {"nargs": "+", "action": "extend", "metavar": "MODEL"}
    add("--depth", "--checkpoint", **models, help="depth models, .onnx or .ckpt; several are compared")
    add("--pose", **models, help="pose models")
    add("--protocol", choices=PROTOCOLS, default="street", help="default: street; it and rooms need no dataset")
    add("--json", help="file to write all figures to, for python -m training export --scores")
    add(
        "--pictures",
        type=Path,
        help="folder to write pictures to: depth, errors, edges; of a synergy network also what it looks at",
    )
    add("--sections", type=Path, help="folder to write the errors in each metre of true depth to, with plots")

    street = parser.add_argument_group("street drives and rooms").add_argument
    street("--seeds", type=int, nargs=2, default=(1000, 4), metavar=("FIRST", "NUMBER"))
    street("--frames", type=int, help="of each drive (default: 200, of each room 20)")
    street("--step", type=int, help="depth of every so-many-th frame (default: 10, in rooms 2)")
    street("--baseline-seeds", type=int, nargs=2, default=(0, 12), metavar=("FIRST", "NUMBER"), help="training drives")
    street("--cache", help="folder of rendered drives (default: cache/street, of rooms cache/rooms)")

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
    protocol("--mean", choices=get_args(Mean), help="over images, or over all pixels of all images together")
    protocol("--ranges", type=float, nargs="+", metavar="METRES", help="judges what is as near as each on its own too")
    protocol("--thresholds", type=float, nargs="+", metavar="METRES", help="of Tenengrad")
    return parser
