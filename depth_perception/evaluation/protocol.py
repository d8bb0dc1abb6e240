"""How depth is judged, to the decimal: figures of two protocols cannot be compared, so each carries its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.crops import Crop, crop_mask
from depth_perception.evaluation.frame import Depth

Scaling = Literal["median", "none"]
Resize = Literal["depth", "disparity", "nearest", "none"]
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
RESIZES = {
    "depth": "depth bilinear to the truth's size",
    "disparity": "disparity bilinear to the truth's size",
    "nearest": "depth nearest to the truth's size",
    "none": "truth brought into its view",
}


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
        resize: how a prediction is brought to the truth's size, or the truth to the prediction's.
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
            f" {self.maximum:g} m ({counted}), {VIEWS[self.view]}, {RESIZES[self.resize]}, {MEANS[self.mean]}"
        )

    def to_json(self) -> dict[str, Any]:
        """All of it, and the words."""
        return asdict(self) | {"words": self.words}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DepthProtocol:
        """What `to_json` wrote, read back."""
        lists = {name: tuple(values[name]) for name in ("ranges", "thresholds")}
        return cls(**{name: value for name, value in values.items() if name != "words"} | lists)


RECORDING = DepthProtocol("recording", "true depth of the recording", view="robot", resize="none", thresholds=())
"""Of what a robot recorded; sharpness is left out, which takes time and says little of sparse truth."""
