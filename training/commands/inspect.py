"""What the networks of configurations cost, before anything is trained: ``python -m training inspect``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from depth_perception.evaluation.rows import Rows
from depth_perception.evaluation.table import table
from training.commands.fit import TrainingParser
from training.errors import TrainingError
from training.networks.depth_network import DepthNetwork
from training.networks.dual_networks import REDUCTION, DualNetworks
from training.networks.pose_network import PoseNetwork


@dataclass(frozen=True)
class Cost:
    """What a network, or a part of one, takes.

    Attributes:
        parameters: how many.
        gflops: 1e9 multiply-adds a frame; each counts once, as it does in the paper.
    """

    parameters: int
    gflops: float


PAPER = {
    "table7_dual_network": Cost(34_160_000, 25.80),
    "table7_resnet18": Cost(16_430_000, 33.11),
    "table7_mobilenet_v2": Cost(5_370_000, 17.02),
}
"""Dual Networks, Table 7, by the name of the configuration."""


@dataclass(frozen=True)
class Inspection:
    """What a configuration comes to.

    Attributes:
        configuration: its name.
        width, height: of the images that the network sees.
        parts: of the depth network, all scales of its decoders included: together they are the whole. Of the pose
            network where that is trained alone.
        pose_network: beside the depth network, no part of it; None without.
    """

    configuration: str
    width: int
    height: int
    parts: dict[str, Cost]
    pose_network: Cost | None

    @property
    def total(self) -> Cost:
        """Of all parts."""
        parts = self.parts.values()
        return Cost(sum(part.parameters for part in parts), sum(part.gflops for part in parts))

    @property
    def paper(self) -> Cost | None:
        """What the paper says, if the configuration is a row of it."""
        return PAPER.get(self.configuration)


def inspect(path: str | Path) -> Inspection:
    """Builds the networks of a configuration, without memory for their weights, and counts.

    In the ``lr`` stage that is LR-Net alone; else the whole depth network, or the pose network that is trained alone.

    Raises: `TrainingError` if there is no configuration at `path`, or its networks cannot be built.
    """
    settings = _read(path)
    try:
        model, data = settings["model"]["init_args"], settings["data"]
        described = {"network": model["network"]}
        if "pose_network" in model:
            described["pose_network"] = model["pose_network"]
        stage, width, height = model.get("stage"), int(data["width"]), int(data["height"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TrainingError(
            f"{path}: has no networks to inspect, expected model.init_args.network, data.width and data.height: give a"
            " configuration of python -m training fit"
        ) from None
    parser = TrainingParser()
    parser.add_subclass_arguments((DepthNetwork, PoseNetwork), "network")
    if "pose_network" in described:
        parser.add_subclass_arguments(PoseNetwork, "pose_network")
    try:
        description = parser.parse_object(described)
    except TrainingError as error:
        raise TrainingError(f"{path}: {error}") from None
    with FakeTensorMode():  # shapes alone: neither memory for weights nor time for arithmetic
        networks = parser.instantiate(description)
        network, pose = networks.network, networks.get("pose_network")
        if stage == "lr" and isinstance(network, DualNetworks):
            network = network.lr
        if width % network.multiple or height % network.multiple:
            raise TrainingError(
                f"{path}: images are {width}x{height}, expected multiples of {network.multiple}: change data.width and"
                " data.height"
            )
        parts = _parts(network, width, height)
        beside = None
        if pose is not None:
            reduction = REDUCTION if stage == "hr" else 1
            frames = _frames(pose, width // reduction, height // reduction)
            beside = Cost(_parameters(pose), _gflops(pose, frames)[""])
    return Inspection(Path(path).stem, width, height, parts, beside)


def _read(path: str | Path) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror}): give a configuration of training") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: is not YAML ({' '.join(str(error).split())})") from None


def _parts(network: DepthNetwork | PoseNetwork, width: int, height: int) -> dict[str, Cost]:
    seen = _frames(network, width, height) if isinstance(network, PoseNetwork) else _image(width, height)
    gflops = _gflops(network, seen)
    if not isinstance(network, DualNetworks):
        return {name: Cost(_parameters(part), _of_part(gflops, name, part)) for name, part in network.named_children()}
    # LR-Net by itself: HR-Net needs no decoder of it, but the paper counts the network that is trained.
    lr = _parts(network.lr, width // REDUCTION, height // REDUCTION)
    parts = {f"LR-Net {name}": part for name, part in lr.items()}
    if network.attention is not None:
        parts["attention"] = Cost(_parameters(network.attention), gflops["attention"])
    decoder = Cost(_parameters(network.hr.decoder), gflops["hr.decoder"])
    encoder = Cost(_parameters(network.hr.encoder), gflops["hr"] - decoder.gflops)
    return parts | {"HR-Net encoder": encoder, "HR-Net decoder": decoder}


def _of_part(gflops: dict[str, float], name: str, part: nn.Module) -> float:
    """A list of modules is not called, but its members are; and a decoder that does not answer in this stage is not."""
    if isinstance(part, nn.ModuleList):
        return sum(_of_part(gflops, f"{name}.{member}", module) for member, module in part.named_children())
    return gflops.get(name, 0.0)


def _image(width: int, height: int) -> Tensor:
    return torch.empty(1, 3, height, width)


def _frames(network: PoseNetwork, width: int, height: int) -> Tensor:
    return torch.empty(1, network.frames, 3, height, width)


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _gflops(network: nn.Module, images: Tensor) -> dict[str, float]:
    """Of each module by its name within `network`, whose own is empty."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.eval()(images)
    root = type(network).__name__
    return {
        name.removeprefix(root).removeprefix("."): sum(operations.values()) / 2e9  # torch counts a multiply-add twice
        for name, operations in counter.get_flop_counts().items()
    }


def report(inspection: Inspection) -> dict[str, Any]:
    """All of it, for JSON."""
    return {
        "configuration": inspection.configuration,
        "width": inspection.width,
        "height": inspection.height,
        **asdict(inspection.total),
        "parts": {name: asdict(part) for name, part in inspection.parts.items()},
        "pose_network": asdict(inspection.pose_network) if inspection.pose_network else None,
        "paper": asdict(inspection.paper) if inspection.paper else None,
    }


def rows(inspections: Sequence[Inspection]) -> Rows:
    """All of it, for a terminal."""

    def numbers(cost: Cost | None) -> tuple[str, str]:
        return ("-", "-") if cost is None else (f"{cost.parameters / 1e6:.2f}", f"{cost.gflops:.2f}")

    found: Rows = [("configuration", "image", "parameters (M)", "GFLOPs", "in the paper", "GFLOPs")]
    for one in inspections:
        found.append((one.configuration, f"{one.width}x{one.height}", *numbers(one.total), *numbers(one.paper)))
        found += [(f"  {name}", "", *numbers(part), "", "") for name, part in one.parts.items()]
        if one.pose_network:
            found.append(("  PoseNet (beside it)", "", *numbers(one.pose_network), "", ""))
    return found


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(prog="python -m training inspect", description=__doc__.split("\n")[0])
    command.add_argument("--config", required=True, nargs="+", action="extend", help="one or more configurations")
    command.add_argument("--json", action="store_true", help="print JSON: an object, or a list of them for several")
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = parser().parse_args(arguments)
    inspections = [inspect(path) for path in options.config]
    if options.json:
        reports = [report(inspection) for inspection in inspections]
        print(json.dumps(reports[0] if len(reports) == 1 else reports, indent=2))
    else:
        print(table(rows(inspections), indent=0))
