"""The training images of KITTI 2015 (Menze and Geiger, CVPR 2015), with depth from stereo and laser."""

from __future__ import annotations

from argparse import Namespace

from depth_perception.evaluation.protocol import DepthProtocol
from training.data.datasets.kitti_2015 import Kitti2015Data
from training.data.source import SourceSettings
from training.evaluation.benchmark import Benchmark


class Kitti2015(Benchmark):
    """All 200."""

    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        return Kitti2015Data(options.data)


KITTI_2015 = DepthProtocol("kitti_2015", "KITTI 2015 stereo, training images (Menze and Geiger, CVPR 2015)")
BENCHMARKS = (Kitti2015(KITTI_2015, segmented=True),)
