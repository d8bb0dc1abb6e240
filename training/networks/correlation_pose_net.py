"""CorrelationPoseNet: the camera's motion from where things of one frame are found again in the other.

Nothing here can guess a motion from what a place looks like: what each frame shows is matched with the other, and the
rigid motion that explains the matches best is solved for, in metres by an inverse depth that each frame is given on its
own. Both directions are solved for at once, one being the inverse of the other: the same picture twice gives no motion
at all, and swapped frames give the inverse motion, whatever the weights.

Sources: global matching as in Xu et al., GMFlow (CVPR 2022); the correlation with the other frame's warped features
that corrects it as in Sun et al., PWC-Net (CVPR 2018); weighted matches solved in closed form within a network as in
Ranftl and Koltun, Deep Fundamental Matrix Estimation (ECCV 2018).

Convention:
    Frames are a (previous) and b (current); the motion is `T_a_b`. Cells are places of the grid of 1/8 of the image;
    rays are ``(x, y, 1)`` on the image plane at z = 1 of the canonical camera, optical axes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors import TrainingError
from training.networks.pose_network import PoseNetwork

CELL = 8
"""Pixels of the image between the cells that are matched in the end."""
DAMPING = (1e-5, 1e-7)
"""Of rotation and translation: a picture in which nothing is found again gives no motion."""
ITERATIONS = 2
"""Of a turn of 0.15 radians the first leaves 3e-2, the second 1e-4."""


class Matches(NamedTuple):
    """What the network says of the cells of frames, ``[B, *, h, w]`` at 1/8 of their size.

    Attributes:
        flow: where in the other frame a cell lies, less its own place: columns and rows, in cells.
        weight: how far to believe it, along columns and along rows.
        inverse_depth: of the frame itself, 1 / metres.
    """

    flow: Tensor
    weight: Tensor
    inverse_depth: Tensor


class CorrelationPoseNet(PoseNetwork):
    """Features of each frame, matched globally at 1/16 of the size and then locally at 1/8; the motion is solved for.

    Args:
        focal_length: of the canonical camera, pixels of the images it is given.
        widths: channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size.
        descriptor: channels by which cells of 1/8 are told apart.
        refinement: channels of what corrects matches.
        radius: cells around a match that a correction sees.
        corrections: how many.
    """

    method = "CorrelationPoseNet"
    paper = "this package; matches as in GMFlow (CVPR 2022) and PWC-Net (CVPR 2018), rigid motion in closed form"
    frames = 2
    multiple = 32
    focal_length: float
    centred = True

    def __init__(
        self,
        focal_length: float,
        widths: tuple[int, int, int, int, int] = (16, 24, 48, 64, 96),
        descriptor: int = 16,
        refinement: int = 32,
        radius: int = 2,
        corrections: int = 2,
    ) -> None:
        super().__init__()
        self.focal_length = focal_length
        self.radius = radius
        half, quarter, fine, coarse, context = widths
        self.fine = nn.Sequential(
            _convolution(3, half, 3, 2),
            _convolution(half, quarter, 3, 2),
            _convolution(quarter, fine, 3, 2),
            _convolution(fine, fine),
        )
        self.coarse = nn.Sequential(_convolution(fine, coarse, 3, 2), _convolution(coarse, coarse))
        self.context = nn.Sequential(
            _convolution(coarse, context, 3, 2), _convolution(context, context), nn.Conv2d(context, coarse, 1)
        )
        self.wide = nn.Sequential(_convolution(coarse, coarse), nn.Conv2d(coarse, fine, 1))
        self.depth = nn.Sequential(_convolution(fine, fine), nn.Conv2d(fine, 1, 1))
        self.coarse_descriptor = nn.Conv2d(coarse, coarse, 1)
        self.fine_descriptor = nn.Conv2d(fine, descriptor, 1)
        seen = (2 * radius + 1) ** 2 + descriptor + fine + 3
        self.corrections = nn.ModuleList(
            nn.Sequential(
                _convolution(seen, refinement, 1),
                _convolution(refinement, refinement),
                nn.Conv2d(refinement, 4, 3, padding=1),
            )
            for _ in range(corrections)
        )
        self.sharpness = nn.Parameter(torch.tensor(16.0))
        self.nearness = nn.Parameter(torch.tensor(0.18))
        last = [(self.depth[-1], -3.0), *((correction[-1], 0.0) for correction in self.corrections)]  # type: ignore[index]
        for layer, bias in last:
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, bias)

    def forward(self, images: Tensor) -> Tensor:
        """See `PoseNetwork`."""
        matches = self.matches(images)[-1]
        with torch.autocast(images.device.type, enabled=False):  # half precision would round a small turn to none
            return self.motion(Matches(*(item.float() for item in matches)))

    def matches(self, images: Tensor) -> list[Matches]:
        """Of all previous frames of normalised images ``[B, 2, 3, H, W]``, then of all current ones, ``[2 B, ...]``,
        after each correction.

        Raises: `TrainingError` for a size that is not of its `multiple`."""
        height, width = images.shape[-2:]
        if height % self.multiple or width % self.multiple:
            raise TrainingError(
                f"images are {width}x{height}, {type(self).__name__} takes multiples of {self.multiple}: set data.width"
                " and data.height to such"
            )
        fine = self.fine(images.transpose(0, 1).flatten(0, 1))
        coarse = self.coarse(fine)
        coarse = F.relu(coarse + _enlarged(self.context(coarse)))
        wide = F.relu(fine + _enlarged(self.wide(coarse)))
        inverse_depth = torch.exp(self.depth(wide).clamp(-8.0, 2.0))
        flow = 2.0 * _enlarged(self.global_flow(self.coarse_descriptor(coarse)))
        here = self.fine_descriptor(fine)
        other = torch.cat(here.chunk(2)[::-1])
        found = []
        for correction in self.corrections:
            there = warped(other, flow)
            seen = (correlation(here, there, self.radius), there, wide, flow, inverse_depth)
            answer = correction(torch.cat(seen, 1))
            flow = flow + answer[:, :2]
            found.append(Matches(flow, torch.exp(answer[:, 2:].clamp(-8.0, 8.0)), inverse_depth))
        return found

    def global_flow(self, features: Tensor) -> Tensor:
        """Flow ``[2 B, 2, h, w]`` of features ``[2 B, C, h, w]``, those of all previous frames first: to the mean place
        of what looks alike in the other frame, near places before far ones."""
        height, width = features.shape[-2:]
        a, b = F.normalize(features.flatten(2), dim=1).chunk(2)
        places = grid(height, width, features).flatten(1)
        apart = (places[:, :, None] - places[:, None, :]).square().sum(0)
        alike = self.sharpness * (a.transpose(1, 2) @ b) - self.nearness * apart
        both = torch.softmax(torch.cat((alike, alike.transpose(1, 2))), -1)
        return ((both @ places.t()).transpose(1, 2) - places).unflatten(2, (height, width))

    def motion(self, matches: Matches, intrinsics: Tensor | None = None) -> Tensor:
        """``[B, 1, 6]``, as `forward` answers it, of matches ``[2 B, ...]``.

        Args:
            intrinsics: ``[B, 3, 3]`` of the cameras whose images these are and whose motion is the answer; None for the
                canonical one.
        """
        height, width = matches.flow.shape[-2:]
        places = CELL * (grid(height, width, matches.flow).flatten(1)[None] + 0.5) - 0.5
        flow, inverse_depth = CELL * matches.flow.flatten(2), matches.inverse_depth.flatten(2)
        if intrinsics is None:
            middle = torch.tensor(((CELL * width - 1) / 2, (CELL * height - 1) / 2)).to(flow)[None, :, None]
            focal: Tensor | float = self.focal_length
        else:
            middle, focal = (torch.cat((item, item)) for item in (intrinsics[:, :2, 2:], intrinsics[:, :1, :1]))
            inverse_depth = inverse_depth * (self.focal_length / focal)
        rays = ((places - middle) / focal).expand_as(flow)
        both = (rays, rays + flow / focal, matches.weight.flatten(2), inverse_depth)
        a, b = (Side(*side) for side in zip(*(item.chunk(2) for item in both), strict=True))
        return solved(a, b)[:, None]


class Side(NamedTuple):
    """The cells of one frame, ``[B, *, n]``.

    Attributes:
        rays: x and y.
        found: rays of the other frame at which they were found.
        weight: of x and of y.
        inverse_depth: 1 / metres.
    """

    rays: Tensor
    found: Tensor
    weight: Tensor
    inverse_depth: Tensor


def solved(a: Side, b: Side) -> Tensor:
    """The motion ``[B, 6]`` that takes the cells of each frame to where they were found in the other, by weighted least
    squares.

    The motion is parted in the middle: half of the turn H, a step v, the other half. There a point of b at ``x / d``
    lies along ``p = q + d v``, ``q = H x``, and must lie along ``s = H' y``, y the ray at which it was found in a:
    ``p x s`` is to vanish, which is linear in v, however long. A point of a is the same with both halves and v the
    other way round, so that swapped frames give the inverse.
    """
    angle = a.rays.new_zeros(a.rays.shape[0], 3)
    step = angle
    damping = torch.diag(torch.tensor([DAMPING[0]] * 3 + [DAMPING[1]] * 3)).to(angle)
    for _ in range(ITERATIONS):
        half = rotation(0.5 * angle)
        matrix_b, vector_b = _normal_equations(b, half, step)
        matrix_a, vector_a = _normal_equations(a, half.transpose(1, 2), -step)
        answer = solve(matrix_a + matrix_b + damping, vector_b - vector_a)
        angle, step = angle + answer[:, :3], answer[:, 3:]
    return torch.cat((angle, (rotation(0.5 * angle) @ step[:, :, None])[:, :, 0]), 1)


def _normal_equations(side: Side, half: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Matrix ``[B, 6, 6]`` and vector ``[B, 6]`` of one direction, for a further turn and the whole step; `step` ``[B,
    3]`` is what is known of it already.

    A further turn w changes ``p x s`` by ``(q s' + s p' - (q s + p s) I) w / 2``, a step v by ``d v x s``. Of the three
    components the first is off where rows are, the second where columns are, and the third says nothing new.
    """
    one = torch.ones_like(side.inverse_depth)
    zero = torch.zeros_like(one)
    q = half @ torch.cat((side.rays, one), 1)
    s = half.transpose(1, 2) @ torch.cat((side.found, one), 1)
    p = q + side.inverse_depth * step[:, :, None]
    (qx, qy, qz), (sx, sy, sz) = q.split(1, 1), s.split(1, 1)
    both = ((q + p) * s).sum(1, keepdim=True)
    turn_columns = qy * s + sy * p - torch.cat((zero, both, zero), 1)
    turn_rows = qx * s + sx * p - torch.cat((both, zero, zero), 1)
    step_columns, step_rows = torch.cat((-sz, zero, sx), 1), torch.cat((zero, sz, -sy), 1)
    columns = torch.cat((0.5 * turn_columns, side.inverse_depth * step_columns), 1)
    rows = torch.cat((0.5 * turn_rows, side.inverse_depth * step_rows), 1)
    equations = torch.cat((columns, rows), 2)
    missing = torch.cat((qx * sz - qz * sx, qz * sy - qy * sz), 2)
    weighted = equations * side.weight.flatten(1)[:, None] / equations.shape[2]
    return weighted @ equations.transpose(1, 2), (weighted @ missing.transpose(1, 2))[:, :, 0]


