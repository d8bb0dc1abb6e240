"""The room's error."""

from __future__ import annotations

from depth_perception.errors import DepthPerceptionError


class EvaluationError(DepthPerceptionError):
    """A recording or a pair of estimate and truth that cannot be evaluated as it is."""
