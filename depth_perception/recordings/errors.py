"""The room's error."""

from depth_perception.errors import DepthPerceptionError


class RecordingError(DepthPerceptionError):
    """A recording that cannot be read, or lacks what is needed."""


class SeveralRecordingsError(RecordingError):
    """A folder whose files are recordings each by itself."""