def solve(matrix: Tensor, vector: Tensor) -> Tensor:
    """The solution ``[B, n]`` of positive definite equations ``[B, n, n]`` and ``[B, n]``, by Gauss and Jordan's
    elimination: exporters know no solver."""
    size = matrix.shape[-1]
    table = torch.cat((matrix, vector[:, :, None]), 2)
    for k in range(size):
        pivot = table[:, k : k + 1] / table[:, k : k + 1, k : k + 1]
        others = table - table[:, :, k : k + 1] * pivot
        table = torch.cat((others[:, :k], pivot, others[:, k + 1 :]), 1)
    return table[:, :, size]


def rotation(vector: Tensor) -> Tensor:
    """The rotation ``[B, 3, 3]`` of a rotation vector ``[B, 3]`` of less than a right angle, by power series: they know
    no special case at zero."""
    square = vector.square().sum(1)[:, None, None]
    x, y, z = vector.unbind(1)
    o = torch.zeros_like(x)
    cross = torch.stack((o, -z, y, z, o, -x, -y, x, o), 1).unflatten(1, (3, 3))
    sine = 1 - square / 6 * (1 - square / 20 * (1 - square / 42))
    cosine = 0.5 - square / 24 * (1 - square / 30 * (1 - square / 56))
    return torch.eye(3).to(vector) + sine * cross + cosine * (cross @ cross)


