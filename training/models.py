"""What a robot runs: a network with everything from the camera's bytes to metres around it (see
`depth_perception.model_file`)."""

from __future__ import annotations

from torch import Tensor, nn

from depth_perception.model_file import DEPTH_FRAMES
from training.motion import matrix_from_motion
from training.networks.confident_depth import ConfidentDepth
from training.networks.depth_network import DepthNetwork
from training.networks.normalise import normalise
from training.networks.pose_network import PoseNetwork


class Model(nn.Module):
    """uint8 RGB images ``[n, H, W, 3]`` -> one answer after the other.

    Attributes:
        network: the one that says what method and paper it is of.
        answers: the names of what comes out.
        frames: the names of the images, oldest first; none for a model of a single image.
    """

    network: nn.Module
    answers: tuple[str, ...]
    frames: tuple[str, ...] = ()

    @property
    def input_name(self) -> str:
        """Of the images."""
        return "images" if self.frames else "image"


class DepthModel(Model):
    """uint8 RGB ``[1, H, W, 3]`` -> canonical depth ``[1, H, W]`` in metres, and the network's extras, each ``[1, H, W,
    ...]``."""

    def __init__(self, network: DepthNetwork) -> None:
        super().__init__()
        self.network: DepthNetwork = network
        self.answers = ("depth", *network.extras)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        disparity, *extras = self.network.answer(normalise(image).permute(0, 3, 1, 2))
        return 1.0 / disparity[:, 0], *extras


class ConfidentDepthModel(Model):
    """uint8 RGB ``[2, H, W, 3]``, oldest first -> canonical depth ``[1, H, W]`` in metres of the last, and how far to
    believe it ``[1, H, W]``, 0 to 1."""

    answers = ("depth", "confidence")
    frames = DEPTH_FRAMES

    def __init__(self, both: ConfidentDepth) -> None:
        super().__init__()
        self.both = both
        self.network = both.network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        disparity, confidence = self.both(normalise(images).permute(0, 3, 1, 2))
        return 1.0 / disparity[:, 0], confidence[:, 0]


class PoseModel(Model):
    """uint8 RGB ``[n, H, W, 3]``, oldest first -> canonical motions ``[n - 1, 4, 4]``."""

    answers = ("motion",)

    def __init__(self, network: PoseNetwork) -> None:
        super().__init__()
        self.network = network
        count = network.frames
        self.frames = (*(f"previous {count - 1 - k}" for k in range(count - 2)), "previous", "current")

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return (matrix_from_motion(self.network(normalise(images).permute(0, 3, 1, 2)[None])[0]),)
