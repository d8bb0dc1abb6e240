"""``python -m training finetune``: adapts the models that come along to a camera, from recordings of it.

Takes rosbag2 recordings, and videos with a calibration; no labels are needed, what truth there is is learnt from. Holds
back the end of each recording, trains LR-Net and then HR-Net on the rest, exports both models, and reports what they
were worth on what was held back, before and after. Cut short, the same command goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import yaml

from depth_perception.engines.free_view import best_view
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.evaluation.table import table
from depth_perception.files import require_writable, write_atomically
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.mount import check_mount
from depth_perception.geometry.pose import Array, camera_mount
from depth_perception.model_file import ModelDescription, read_description
from depth_perception.recordings.pictures import open_video
from depth_perception.recordings.recording import Recording
from depth_perception.resources import DEPTH_MODEL, POSE_MODEL, model_path
from training.checkpoint import newest_checkpoint
from training.data.calibration_file import read_camera
from training.data.datasets.bag import BagData
from training.data.datasets.video import VideoData
from training.data.followed import write_followed
from training.data.snippet import Truth
from training.errors import TrainingError
from training.evaluation.held_back import FIGURES, Judgement, judge
from training.exporting.export import export_checkpoint
from training.networks.correlation_pose_net import CorrelationPoseNet
from training.networks.dual_networks import REDUCTION
from training.stages import train_once

CONFIGURATIONS = Path(__file__).resolve().parents[2] / "config" / "training" / "dual_networks"
Stage = Literal["lr", "hr"]
STAGES: Mapping[Stage, Path] = {"lr": CONFIGURATIONS / "light_lr.yaml", "hr": CONFIGURATIONS / "light_hr.yaml"}
"""Configurations of the networks that come along."""

TOPICS = ("image_topic", "camera_info_topic", "depth_topic", "odometry_topic")
FEWEST = 12
"""Frames of a recording."""
DECIDE = ("abs_rel", "photometric")
"""Figures of `held_back` that say whether models became better, the first that is known; smaller is better."""
SMOKE_STEPS = 2
LEARNING_RATE = 3e-5
AUGMENTATION = {"flip": 0.5, "zoom": 1.2, "colour": 0.5, "blur": 0.1, "noise": 0.1, "jpeg": 0.1}


@dataclass(frozen=True)
class Source:
    """A recording that was looked at.

    Attributes:
        settings: of all of it.
        frames: that it has.
        camera: of the first of them.
        truth: that it has.
        learnt: of this, what is learnt from.
        body_from_camera: mount of the camera, where it is known.
        lengths: what measures those of the motions that are followed.
    """

    settings: BagData | VideoData
    frames: int
    camera: Camera
    truth: tuple[Truth, ...] = ()
    learnt: tuple[Truth, ...] = ()
    body_from_camera: Array | None = None
    lengths: OdometrySettings = OdometrySettings()

    def parts(self, held_back: float) -> tuple[BagData | VideoData, BagData | VideoData]:
        """What is trained on, and what is held back: its end."""
        cut = round(self.frames * (1 - held_back))
        held = replace(self.settings, first=cut, motion=-1.0)
        if isinstance(held, BagData):  # judged by what was not learnt from as well
            held = replace(held, truth=self.truth)
        return replace(self.settings, last=cut), held


def main(arguments: Sequence[str] | None = None, stages: Mapping[Stage, Path] = STAGES) -> None:
    """The command line."""
    options = parser().parse_args(arguments)
    depth_model, pose_model = model_path(options.depth_model), model_path(options.pose_model)
    described = read_description(depth_model, "depth")
    pose, expected = read_description(pose_model, "pose"), described.focal_length / REDUCTION
    if abs(pose.focal_length - expected) > 1e-3 * expected:
        raise TrainingError(
            f"{pose_model}: is of a focal length of {pose.focal_length:g} px, expected {expected:g} to go with"
            f" {depth_model}: take two that were trained together"
        )
    require_writable(options.output)
    sources = _sized(_sources(options), described)
    print("\n".join(_said(source, options.held_back) for source in sources))
    trained, held = [], []
    for source in sources:
        learnt, judged = source.parts(options.held_back)
        trained.append(_followed(replace(source, settings=learnt), depth_model, pose_model, options.output))
        held.append(judged)
    truth = {name for item in trained if isinstance(item, BagData) for name in item.truth}

    steps = SMOKE_STEPS if options.smoke else options.steps
    begin: dict[str, Any] = {"begin_with": str(depth_model), "pose_begins_with": str(pose_model)}
    checkpoint = depth_model
    for stage, count in (("lr", steps), ("hr", max(SMOKE_STEPS, steps // 4))):
        settings = _configured(stages[stage], stage, trained, truth, count, begin)  # type: ignore[index,arg-type]
        settings["model"]["init_args"]["focal_length"] = described.focal_length
        if pose.method == CorrelationPoseNet.method:
            settings["model"]["init_args"]["pose_network"] = _correlation_pose_net(pose.focal_length)
        text = yaml.safe_dump(settings)
        folder = options.output / f"{stage}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        write_atomically(options.output / f"{stage}.yaml", text.encode())
        train_once(stage, folder, ["--config", str(options.output / f"{stage}.yaml")])
        checkpoint = newest_checkpoint(folder)
        begin = {"begin_with": str(checkpoint), "pose_begins_with": None}

    after = {task: options.output / f"{options.name}_{task}.onnx" for task in ("depth", "pose")}
    any_view = described.free_view is not None
    export_checkpoint(checkpoint, "depth", after["depth"], f"{options.name} depth", any_view=any_view)
    export_checkpoint(checkpoint, "pose", after["pose"], f"{options.name} pose")
    _report(options.output, held, (depth_model, pose_model), (after["depth"], after["pose"]))


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(
        prog="python -m training finetune", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("--bag", action="append", default=[], metavar="PATH", help="a rosbag2 recording (repeatable)")
    command.add_argument("--video", action="append", default=[], metavar="FILE", help="a video (repeatable)")
    command.add_argument("--calibration", metavar="FILE", help="of the videos' camera, as camera_calibration writes it")
    command.add_argument(
        "--camera-pose",
        type=float,
        nargs=6,
        metavar="X",
        help="of the camera's body above the road: x, y, z in metres, roll, pitch, yaw in radians (pitch to a degree);"
        " lengths are then measured against the road, and depth learns metres from images alone",
    )
    for name in TOPICS:
        option = f"--{name.replace('_', '-')}"
        command.add_argument(option, metavar="TOPIC", help="of the recordings, where it is not plain")
    command.add_argument("--depth-model", default=DEPTH_MODEL, metavar="FILE", help="(default: %(default)s)")
    command.add_argument("--pose-model", default=POSE_MODEL, metavar="FILE", help="(default: %(default)s)")
    command.add_argument("--output", type=Path, default=Path("runs/finetune"), help="(default: %(default)s)")
    command.add_argument("--name", default="mine", help="what the models are called (default: %(default)s)")
    command.add_argument(
        "--steps", type=int, default=400, help="of LR-Net; HR-Net takes a fourth (default: %(default)s)"
    )
    command.add_argument("--stride", type=int, default=1, help="frames from one to the next (default: %(default)s)")
    command.add_argument(
        "--held-back", type=float, default=0.2, metavar="X", help="share of each recording (default: %(default)s)"
    )
    command.add_argument("--images-alone", action="store_true", help="learns from no truth, though there is some")
    command.add_argument("--smoke", action="store_true", help=f"tries it out: {SMOKE_STEPS} steps a stage")
    return command


def _sources(options: argparse.Namespace) -> list[Source]:
    """All recordings, looked at before anything is rendered or learnt.

    Raises: `DepthPerceptionError` for one that cannot be used.
    """
    if not options.bag and not options.video:
        raise TrainingError("nothing to learn from: give --bag or --video")
    if options.video and options.calibration is None:
        raise TrainingError(
            "a video does not say how it was taken: give --calibration, as camera_calibration writes it"
        )
    mount = _mount(options)
    if not 0.05 <= options.held_back <= 0.5:
        raise TrainingError(f"--held-back is {options.held_back:g}, expected a share from 0.05 to 0.5")
    found = [_of_bag(path, options) for path in options.bag]
    found += [_of_video(path, read_camera(options.calibration), mount, options) for path in options.video]
    for source in found:
        if source.frames < FEWEST * options.stride:
            raise TrainingError(
                f"{source.settings.path}: has {source.frames} frames, expected at least {FEWEST * options.stride}"
            )
    return found


def _of_bag(path: str, options: argparse.Namespace) -> Source:
    topics = {
        f"{name}_topic": getattr(options, f"{name}_topic") for name in ("image", "camera_info", "depth", "odometry")
    }
    with Recording.open(path, camera_pose=options.camera_pose, **topics) as recording:
        truth: tuple[Truth, ...] = ("depth",) if any(map(recording.has_depth, recording.stamps)) else ()
        truth += ("distances",) if recording.odometry is not None and recording.body_from_camera is not None else ()
        learnt = () if options.images_alone else truth
        settings = BagData(path, stride=options.stride, truth=learnt, cache=str(options.output / "cache"), **topics)
        mount = recording.body_from_camera
        return Source(settings, len(recording.stamps), recording.camera, truth, learnt, mount, _lengths(options))


def _mount(options: argparse.Namespace) -> Array | None:
    """Of the camera, as it was given."""
    if options.camera_pose is None:
        return None
    mount = camera_mount(options.camera_pose)
    if not mount[2, 3] > 0:
        raise TrainingError(f"--camera-pose: z is {mount[2, 3]:g} m, expected the camera's height above the road")
    for doubt in check_mount(mount, "optical"):
        print(f"--camera-pose: {doubt}")
    return mount


def _of_video(path: str, camera: Camera, mount: Array | None, options: argparse.Namespace) -> Source:
    if not Path(path).is_file():
        raise TrainingError(f"{path}: there is no such video")
    capture = open_video(path)
    frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    settings = VideoData(path, camera, stride=options.stride, cache=str(options.output / "cache"))
    return Source(settings, frames, camera, body_from_camera=mount, lengths=_lengths(options))


def _lengths(options: argparse.Namespace) -> OdometrySettings:
    """By the road, where somebody says how high above it the camera stands."""
    return OdometrySettings(scale_source="auto" if options.camera_pose is None else "ground_plane")


def _sized(sources: Sequence[Source], described: ModelDescription) -> list[Source]:
    """All in the view that the model has of the first camera."""
    width, height = best_view(described, sources[0].camera.aspect)
    return [replace(item, settings=replace(item.settings, width=width, height=height)) for item in sources]


def _said(source: Source, held_back: float) -> str:
    truth = ", ".join(source.learnt) or "images alone"
    return f"{source.settings.path}: {source.frames} frames, the last {held_back:.0%} held back; learns from {truth}"


def _followed(source: Source, depth: Path, pose: Path, output: Path) -> BagData | VideoData:
    """A recording with the motions that odometry finds in its images.

    Their file is called by what the models hold, and so are the stages, which learn from it: other models at the same
    paths are other ones.
    """
    settings = source.settings
    models = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (depth, pose)]
    mount = None if source.body_from_camera is None else source.body_from_camera.tolist()
    named = json.dumps([_as_source(settings)["init_args"], mount, asdict(source.lengths), *models])
    path = output / f"{Path(settings.path).stem}-{hashlib.sha256(named.encode()).hexdigest()[:12]}.tum"
    write_followed(settings, source.body_from_camera, depth, pose, path, source.lengths)
    return replace(settings, followed=str(path))


def _configured(
    base: Path,
    stage: Stage,
    sources: Sequence[BagData | VideoData],
    truth: set[Truth],
    steps: int,
    begin: Mapping[str, Any],
) -> dict[str, Any]:
    """The configuration of a stage: the networks of `base`, with the data, losses and beginning of a fine-tuning."""
    settings: dict[str, Any] = yaml.safe_load(base.read_text())
    width, height = (size // (REDUCTION if stage == "lr" else 1) for size in (sources[0].width, sources[0].height))
    batch = 4 if stage == "lr" else 2
    losses = {"photometric": 1.0, "smoothness": 1e-3, "scales": 1, "automask": True, "true_motion": True, "motion": 1.0}
    losses |= {"depth": 1.0} if "depth" in truth else {}
    losses |= {"speed": 1.0} if "distances" in truth else {}
    settings["model"]["init_args"] |= {
        **begin,
        "stage": stage,
        "keep_statistics": True,
        "freeze_pose": stage == "hr",
        "losses": losses,
        "learning_rate": {"start": LEARNING_RATE, "schedule": "cosine"},
    }
    settings["data"] = {
        "width": width,
        "height": height,
        "sources": [_as_source(item) for item in sources],
        "validation": None,
        "augmentation": AUGMENTATION,
        "frames": 3,
        "samples": batch * steps,
        "batch_size": batch,
        "workers": 0 if steps <= SMOKE_STEPS else 1,
    }
    settings["trainer"] |= {"max_epochs": 1, "log_every_n_steps": max(1, min(10, steps // 2))}
    settings["checkpoint"] = {"every_n_train_steps": max(1, steps // 10), "save_last": True}
    return settings


def _correlation_pose_net(focal_length: float) -> dict[str, Any]:
    """In place of the configurations' PoseNet, for a model file of this network."""
    kind = CorrelationPoseNet
    return {"class_path": f"{kind.__module__}.{kind.__qualname__}", "init_args": {"focal_length": focal_length}}


