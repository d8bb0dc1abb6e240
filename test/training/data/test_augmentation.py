"""Rolled, zoomed and tinted: each against what a camera that is turned, or has another lens, sees."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import rotation_from_vector
from training.data.augmentation import NONE, Augmentation
from training.data.datasets.street import StreetSnippets
from training.data.samples import make_sample
from training.data.snippet import UNLABELLED, Snippet
from training.data.turning import rolled
from training.errors import TrainingError
from training.motion import inverse_matrix, matrix_from_motion
from training.view_synthesis import project, sample

CAMERA = Camera(320, 240, 260.0, 260.0, 165.0, 114.0)


class Angle(np.random.Generator):
    """Draws the largest of everything."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def uniform(self, low=0.0, high=1.0, size=None):
        return high if size is None else np.full(size, high)


def snippet(frames=1):
    """A plane that is slanted, with a label for each metre of it."""
    rays = CAMERA.rays().astype(np.float64)
    depth = (4.0 / (1.0 - 0.6 * rays[..., 0] + 0.4 * rays[..., 1])).astype(np.float32)
    image = np.repeat(np.round(255 * (depth - depth.min()) / np.ptp(depth)).astype(np.uint8)[..., None], 3, 2)
    return Snippet([image] * frames, CAMERA, depth, labels=depth.astype(np.uint8))


class TestRoll:
    @pytest.mark.parametrize("angle", [-0.3, 0.0873])
    def test_depth_is_what_a_rolled_camera_sees(self, angle):
        """The plane's depth in closed form, by the rays of the turned camera."""
        original = snippet()
        turned = rolled(original, angle, Angle())
        rays = CAMERA.rays() @ rotation_from_vector([0.0, 0.0, angle]).T  # in the axes of the camera before
        truth = 4.0 / (1.0 - 0.6 * rays[..., 0] + 0.4 * rays[..., 1])
        pixels = rays[..., :2] * 260.0 + (165.0, 114.0)
        inside = ((pixels > -0.4) & (pixels < (319.4, 239.4))).all(-1)
        outside = ((pixels < -0.6) | (pixels > (319.6, 239.6))).any(-1)
        assert turned.depth is not None
        assert turned.labels is not None
        assert outside.any()
        assert np.isnan(turned.depth[outside]).all()
        assert (turned.labels[outside] == UNLABELLED).all()
        step = max(np.abs(np.diff(original.depth, axis=axis)).max() for axis in (0, 1))
        assert np.abs(turned.depth - truth)[inside].max() < 1.1 * step  # half a pixel along both axes
        assert np.array_equal(turned.labels[inside], turned.depth[inside].astype(np.uint8))
        assert turned.camera == original.camera

    def test_depth_is_never_a_mean(self):
        steps = np.where(np.arange(320) < 160, 1.0, np.inf)[None].repeat(240, 0)
        turned = rolled(replace(snippet(), depth=steps), 0.2, Angle()).depth
        assert turned is not None
        assert set(np.unique(turned[~np.isnan(turned)])) == {1.0, np.inf}

    @pytest.mark.parametrize("source", [0, 2])
    def test_motion_turns_with_the_frames(self, source):
        """True depth and motion of rolled frames still reproduce the one from the other."""
        camera = Camera(624, 192, 360.0, 360.0, 311.5, 90.0)
        frames = StreetSnippets([analytic_drive(camera, frames=3, seed=2, turn=0.03)])[0]
        item = make_sample(frames, 624, 192, replace(NONE, roll=0.15), np.random.default_rng(1))
        images = item["images"].permute(0, 3, 1, 2).float()
        motion = matrix_from_motion(item["motions"])
        pose = motion[0] if source == 0 else inverse_matrix(motion[1])
        pixels, _ = project(item["depth"][None, None], item["intrinsics"][None], pose[None])
        view = sample(images[source : source + 1], pixels)
        seen = torch.isfinite(item["depth"]) & (pixels[0] >= 40).all(-1)
        seen &= (pixels[0, ..., 0] <= 583) & (pixels[0, ..., 1] <= 151)
        error = (view[0] - images[1]).abs().mean(0)[seen]
        still = (images[source] - images[1]).abs().mean(0)[seen]
        assert seen.float().mean() > 0.2
        assert error.median() < 1.5
        assert error.median() < 0.25 * still.median()

    def test_draws_both_ways_within_the_limit(self):
        tops = []
        for seed in range(12):
            item = make_sample(snippet(), 320, 240, replace(NONE, roll=0.05), np.random.default_rng(seed))
            tops.append(torch.isnan(item["depth"][0]).nonzero().flatten().float().mean().item())
        assert min(tops) < 120
        assert max(tops) > 200
        unknown = torch.isnan(item["depth"]).float().mean()
        assert 0 < unknown < 0.06


