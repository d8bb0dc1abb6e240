"""What all networks of motion are."""

from __future__ import annotations

from torch import Tensor, nn

from training.errors import TrainingError


class PoseNetwork(nn.Module):
    """Images in a row -> the camera's motion from each to the next.

    Attributes:
        method, paper: what an exported model says of itself.
        frames: how many it sees.
        multiple: that height and width of the images are of.
        focal_length: of the canonical camera, pixels of the images, where the network needs to know.
        centred: whether it takes the principal point of the images to be in their middle.
    """

    method: str
    paper: str
    frames: int
    multiple: int = 1
    focal_length: float | None = None
    centred: bool = False

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images ``[B, frames, 3, H, W]``, oldest first -> ``[B, frames - 1, 6]``: rotation vector (radians)
        and translation (metres) of the pose of camera ``k + 1`` in camera ``k``, for the canonical camera."""
        raise NotImplementedError

    def check_focal_length(self, expected: float) -> None:
        """Raises: `TrainingError` if it takes another one for that of the canonical camera."""
        if self.focal_length is not None and abs(self.focal_length - expected) > 1e-3 * expected:
            raise TrainingError(
                f"{type(self).__name__} has a focal_length of {self.focal_length:g}, expected {expected:g}: that of the"
                " canonical camera, in pixels of the images that it is given"
            )