def correlation(first: Tensor, second: Tensor, radius: int) -> Tensor:
    """How alike each cell of features ``[B, C, h, w]`` is to those of the second up to `radius` beside it, ``[B, n, h,
    w]``, row by row."""
    height, width = first.shape[-2:]
    padded = F.pad(second, (radius,) * 4)
    size = 2 * radius + 1
    shifted = (padded[:, :, i : i + height, j : j + width] for i in range(size) for j in range(size))
    return torch.stack([(first * item).sum(1) for item in shifted], 1)


def warped(features: Tensor, flow: Tensor) -> Tensor:
    """What of features ``[B, C, h, w]`` lies where `flow` ``[B, 2, h, w]`` says, in cells; 0 beside the image."""
    height, width = features.shape[-2:]
    places = grid(height, width, flow) + flow
    size = torch.tensor((width, height)).to(flow)[:, None, None]
    return F.grid_sample(features, ((2.0 * places + 1.0) / size - 1.0).permute(0, 2, 3, 1), align_corners=False)


def grid(height: int, width: int, like: Tensor) -> Tensor:
    """Column and row of each cell, ``[2, height, width]``."""
    columns = torch.arange(width, dtype=like.dtype, device=like.device)[None].expand(height, width)
    rows = torch.arange(height, dtype=like.dtype, device=like.device)[:, None].expand(height, width)
    return torch.stack((columns, rows))


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def _enlarged(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
