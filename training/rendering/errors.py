"""The room's error."""

from depth_perception.errors import DepthPerceptionError


class RenderingError(DepthPerceptionError):
    """A scene that cannot be drawn, or a drive that cannot be stored or read back."""
