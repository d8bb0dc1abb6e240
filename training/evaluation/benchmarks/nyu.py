"""NYU Depth v2's 654 test images, holes filled, by the protocols of three papers."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import DepthProtocol
from training.data.datasets.nyu import NyuData
from training.data.source import SourceSettings
from training.evaluation.benchmark import Benchmark

HARSANYI_CROP = (slice(7, 473), slice(29, 611))


class Nyu(Benchmark):
    """With the dataset's own classes, where ``classMapping40.mat`` lies beside them."""

    def source(self, options: Namespace, protocol: DepthProtocol) -> SourceSettings:
        mapped = (Path(options.data) / "classMapping40.mat").is_file()
        return NyuData(options.data, "test", ("depth", "labels") if mapped else ("depth",))


def harsanyi_crop(frame: Frame) -> Frame:
    """What of an image of NYU their network sees, and the truth of it: 320x256 of 352x264, and 582x466 of 640x480."""
    assert frame.camera is not None  # NYU's is known
    image = np.asarray(cv2.resize(frame.image, (352, 264), interpolation=cv2.INTER_NEAREST), np.uint8)
    labels = None if frame.labels is None else frame.labels[HARSANYI_CROP]
    camera = frame.camera.resized(352, 264).cropped(16, 4, 320, 256)
    return Frame(frame.name, image[4:260, 16:336], frame.truth[HARSANYI_CROP], camera, labels, frame.label_set)


NYU_HARSANYI = DepthProtocol(
    "nyu_harsanyi",
    "NYU Depth v2, 654 test images, holes filled, rows 7 to 473 and columns 29 to 611; of the image the middle 320x256"
    " of its 352x264",
    minimum=1e-3,
    maximum=10.0,
    all_truth=True,
    scaling="none",
    mean="pixels",
    band=3.0,
    thresholds=(1.0, 4.0),
)
"""Harsanyi et al., MISSI 2018, Table 1. The paper clamps nothing; no truth of the set lies beyond 10 m."""

NYU_BTS = DepthProtocol(
    "nyu_bts",
    "NYU Depth v2, 654 test images, holes filled",
    crop="nyu_eigen",
    minimum=1e-3,
    maximum=10.0,
    scaling="none",
    band=3.0,
    thresholds=(1.0, 4.0),
)
"""Lee et al., "From Big to Small", 2019, and all tables since."""

NYU_SC_DEPTH = replace(NYU_BTS, name="nyu_sc_depth", minimum=0.1, scaling="median")
"""Bian et al., TPAMI 2021: of networks that learn from images alone."""

BENCHMARKS = (Nyu(NYU_HARSANYI, harsanyi_crop), Nyu(NYU_BTS), Nyu(NYU_SC_DEPTH))
