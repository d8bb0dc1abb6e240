from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from depth_perception.nodes.parameters import NodeError
from depth_perception.nodes.transforms import CameraPose, pose_message


def test_message_of_a_pose() -> None:
    message = pose_message(np.array([[0.0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]))
    assert (message.position.x, message.position.y, message.position.z) == (1.0, 2.0, 3.0)
    assert message.orientation.z == pytest.approx(np.sqrt(0.5))
    assert message.orientation.w == pytest.approx(np.sqrt(0.5))


def test_a_camera_pose_of_nan_is_refused() -> None:
    given = {"base_frame": "base_link", "camera_pose": [0.0, 0.0, float("nan"), 0.0, 0.0, 0.0]}
    with pytest.raises(NodeError, match="holds a value that is not finite"):
        CameraPose(SimpleNamespace(value=given.get))  # type: ignore[arg-type]


def test_a_camera_pose_that_looks_at_the_sky_is_taken_for_what_it_is() -> None:
    """TF's frames are mistaken for one another; this is the optical frame's by its name."""
    said: list[str] = []
    given = {"base_frame": "base_link", "camera_pose": [0.0, 0.0, 1.0, 0.0, -1.2, 0.0]}
    log = SimpleNamespace(warning=lambda kind, text: said.append(text))
    pose = CameraPose(SimpleNamespace(value=given.get, log=log)).of("camera")  # type: ignore[arg-type]
    assert pose[2, 2] == pytest.approx(np.sin(1.2))
    assert "looks up by 69°" in "".join(said)
