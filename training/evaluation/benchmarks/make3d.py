"""Make3D (Saxena et al., PAMI 2009), as Godard et al. (2017) crop it: Table 2 of Dual Networks."""

from __future__ import annotations

from argparse import Namespace

from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import DepthProtocol
from training.data.datasets.make3d import Make3DData
from training.data.source import SourceSettings
from training.evaluation.benchmark import Benchmark

ROWS = slice(17, 38)
"""Of the scanner's 55: what is left of them by the crop of the image."""


class Make3D(Benchmark):
    """The 134 test images."""

    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        return Make3DData(options.data)


def make3d_crop(frame: Frame) -> Frame:
    """The middle of an image, twice as wide as high, and of its laser grid; its camera is not known."""
    height, width = frame.image.shape[:2]
    top = (height - width // 2) // 2
    return Frame(frame.name, frame.image[top : top + width // 2], frame.truth[ROWS])


MAKE3D = DepthProtocol(
    "make3d",
    "Make3D test images, centre crop of two to one, laser depth below 70 m (criterion C1)",
    minimum=0.0,
    maximum=70.0,
    resize="nearest",
)
BENCHMARKS = (Make3D(MAKE3D, make3d_crop),)
