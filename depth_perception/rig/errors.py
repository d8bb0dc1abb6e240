"""The room's error."""

from depth_perception.errors import DepthPerceptionError


class RigError(DepthPerceptionError):
    """A process that failed, or cannot be run here."""
