"""KITTI raw by the list of Eigen et al. (NIPS 2014): with LiDAR's single scans, or with the improved truth of many."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

from depth_perception.evaluation.protocol import DepthAxis, DepthProtocol
from training.data.datasets.kitti_raw import KittiRawData
from training.data.source import SourceSettings
from training.evaluation.benchmark import Benchmark


class Eigen(Benchmark):
    """One scan an image, as most publish."""

    def add_options(self, add: Callable[..., Any]) -> None:
        super().add_options(add)
        add("--split", required=True, help="list of frames: Eigen's test_files.txt")
        add("--depth-axis", choices=get_args(DepthAxis), help="of true depth: lidar, as published, or optical")

    def protocol_for(self, options: Namespace) -> DepthProtocol:
        return replace(self.protocol, depth_axis=options.depth_axis or self.protocol.depth_axis)

    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        lidar = protocol.depth_axis == "lidar"
        depth: Any = "lidar_forward" if lidar else "optical_axis"
        return KittiRawData(options.data, options.split, truth=("depth",), depth=depth)


class Improved(Benchmark):
    """Those 652 of its images that have better truth."""

    def add_options(self, add: Callable[..., Any]) -> None:
        super().add_options(add)
        add("--split", required=True, help="list of frames: Eigen's test_files.txt")
        add("--improved", required=True, help="folder of KITTI's annotated depth maps")

    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        return KittiRawData(options.data, options.split, truth=("depth",), depth="improved", improved=options.improved)


KITTI_EIGEN = DepthProtocol(
    "kitti_eigen",
    "KITTI raw, Eigen's test split, one LiDAR scan an image",
    crop="garg",
    depth_axis="lidar",
)
"""With the crop of Garg et al., ECCV 2016: Tables 1 and 3 to 7 of Dual Networks."""

KITTI_IMPROVED = DepthProtocol(
    "kitti_improved",
    "KITTI raw, the images of Eigen's test split that have improved ground truth (Uhrig et al., 3DV 2017)",
    all_truth=True,
)
"""Uhrig et al., "Sparsity Invariant CNNs": no crop; truth beyond 80 m counts, predictions are clamped."""

BENCHMARKS = (Eigen(KITTI_EIGEN, segmented=True), Improved(KITTI_IMPROVED, segmented=True))