def test_zoom_divides_the_canonical_depth_by_exactly_itself():
    """The paper divides depth by s where it scales the image by s; here the focal length is what grows."""
    focal_length = 200.0
    plain = make_sample(snippet(), 160, 120, NONE, np.random.default_rng(0))
    before = plain["depth"] / (plain["intrinsics"][0, 0] / focal_length)
    for seed in range(5):
        item = make_sample(snippet(), 160, 120, replace(NONE, zoom=1.5), np.random.default_rng(seed))
        zoom = (item["intrinsics"][0, 0] / plain["intrinsics"][0, 0]).item()
        assert 1.0 <= zoom <= 1.5
        canonical = item["depth"] / (item["intrinsics"][0, 0] / focal_length)
        # The same point of the scene lies elsewhere now: at the ray that both cameras have of it.
        matrix, zoomed = plain["intrinsics"].numpy(), item["intrinsics"].numpy()
        for row, column in ((30, 40), (60, 80), (95, 120)):
            x, y, _ = matrix @ np.linalg.inv(zoomed) @ (column, row, 1.0)
            there = before[round(y), round(x)].item()
            assert canonical[row, column].item() == pytest.approx(there / zoom, rel=0.015)


class TestGain:
    def test_each_colour_is_multiplied_on_its_own(self):
        rng = np.random.default_rng(0)
        image = rng.integers(0, 200, (120, 160, 3), dtype=np.uint8)
        camera = Camera(160, 120, 130.0, 130.0, 79.5, 59.5)
        gains = []
        for seed in range(40):
            item = make_sample(Snippet([image], camera), 160, 120, replace(NONE, gain=0.2), np.random.default_rng(seed))
            assert np.array_equal(item["images"][0], image)
            seen = item["inputs"][0].numpy().astype(float)
            gain = seen.sum((0, 1)) / image.sum((0, 1), dtype=float)
            assert np.abs(seen - np.minimum(image * gain, 255.0)).max() < 1.0
            gains.append(gain)
        assert np.min(gains) == pytest.approx(0.8, abs=0.02)
        assert np.max(gains) == pytest.approx(1.2, abs=0.02)
        assert (np.abs(np.corrcoef(np.transpose(gains))[np.triu_indices(3, 1)]) < 0.5).all()

    def test_nothing_else_is_drawn_differently_for_it(self):
        """Beside the colours, a sample with a gain is the one without."""
        frames = StreetSnippets([analytic_drive(CAMERA, frames=3, seed=1)])[0]
        augmentation = Augmentation(noise=0.0)
        plain, tinted = (
            make_sample(frames, 160, 120, each, np.random.default_rng(4))
            for each in (augmentation, replace(augmentation, gain=0.2))
        )
        for name, value in plain.items():
            same = torch.equal(torch.nan_to_num(value), torch.nan_to_num(tinted[name]))
            assert same == (name != "inputs"), name


@pytest.mark.parametrize(("name", "value"), [("roll", -0.1), ("roll", 5.0), ("gain", -0.2), ("gain", 1.0)])
def test_impossible_values_are_refused(name, value):
    with pytest.raises(TrainingError, match=rf"augmentation {name} is {value}, expected"):
        Augmentation(**{name: value})


