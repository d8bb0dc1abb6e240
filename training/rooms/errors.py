"""The one error of the rooms."""

from depth_perception.errors import DepthPerceptionError


class RoomsError(DepthPerceptionError):
    """A room that cannot be built or walked through."""
