"""What all networks of motion are."""

from __future__ import annotations

from torch import Tensor, nn


class PoseNetwork(nn.Module):
    """Images in a row -> the camera's motion from each to the next.

    Attributes:
        method, paper: what an exported model says of itself.
        frames: how many it sees.
        multiple: that height and width of the images are of.
    """

    method: str
    paper: str
    frames: int
    multiple: int = 1

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images ``[B, frames, 3, H, W]``, oldest first -> ``[B, frames - 1, 6]``: rotation vector (radians)
        and translation (metres) of the pose of camera ``k + 1`` in camera ``k``, for the canonical camera."""
        raise NotImplementedError