class TestColours:
    """One change at a time, certain to come."""

    RNG = np.random.default_rng(3)
    IMAGE = RNG.integers(60, 190, (120, 160, 3), dtype=np.uint8)
    CAMERA = Camera(160, 120, 130.0, 130.0, 79.5, 59.5)

    def seen(self, seed=0, image=IMAGE, **changes):
        augmentation = replace(NONE, **changes)
        item = make_sample(Snippet([image], self.CAMERA), 160, 120, augmentation, np.random.default_rng(seed))
        assert np.array_equal(item["images"][0], image), "the losses see true colours"
        return item["inputs"][0].numpy()

    def test_channels_change_places_and_never_all_stay(self):
        orders = set()
        for seed in range(30):
            seen = self.seen(seed, permute=1.0)
            order = tuple(
                int(np.argmin([np.abs(seen[..., k].astype(int) - self.IMAGE[..., j]).sum() for j in range(3)]))
                for k in range(3)
            )
            assert np.array_equal(seen, self.IMAGE[..., order])
            orders.add(order)
        assert len(orders) == 5
        assert (0, 1, 2) not in orders

    def test_grey_has_one_value_a_pixel_and_the_brightness_stays(self):
        seen = self.seen(grey=1.0)
        assert np.ptp(seen.astype(int), axis=2).max() == 0
        assert np.abs(seen[..., 0] - self.IMAGE @ np.array([0.299, 0.587, 0.114])).max() < 1.0

    def test_hues_become_their_opposites_and_the_brightness_stays(self):
        seen, original = self.seen(invert=1.0).astype(float), self.IMAGE.astype(float)
        luma = np.array([0.299, 0.587, 0.114])
        unclipped = ((seen > 0) & (seen < 255)).all(-1)
        colour, other = original - (original @ luma)[..., None], seen - (seen @ luma)[..., None]
        assert unclipped.mean() > 0.8
        assert np.abs(colour + other)[unclipped].max() < 1.5
        assert np.abs(seen @ luma - original @ luma)[unclipped].max() < 1.0

    def test_a_harsh_sensor_keeps_the_order_of_grey_levels_and_clips(self):
        ramp = np.repeat(np.linspace(0, 255, 160).astype(np.uint8)[None, :, None], 120, 0).repeat(3, 2)
        clipped = []
        for seed in range(20):
            seen = self.seen(seed, ramp, harsh=1.0)[0, :, 0].astype(int)
            assert (np.diff(seen) >= 0).all()
            assert (seen[0], seen[-1]) == (0, 255)
            clipped.append([(seen == 0).sum(), (seen == 255).sum()])
        assert np.median(clipped, axis=0).min() > 5

    def test_corners_are_darker_and_the_middle_is_not(self):
        even = np.full((120, 160, 3), 200, np.uint8)
        seen = self.seen(image=even, vignette=1.0)
        assert np.abs(seen[60, 80].astype(int) - 200).max() <= 2
        corners = seen[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert 10 < corners.max() < 180
        assert np.ptp(corners.astype(int)) <= 2

    def test_what_is_not_asked_for_changes_nothing_that_is_drawn(self):
        for name in ("permute", "grey", "invert", "harsh", "vignette"):
            never = self.seen(5, gain=0.2, noise=1.0, **{name: 0.0})
            assert np.array_equal(never, self.seen(5, gain=0.2, noise=1.0))
            too_much: dict[str, Any] = {name: 1.5}
            with pytest.raises(TrainingError, match=f"{name} is 1.5, expected a probability"):
                Augmentation(**too_much)


class TestFocal:
    @pytest.mark.parametrize("focal", [0.6, 1.4, 2.5], ids=["wide", "as it is", "narrow"])
    def test_samples_have_the_focal_length_that_is_asked_for(self, focal):
        """The plane's depth in closed form, by the rays of the sample's camera; black and unknown beside the image."""
        augmentation = replace(NONE, focal=(focal, focal))
        item = make_sample(snippet(), 160, 80, augmentation, np.random.default_rng(0))
        fx, cx, cy = (float(item["intrinsics"][i, j]) for i, j in ((0, 0), (0, 2), (1, 2)))
        assert fx == pytest.approx(focal * 160, rel=0.02)  # windows are whole pixels
        assert (cx, cy) == pytest.approx((79.5, 39.5), abs=0.5 * fx / 260 + 0.01)
        columns, rows = np.meshgrid(np.arange(160), np.arange(80))
        x, y = (columns - cx) / fx, (rows - cy) / fx
        inside = (np.abs(x * 260 + 165.0 - 159.5) < 158) & (np.abs(y * 260 + 114.0 - 119.5) < 118)
        outside = (np.abs(x * 260 + 165.0 - 159.5) > 162) | (np.abs(y * 260 + 114.0 - 119.5) > 122)
        depth = item["depth"].numpy()
        assert depth[inside] == pytest.approx((4.0 / (1.0 - 0.6 * x + 0.4 * y))[inside], rel=0.02)
        assert outside.any() == (focal == 0.6)
        assert np.isnan(depth[outside]).all()
        assert (item["labels"].numpy()[outside] == UNLABELLED).all()
        assert not item["inputs"].numpy()[0][outside].any()


class TestUnlike:
    def test_each_frame_has_a_look_of_its_own(self):
        alike, unlike = (
            make_sample(snippet(2), 320, 240, replace(NONE, colour=1.0, unlike=share), np.random.default_rng(3))
            for share in (0.0, 1.0)
        )
        assert torch.equal(*alike["inputs"])
        assert torch.equal(unlike["inputs"][0], alike["inputs"][0])
        assert (unlike["inputs"][1].float() - unlike["inputs"][0].float()).abs().mean() > 5.0
        assert torch.equal(*unlike["images"])  # the losses see true colours
