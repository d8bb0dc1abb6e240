"""PoseNet (Zhou et al., CVPR 2017): the camera's motion between neighbouring frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.errors import TrainingError
from training.motion import agreed_motion
from training.networks.pose_network import PoseNetwork


class PoseNet(PoseNetwork):
    """Stride-2 convolutions over all frames at once, a 1x1 convolution, the mean over all places.

    Layer by layer the paper's, without the mask that explains views away. Differs from it: rotation vector in place of
    Euler angles; motions run from each frame to the next in the order of time, not from the middle frame to the others;
    translation has a scale of its own, because in metres it is two orders larger than a rotation in radians.

    Args:
        frames: how many it sees, oldest first.
        rotation_scale, translation_scale: of the raw output, so that a fresh network answers with little motion.
        forward_prior: metres that an untrained network answers with, along the optical axis. Self-supervision from
            random weights fails in most runs without.
        both_ways: whether two frames are looked at in either order, and what the two answers agree on counts: the same
            picture twice gives no motion, and swapped frames the inverse one, whatever the weights; a prior
            would cancel itself. Not in the paper.
    """

    method = "PoseNet"
    paper = "Zhou et al., Unsupervised Learning of Depth and Ego-Motion from Video, CVPR 2017"

    def __init__(
        self,
        frames: int = 2,
        rotation_scale: float = 0.01,
        translation_scale: float = 0.01,
        forward_prior: float = 0.0,
        both_ways: bool = False,
    ) -> None:
        super().__init__()
        if frames < 2:
            raise TrainingError(f"PoseNet was given {frames} frames, expected at least 2")
        if both_ways and frames != 2:
            raise TrainingError(f"PoseNet with both_ways was given {frames} frames, expected 2")
        if both_ways and forward_prior:
            raise TrainingError(
                f"PoseNet with both_ways was given a forward_prior of {forward_prior}, which would cancel itself:"
                " expected 0"
            )
        self.both_ways = both_ways
        self.frames = frames
        widths = (3 * frames, 16, 32, 64, 128, 256, 256, 256)
        sizes = (7, 5, 3, 3, 3, 3, 3)
        layers: list[nn.Module] = []
        for inputs, outputs, size in zip(widths[:-1], widths[1:], sizes, strict=True):
            conv = nn.Conv2d(inputs, outputs, size, 2, size // 2)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
            layers += [conv, nn.ReLU(inplace=True)]
        self.convolutions = nn.Sequential(*layers)
        self.motion = nn.Conv2d(widths[-1], 6 * (frames - 1), 1)
        nn.init.normal_(self.motion.weight, std=0.01)
        nn.init.zeros_(self.motion.bias)  # type: ignore[arg-type]
        self.register_buffer("scale", torch.tensor([rotation_scale] * 3 + [translation_scale] * 3), persistent=False)
        self.register_buffer("prior", torch.tensor([0.0] * 5 + [forward_prior]), persistent=False)
        self.scale: Tensor
        self.prior: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images ``[B, frames, 3, H, W]``, oldest first -> ``[B, frames - 1, 6]``: rotation vector (radians)
        and translation (metres) of the pose of camera ``k + 1`` in camera ``k``."""
        if not self.both_ways:
            return self.motions(self.convolutions(images.flatten(1, 2)))
        ways = torch.cat((images, images.flip(1)))
        answer, swapped = self.motions(self.convolutions(ways.flatten(1, 2))).chunk(2)
        with torch.autocast(images.device.type, enabled=False):  # half precision would round steps to half a percent
            return agreed_motion(answer, swapped)

    def motions(self, features: Tensor) -> Tensor:
        """What the last convolution's features ``[B, 256, h, w]`` say."""
        mean = self.motion(features).float().mean((2, 3))
        return mean.unflatten(1, (self.frames - 1, 6)) * self.scale + self.prior
