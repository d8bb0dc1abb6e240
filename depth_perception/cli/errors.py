"""The room's error."""

from __future__ import annotations

from depth_perception.errors import DepthPerceptionError


class CommandError(DepthPerceptionError):
    """A command that cannot do its work here, or a process it started that failed."""
