"""The one error of the workshop."""

from depth_perception.errors import DepthPerceptionError


class TrainingError(DepthPerceptionError):
    """A dataset, configuration, checkpoint or model that cannot be trained with, or exported."""
