"""What a model tells apart, as topics."""

from __future__ import annotations

import json
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from std_msgs.msg import Header, String

from depth_perception.model_file import SemanticClass
from depth_perception.model_outputs import OUTPUTS, UNKNOWN_CLASS
from depth_perception.nodes.perception_node import PerceptionNode


class SemanticsOutput:
    """The topic of class ids, ``semantics/color`` (rgb8, to look at), and ``semantics/labels``, which says once what
    the ids mean.

    Attributes:
        is_wanted: Whether anybody subscribes to the images.
    """

    def __init__(self, node: PerceptionNode, classes: Sequence[SemanticClass]) -> None:
        ids = OUTPUTS["semantics"]
        self._image = node.image_output(ids.topic, ids.encoding)
        self._color = node.image_output("semantics/color", "rgb8")
        self._palette = np.zeros((256, 1, 3), np.uint8)
        self._palette[: len(classes), 0] = [item.colour for item in classes]
        node.announce(String(data=label_info(classes)), "semantics/labels")

    @property
    def is_wanted(self) -> bool:
        return self._image.is_wanted or self._color.is_wanted

    def publish(self, labels: npt.NDArray[np.uint8], header: Header) -> None:
        """Publishes class ids ``[height, width]``, `UNKNOWN_CLASS` (black) where there is none."""
        if self._image.is_wanted:
            self._image.publish(labels, header)
        if self._color.is_wanted:
            self._color.publish(np.asarray(cv2.applyColorMap(labels, self._palette)), header)


def label_info(classes: Sequence[SemanticClass]) -> str:
    """The classes as JSON, with the names of vision_msgs/LabelInfo.

    That message would be the standard, but vision_msgs is in no minimal ROS installation and has no wheel.
    """
    class_map = [
        {"class_id": number, "class_name": item.name, "color": item.colour} for number, item in enumerate(classes)
    ]
    return json.dumps({"class_map": class_map, "unknown_class_id": UNKNOWN_CLASS})