def _as_source(settings: BagData | VideoData) -> dict[str, Any]:
    kind = type(settings)
    return {
        "class_path": f"{kind.__module__}.{kind.__qualname__}",
        "init_args": json.loads(json.dumps(asdict(settings))),
    }


def _report(folder: Path, held: Sequence[BagData | VideoData], *models: tuple[Path, Path]) -> None:
    """Prints and writes what the models are worth on what was held back of each recording."""
    rows = [("held back of", "figure", "before", "after", "")]
    said: dict[str, Any] = {}
    worse: list[str] = []
    for settings in held:
        source = settings.open(3)
        before, after = (judge(depth, pose, source) for depth, pose in models)
        better = is_better(before.figures, after.figures)
        worse += [] if better else [settings.path]
        said[settings.path] = {
            "frames": before.frames, "before": before.figures, "after": after.figures, "better": better
        }  # fmt: skip
        for name, words in FIGURES.items():
            if name in before.figures and name in after.figures:
                was, now = (f"{item.figures[name]:.4g}" for item in (before, after))
                rows.append((Path(settings.path).name, name, was, now, words))
        sheet = _sheet(before, after)
        write_atomically(
            folder / f"{Path(settings.path).stem}.png", cv2.imencode(".png", sheet[..., ::-1])[1].tobytes()
        )
    print(table(rows))
    write_atomically(folder / "report.json", json.dumps(said, indent=2).encode())
    depth, pose = models[-1]
    print(f"models: {depth}\n        {pose}\nreport: {folder / 'report.json'}, with pictures beside it")
    if worse:
        print(
            f"not better than before on {', '.join(worse)}: stay with the models that it began with, and give it more"
            " to learn from: recordings with LiDAR or driven distances, or more of them"
        )
        return
    models_given = f"depth_model:={depth.resolve()} pose_model:={pose.resolve()}"
    print(f"launch: ros2 launch depth_perception perception.launch.py image:=TOPIC {models_given}")


def is_better(before: Mapping[str, float], after: Mapping[str, float]) -> bool:
    """Whether figures of `FIGURES` say that models are worth more than they were."""
    known = [name for name in DECIDE if name in before and name in after]
    return bool(known) and after[known[0]] < before[known[0]]


def _sheet(before: Judgement, after: Judgement) -> np.ndarray:
    """Some images, below them their depth before and after."""
    halves = [picture[len(picture) // 2 :] for picture in after.pictures]
    columns = [np.concatenate(pair) for pair in zip(before.pictures, halves, strict=True)]
    return np.concatenate(columns, axis=1)
