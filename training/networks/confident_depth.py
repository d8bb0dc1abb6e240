"""A depth network and the mask of a pose network side by side: depth, and how far to believe it."""

from __future__ import annotations

from torch import Tensor, nn

from training.networks.depth_network import DepthNetwork
from training.networks.pose_exp_net import PoseExpNet


class ConfidentDepth(nn.Module):
    """What a robot runs of an SfMLearner of two frames; the pose network's motion is left out.

    Args:
        network: of depth.
        pose_network: of two frames.
    """

    def __init__(self, network: DepthNetwork, pose_network: PoseExpNet) -> None:
        super().__init__()
        self.network = network
        self.pose_network = pose_network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Two normalised images ``[2, 3, H, W]``, oldest first -> disparity in 1/m and confidence between 0 and 1 of
        the last, both ``[1, 1, H, W]``."""
        return self.network.finest(images[1:]), self.pose_network.masks(images[None])[0]
