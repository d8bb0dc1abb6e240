"""How depth is judged, to the decimal: figures of two protocols cannot be compared, so each carries its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.crops import Crop, crop_mask
from training.evaluation.frame import Depth

Scaling = Literal["median", "none"]
Resize = Literal["depth", "disparity", "nearest"]
DepthAxis = Literal["optical", "lidar"]
View = Literal["whole", "robot"]
Mean = Literal["images", "pixels"]

DEPTH_AXES = {"optical": "along the camera's optical axis", "lidar": "forward from the LiDAR, as most publish"}
VIEWS = {
    "whole": "the whole image squeezed to the network's size",
    "robot": "through the robot's own estimator",
}
CROPS = {
    "none": "no crop",
    "garg": "Garg crop",
    "eigen": "Eigen crop",
    "nyu_eigen": "Eigen crop of NYU, rows 45 to 471 and columns 41 to 601",
}
MEANS = {"images": "mean over images", "pixels": "mean over all pixels of all images together"}
RESIZES = {"depth": "depth bilinear", "disparity": "disparity bilinear", "nearest": "depth nearest"}


@dataclass(frozen=True)
class DepthProtocol:
    """How depth is judged.

    Attributes:
        name: short, as the command line knows it.
        truth: where the truth comes from, in words.
        crop: part of the truth that counts.
        minimum, maximum: metres; predictions are clamped to them after they were scaled, and truth strictly between
            them counts.
        all_truth: all positive truth counts instead, whatever its distance.
        scaling: ``median`` multiplies each prediction with the ratio of the medians over the pixels that count.
        depth_axis: what true depth is measured along.
        view: what of an image a network sees.
        resize: how a prediction is brought to the truth's size.
        mean: ``images`` judges each image and takes the mean, each counting alike; ``pixels`` pools the pixels of all
            images, each counting alike. That alone moves AbsRel by several percent.
        band: metres of true depth at which near ends and far begins (Dual Networks, Table 4: 20).
        ranges: metres of true depth up to each of which is judged on its own too (Look Deeper into Depth, Tables 4 to
            7: 4, 6 and 8).
        thresholds: of Tenengrad, metres (Dual Networks, Table 5). The paper does not say which one it took, and much
            depends on it: a step of h between two pixels answers 4 h, so 20 counts steps of 5 m and more.
    """

    name: str
    truth: str
    crop: Crop = "none"
    minimum: float = 1e-3
    maximum: float = 80.0
    all_truth: bool = False
    scaling: Scaling = "median"
    depth_axis: DepthAxis = "optical"
    view: View = "whole"
    resize: Resize = "depth"
    mean: Mean = "images"
    band: float = 20.0
    ranges: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = (5.0, 20.0, 80.0)

    def mask(self, truth: Depth) -> npt.NDArray[np.bool_]:
        """Which pixels of a truth ``[h, w]`` count."""
        height, width = truth.shape
        with np.errstate(invalid="ignore"):
            known = np.isfinite(truth) & (truth > 0)
            if not self.all_truth:
                known &= (truth > self.minimum) & (truth < self.maximum)
        return np.asarray(known & crop_mask(self.crop, height, width), np.bool_)

    @property
    def words(self) -> str:
        """The protocol in one line."""
        scaling = "median scaling, then clamped" if self.scaling == "median" else "metres as they come, clamped"
        counted = "all truth counts" if self.all_truth else "truth within counts"
        return (
            f"{self.truth}, {DEPTH_AXES[self.depth_axis]}, {CROPS[self.crop]}, {scaling} to {self.minimum:g} to"
            f" {self.maximum:g} m ({counted}), {VIEWS[self.view]}, {RESIZES[self.resize]} to the truth's size,"
            f" {MEANS[self.mean]}"
        )

    def to_json(self) -> dict[str, Any]:
        """All of it, and the words."""
        return asdict(self) | {"words": self.words}


KITTI_EIGEN = DepthProtocol(
    "kitti_eigen",
    "KITTI raw, Eigen's test split, one LiDAR scan an image",
    crop="garg",
    depth_axis="lidar",
)
"""Eigen et al., NIPS 2014, with the crop of Garg et al., ECCV 2016: Tables 1 and 3 to 7 of Dual Networks."""

KITTI_IMPROVED = DepthProtocol(
    "kitti_improved",
    "KITTI raw, the images of Eigen's test split that have improved ground truth (Uhrig et al., 3DV 2017)",
    all_truth=True,
)
"""Uhrig et al., "Sparsity Invariant CNNs": 652 images, no crop; truth beyond 80 m counts, predictions are clamped."""

KITTI_2015 = DepthProtocol("kitti_2015", "KITTI 2015 stereo, training images (Menze and Geiger, CVPR 2015)")

MAKE3D = DepthProtocol(
    "make3d",
    "Make3D test images, centre crop of two to one, laser depth below 70 m (criterion C1)",
    minimum=0.0,
    maximum=70.0,
    resize="nearest",
)
"""Saxena et al., PAMI 2009, as Godard et al. (2017) crop it: Table 2 of Dual Networks."""

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

DEPTH_PROTOCOLS = {
    item.name: item for item in (KITTI_EIGEN, KITTI_IMPROVED, KITTI_2015, MAKE3D, NYU_HARSANYI, NYU_BTS, NYU_SC_DEPTH)
}


def street_protocol(words: str) -> DepthProtocol:
    """Of street drives, in words, whose depth is exact and dense."""
    return DepthProtocol("street", words, view="robot", resize="disparity")


def rooms_protocol(words: str) -> DepthProtocol:
    """Of procedural rooms, in words: as street drives, in the range and the metres of indoor protocols."""
    metres = replace(street_protocol(words), minimum=0.1, maximum=10.0, scaling="none")
    return replace(metres, name="rooms", band=3.0, thresholds=(1.0, 4.0))
