"""What a synergy network looks at, as overlays, and what its depth makes of the room, as point clouds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from depth_perception.engines.engine import Engine
from depth_perception.evaluation.frame import Depth, Frame
from depth_perception.evaluation.pictures import Rgb, cloud_picture
from depth_perception.geometry.point_cloud import PointCloudBuilder
from training.evaluation.checkpoint_engine import CheckpointEngine
from training.evaluation.pictures import captioned, write_picture
from training.evaluation.tables import short_names
from training.networks.normalise import normalise
from training.networks.synergy_network import SynergyNetwork


class SynergyPictures:
    """Writes ``attention_NAME.png`` and, of frames whose camera is known, ``cloud_NAME.png`` of every so-many-th frame
    it is handed (see `training.evaluation.depth.Draw`).

    Args:
        folder: for the pictures.
        step: of the frames.
        maximum: metres; the cloud ends there.
        networks: by the name of the model, each with the width and height of its images.
    """

    def __init__(
        self, folder: Path, step: int, maximum: float, networks: Mapping[str, tuple[SynergyNetwork, int, int]]
    ) -> None:
        self._folder, self._step, self._maximum, self._networks = folder, step, maximum, networks

    def __call__(self, number: int, frame: Frame, depth: Mapping[str, Depth], scales: Mapping[str, float]) -> None:
        if number % self._step:
            return
        name = frame.name.replace("/", "_")
        captions = dict(zip(depth, short_names(list(depth)), strict=True))
        rows = [captioned(frame.image, "image")]
        clouds = {}
        for model, (network, width, height) in self._networks.items():
            small = np.asarray(cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
            for what, attention in attention_maps(network, small).items():
                rows.append(captioned(overlay(frame.image, attention), f"{captions[model]}: {what}"))
            clouds[captions[model]] = depth[model] * np.float32(scales[model])
        write_picture(self._folder / f"attention_{name}.png", np.concatenate(rows))
        if frame.camera is not None and frame.truth.shape == frame.image.shape[:2]:
            pictures = [
                captioned(self._cloud(frame, item), what) for what, item in {"truth": frame.truth, **clouds}.items()
            ]
            write_picture(self._folder / f"cloud_{name}.png", np.concatenate(pictures))

    def _cloud(self, frame: Frame, depth: Depth) -> Rgb:
        assert frame.camera is not None
        near = np.where(depth < self._maximum, depth, np.nan).astype(np.float32)
        points = PointCloudBuilder(frame.camera).build(near, np.ascontiguousarray(frame.image)).reshape(-1, 4)
        return cloud_picture(
            points,
            spacing=1.0 / frame.camera.fx,
            width=960,
            height=720,
            back=0.15 * self._maximum,
            up=0.05 * self._maximum,
            look_ahead=1.2 * self._maximum,
            farthest=self._maximum,
        )


def synergy_networks(engines: Mapping[str, Engine]) -> dict[str, tuple[SynergyNetwork, int, int]]:
    """Of models by name those that are checkpoints of a synergy network, as `SynergyPictures` takes them."""
    return {
        name: (engine.network, engine.model.width, engine.model.height)
        for name, engine in engines.items()
        if isinstance(engine, CheckpointEngine) and isinstance(engine.network, SynergyNetwork)
    }


def attention_maps(network: SynergyNetwork, image: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
    """``A(T) = sum_i |T_i|`` over the channels of three activations (Look Deeper into Depth, eq. 1): of the first
    up-conv of the depth and of the semantic branch, and of conv2, the backbone's last layer.

    Args:
        image: uint8 RGB ``[H, W, 3]`` of the network's size.

    Returns: by name, ``[h, w]`` each.
    """
    layers: dict[str, nn.Module] = {"depth": network.depth.ups[0], "shared backbone": network.conv2}
    if network.semantic is not None:
        layers["semantics"] = network.semantic.ups[0]
    found: dict[str, npt.NDArray[np.float32]] = {}

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def keep(_layer: nn.Module, _inputs: tuple[Tensor, ...], activation: Tensor) -> None:
            found[name] = activation[0].abs().sum(0).float().cpu().numpy()

        return layers[name].register_forward_hook(keep)

    handles = [watch(name) for name in layers]
    try:
        with torch.inference_mode():
            network.predict(normalise(torch.from_numpy(image)[None]).permute(0, 3, 1, 2))
    finally:
        for handle in handles:
            handle.remove()
    return {name: found[name] for name in layers}


def overlay(image: Rgb, attention: npt.NDArray[np.float32]) -> Rgb:
    """The image, half covered by its attention: red where there is most, blue where there is least."""
    lowest, highest = float(attention.min()), float(attention.max())
    share = (attention - lowest) / max(highest - lowest, 1e-12)
    height, width = image.shape[:2]
    levels = np.round(255 * np.clip(cv2.resize(share, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1))
    colours = cv2.cvtColor(cv2.applyColorMap(levels.astype(np.uint8), cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)
    return np.asarray(cv2.addWeighted(image, 0.5, np.asarray(colours, np.uint8), 0.5, 0.0), np.uint8)
