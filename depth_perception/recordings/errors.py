"""The room's error."""

from depth_perception.errors import DepthPerceptionError


class RecordingError(DepthPerceptionError):
    """A recording that cannot be read, or lacks what is needed."""
