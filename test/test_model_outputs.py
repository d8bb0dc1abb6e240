"""What models may answer is what robots already rely on."""

from __future__ import annotations

import numpy as np
import pytest

from depth_perception.model_file import ModelDescription
from depth_perception.model_outputs import EXTRAS, OUTPUTS, extras_of, outputs_of


@pytest.mark.parametrize(
    ("name", "topic", "encoding", "dtype", "invalid", "since"),
    [
        ("depth", "depth/image_rect", "32FC1", np.float32, np.nan, 1),
        ("semantics", "semantics/image", "mono8", np.uint8, 255, 2),
        ("confidence", "depth/confidence", "32FC1", np.float32, np.nan, 2),
        ("motion", "", "", np.float32, np.nan, 1),
    ],
)
def test_what_robots_subscribe_to_stays(name, topic, encoding, dtype, invalid, since):
    output = OUTPUTS[name]
    assert (output.topic, output.encoding, output.dtype, output.since) == (topic, encoding, dtype, since)
    np.testing.assert_equal(output.invalid, invalid)


def test_topics_are_distinct():
    topics = [output.topic for output in OUTPUTS.values() if output.topic]
    assert len(set(topics)) == len(topics)


def test_shapes_are_those_of_the_model():
    depth = ModelDescription("d", "depth", 32, 64, 40.0, True, "m", "p", extras=("confidence",))
    assert [(output.name, output.shape_of(depth)) for output in outputs_of(depth)] == [
        ("depth", (1, 32, 64)),
        ("confidence", (1, 32, 64)),
    ]
    pose = ModelDescription("p", "pose", 32, 64, 40.0, True, "m", "p", frames=("a", "b", "c"))
    assert [(output.name, output.shape_of(pose)) for output in outputs_of(pose)] == [("motion", (2, 4, 4))]


def test_extras_come_in_the_order_of_the_table():
    confident = ModelDescription("d", "depth", 32, 64, 40.0, True, "m", "p", extras=("confidence",))
    assert extras_of(confident) == tuple(output for output in EXTRAS if output.name == "confidence")
