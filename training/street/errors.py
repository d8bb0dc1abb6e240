"""The one error of the street world."""

from depth_perception.errors import DepthPerceptionError


class StreetError(DepthPerceptionError):
    """A drive that cannot be rendered, stored or read back."""
