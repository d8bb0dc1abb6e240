"""The proposed network of Takamine and Endo: MSM with a depth gradient as second task and further input."""

from __future__ import annotations

from training.networks.msm import MSM


class MultiTaskMSM(MSM):
    """MSM whose scale 2 branches into depth (1 channel) and its gradient (2 channels), and whose scale 3 takes both
    (sections III-B and IV-A; Figs. 4 and 6): 6400 parameters more than MSM has.

    The gradient learns from the estimated depth alone (eq. 1, `training.losses.depth_gradient`), never from a true one.
    Inferred: that the branches share all but their last convolution (the paper: "share the weights of the middle layer,
    and features"); the gradient is of depth in metres, over two pixels of scale 2, while depth is a logarithm inside.

    Args: see `MSM`.
    """

    method = "Multi-task and multiple-input MSM"
    paper = (
        "Takamine and Endo, Monocular Depth Estimation with a Multi-task and Multiple-input Architecture Using Depth"
        " Gradient"
    )
    gradient = True
