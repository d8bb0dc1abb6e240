"""``python -m training doctor PATH ...``: looks for the known causes of trainings that learn nothing.

A PATH is a configuration (its sources are examined), the folder of a training (its curves, its newest checkpoint, its
sources), or what a training could learn from: a rosbag2, a video, or a folder of pictures, the latter two with their
--calibration. The exit status is 0 if there is nothing but notes, else 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from depth_perception.doctor.finding import Check, Finding, as_json, examined, is_healthy
from depth_perception.doctor.shown import shown
from depth_perception.recordings.folder import is_recording
from training.commands.fit import TrainingParser
from training.data.calibration_file import read_camera
from training.data.datasets.bag import BagData
from training.data.datasets.folder import FolderData
from training.data.datasets.video import VideoData
from training.data.image_files import SUFFIXES
from training.data.module import DrivingData
from training.doctor.run import OF_RUN, Run
from training.doctor.sources import examine_source
from training.errors import TrainingError


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(
        prog="python -m training doctor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("paths", nargs="+", metavar="PATH", help="a configuration, a training, or a recording")
    command.add_argument("--calibration", metavar="FILE", help="of a video or a folder of pictures")
    command.add_argument("--stride", type=int, default=1, help="frames from one to the next (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON: all checks with their findings")
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = parser().parse_args(arguments)
    examinations = {title: checks for path in options.paths for title, checks in examine(Path(path), options)}
    if options.json:
        print(json.dumps({title: as_json(checks) for title, checks in examinations.items()}, indent=2))
    else:
        print("\n\n".join(f"{title}\n{shown(checks)}" for title, checks in examinations.items()))
    if not all(map(is_healthy, examinations.values())):
        sys.exit(1)


def examine(path: Path, options: argparse.Namespace) -> Iterator[tuple[str, list[Check]]]:
    """What was examined, with all its checks.

    Raises: `TrainingError` for a path that is nothing to be examined.
    """
    if path.suffix in (".yaml", ".yml") and path.is_file():
        yield from _of_configuration(str(path), _read(path))
    elif path.is_dir() and not is_recording(path) and not _holds_images(path):
        run = Run.read(path)
        yield str(path), examined(run, OF_RUN)
        try:
            yield from _of_configuration(str(path), run.settings)
        except TrainingError as error:
            yield f"{path}: its data", examined(str(error), (configuration,))
    else:
        yield str(path), examine_source(_recording(path, options))


def configuration(trouble: str) -> Iterator[Finding]:
    """A configuration that is missing, or not known here."""
    yield Finding("warning", trouble, "look at it with the version that has trained, and where its data lie")


def _recording(path: Path, options: argparse.Namespace) -> BagData | FolderData | VideoData:
    if not path.exists():
        raise TrainingError(f"{path}: is not there; expected a configuration, a training, or a recording")
    if path.is_dir() and not is_recording(path):
        return FolderData(str(path), calibration=options.calibration, stride=options.stride)
    if is_recording(path):
        return BagData(str(path), stride=options.stride)
    if options.calibration is None:
        raise TrainingError(f"{path}: if it is a video, give its --calibration, as camera_calibration writes it")
    return VideoData(str(path), read_camera(options.calibration), stride=options.stride)


def _holds_images(path: Path) -> bool:
    return any(item.suffix.lower() in SUFFIXES for item in path.iterdir())


def _read(path: Path) -> Mapping[str, Any]:
    try:
        settings = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: is not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(settings, Mapping) or "data" not in settings:
        raise TrainingError(f"{path}: says nothing of data, expected a configuration of python -m training fit")
    return settings


def _of_configuration(title: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, list[Check]]]:
    """Of each source of a configuration that is read from somewhere; what is rendered is never amiss."""
    command = TrainingParser()
    command.add_class_arguments(DrivingData, "data")
    try:
        data: DrivingData = command.instantiate(command.parse_object({"data": settings.get("data")})).data
    except TrainingError as error:
        raise TrainingError(f"{title}: {error}") from None
    for source in [*data.training, *([] if data.validation is None else [data.validation])]:
        if where := getattr(source, "path", None):
            yield f"{title}: {where}", examine_source(source)
