"""Samples: whatever window and mirror is drawn, images, depth, intrinsics and motions still belong together."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive

from depth_perception.geometry.camera import Camera
from training.data.augmentation import NONE, Augmentation, resized, resized_nearest
from training.data.datasets.street import StreetSnippets
from training.data.samples import EpochSampler, SnippetSamples, make_sample, motions_between
from training.data.snippet import Snippet
from training.errors import TrainingError
from training.motion import inverse_matrix, matrix_from_motion
from training.view_synthesis import project, sample

CAMERA = Camera(624, 192, 360.0, 360.0, 311.5, 90.0)
GEOMETRY = Augmentation(flip=0.5, zoom=1.6, colour=0.0, blur=0.0, noise=0.0, jpeg=0.0)


@pytest.fixture(scope="module")
def drive():
    return analytic_drive(CAMERA, frames=4, seed=2, turn=0.03)


@pytest.fixture(scope="module")
def snippets(drive):
    return StreetSnippets([drive], frames=3)


class TestGeometry:
    @pytest.mark.parametrize("seed", range(8))
    @pytest.mark.parametrize("source", [0, 2])
    @pytest.mark.parametrize(("turn", "last"), [(0.0, True), (0.05, True), (0.0, False)])
    def test_true_depth_and_motion_still_reproduce_the_target(self, snippets, seed, source, turn, last):
        augmentation = replace(GEOMETRY, turn=turn, downsample_last=last)
        item = make_sample(snippets[0], 416, 128, augmentation, np.random.default_rng(seed))
        images = item["images"].permute(0, 3, 1, 2).float()
        motion = matrix_from_motion(item["motions"])
        pose = motion[0] if source == 0 else inverse_matrix(motion[1])
        pixels, depth = project(item["depth"][None, None], item["intrinsics"][None], pose[None])
        view = sample(images[source : source + 1], pixels)
        seen = torch.isfinite(depth[0, 0]) & (pixels[0] >= 0).all(-1)
        seen &= (pixels[0, ..., 0] <= 415) & (pixels[0, ..., 1] <= 127)
        error = (view[0] - images[1]).abs().mean(0)[seen]
        still = (images[source] - images[1]).abs().mean(0)[seen]
        assert seen.float().mean() > 0.4
        assert error.median() < 1.5  # grey levels; a mirrored or unscaled motion gives ten times as much
        assert error.median() < 0.25 * still.median()

    def test_draws_mirrors_and_zooms(self, snippets):
        items = [make_sample(snippets[0], 416, 128, GEOMETRY, np.random.default_rng(seed)) for seed in range(20)]
        focal = np.array([float(item["intrinsics"][0, 0]) for item in items])
        assert focal.min() >= 240.0 - 1e-3  # 360 pixels of 624 columns, at 416 columns
        assert focal.max() <= 240.0 * 1.6 + 1.0
        assert focal.std() > 10
        assert len({float(torch.sign(item["motions"][0, 3])) for item in items}) == 2

    def test_pixels_stay_square(self, snippets):
        for seed in range(10):
            matrix = make_sample(snippets[0], 416, 128, GEOMETRY, np.random.default_rng(seed))["intrinsics"]
            assert float(matrix[0, 0]) == pytest.approx(float(matrix[1, 1]), rel=1e-6)

    def test_motions_are_those_between_poses(self, drive):
        motions = motions_between(drive.poses)
        for k, motion in enumerate(motions):
            expected = np.linalg.inv(drive.poses[k]) @ drive.poses[k + 1]
            assert matrix_from_motion(torch.from_numpy(motion)).numpy() == pytest.approx(expected, abs=1e-9)


class TestAppearance:
    def test_inputs_differ_from_the_true_colours_but_not_in_place(self, snippets):
        augmentation = Augmentation(flip=0.0, zoom=1.0, colour=1.0, blur=1.0, noise=1.0, jpeg=1.0)
        item = make_sample(snippets[0], 624, 192, augmentation, np.random.default_rng(3))
        plain = make_sample(snippets[0], 624, 192, NONE, np.random.default_rng(3))
        assert torch.equal(item["images"], plain["images"])
        assert (item["inputs"].float() - item["images"].float()).abs().mean() > 3
        grey = [frames[1].float().mean(-1).flatten() for frames in (item["inputs"], item["images"])]
        assert torch.corrcoef(torch.stack(grey))[0, 1] > 0.8

    def test_without_augmentation_inputs_are_the_images(self, snippets):
        item = make_sample(snippets[0], 624, 192, NONE, np.random.default_rng(0))
        assert torch.equal(item["inputs"], item["images"])
        assert item["images"][1].numpy() == pytest.approx(snippets[0].images[1])

    def test_shrinking_averages_whole_areas(self):
        image = np.random.default_rng(0).integers(0, 256, (12, 39, 3), dtype=np.uint8)
        expected = image.reshape(4, 3, 13, 3, 3).mean((1, 3))
        assert np.abs(resized(image, 13, 4) - expected).max() <= 0.5 + 1e-6

    def test_depth_is_never_averaged(self):
        depth = np.where(np.arange(39) < 20, 2.0, np.inf)[None].repeat(12, 0)
        assert set(np.unique(resized_nearest(depth, 13, 4))) == {2.0, np.inf}

    def test_impossible_probability_is_refused(self):
        with pytest.raises(TrainingError, match=r"jpeg is 1\.5"):
            Augmentation(jpeg=1.5)


class TestOrderOfDownsampling:
    def test_the_same_sample_with_less_detail(self):
        """Zoomed in on noise, whose every detail is a pixel: what is reduced first has lost a third of the columns."""
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 256, (192, 624, 3), dtype=np.uint8) for _ in range(3)]
        depth = np.full((192, 624), 7.0, np.float32)
        snippet = Snippet(images, CAMERA, depth)
        zoomed = replace(NONE, zoom=1.6)
        sharp: list[float] = []
        blurred: list[float] = []
        for seed in range(20):
            draws = [np.random.default_rng(seed) for _ in range(2)]
            last = make_sample(snippet, 416, 128, zoomed, draws[0])
            first = make_sample(snippet, 416, 128, replace(zoomed, downsample_last=False), draws[1])
            assert (first["depth"] == 7.0).all()
            assert first["images"].shape == last["images"].shape
            for found, item in ((sharp, last), (blurred, first)):
                found.append(float(np.abs(np.diff(item["images"].numpy().astype(float), axis=2)).mean()))
        assert np.mean(blurred) < 0.8 * np.mean(sharp)

    def test_without_a_zoom_there_is_no_difference(self, snippets):
        last = make_sample(snippets[0], 416, 128, NONE, np.random.default_rng(0))
        first = make_sample(snippets[0], 416, 128, replace(NONE, downsample_last=False), np.random.default_rng(0))
        for name, value in last.items():
            assert torch.allclose(value.float(), first[name].float(), atol=1e-4), name


class TestMissingTruth:
    def test_absent_truth_is_nan_of_the_same_shape(self, drive):
        blind = StreetSnippets([drive], frames=3, truth=())
        with_truth = make_sample(StreetSnippets([drive])[0], 416, 128, NONE, np.random.default_rng(0))
        without = make_sample(blind[0], 416, 128, NONE, np.random.default_rng(0))
        for name in ("depth", "motions", "distances"):
            assert torch.isnan(without[name]).all()
            assert without[name].shape == with_truth[name].shape
            assert not torch.isnan(with_truth[name]).any()
            assert without[name].dtype == with_truth[name].dtype

    def test_distances_are_the_length_of_the_steps(self, drive):
        item = make_sample(StreetSnippets([drive])[0], 416, 128, NONE, np.random.default_rng(0))
        assert torch.allclose(item["distances"], item["motions"][:, 3:].norm(dim=-1), atol=1e-5)

    def test_too_short_drives_are_named(self, drive):
        with pytest.raises(TrainingError, match="too short"):
            StreetSnippets([drive], frames=3, strides=(5,))

    def test_a_sample_without_the_truth_that_is_learnt_from_is_named(self, snippets):
        named = [replace(snippets[0], depth=None, labels=np.zeros((192, 624), np.uint8), name="aachen/000019")]
        samples = SnippetSamples([snippets, named], [(416, 128)], needs=["depth"])
        assert samples[0]["depth"].isfinite().any()
        with pytest.raises(TrainingError, match=r"aachen/000019: has labels and no true depth, which is what this"):
            samples[len(snippets)]
        hole = [replace(snippets[0], depth=None)]  # of a drive whose other frames are known
        assert SnippetSamples([hole], [(416, 128)], needs=["depth"])[0]["depth"].isnan().all()


class TestStrides:
    def test_each_place_has_one_in_turn_or_all_of_them(self, drive):
        taken = StreetSnippets([drive], 2, strides=(1, 2))
        every = StreetSnippets([drive], 2, strides=(1, 2), every_stride=True)
        found = [
            [make_sample(source[k], 208, 64, NONE, np.random.default_rng(0))["distances"] for k in range(len(source))]
            for source in (taken, every)
        ]
        steps = [[round(float(distance) / 0.5) for distance in distances] for distances in found]
        assert steps == [[1, 2, 1], [1, 2, 1, 2, 1]]  # of four frames the last but one has no frame two later

    def test_negative_ones_go_backwards_and_none_stands(self, drive):
        back, still = StreetSnippets([drive], 2, strides=(-1,)), StreetSnippets([drive], 2, strides=(0,))
        assert (len(back), len(still)) == (3, 4)
        for number in range(3):
            item = make_sample(back[number], 624, 192, NONE, np.random.default_rng(0))
            assert np.array_equal(item["images"][0], drive.images[number + 1])
            assert np.array_equal(item["depth"], drive.depth[number])
            assert item["motions"][0, 5] < -0.4
        item = make_sample(still[2], 624, 192, NONE, np.random.default_rng(0))
        assert torch.equal(item["images"][0], item["images"][1])
        assert not item["motions"].any()


class TestMiddleOfKnown:
    """Without views and motions to learn from a sample, its other frames are not prepared: nothing else may differ."""

    ANYTHING = Augmentation(flip=0.5, zoom=1.6, turn=0.03, colour=1.0, blur=0.5, noise=1.0, jpeg=0.3)

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("last", [True, False])
    def test_the_middle_is_the_same_bit_by_bit_and_the_rest_is_black(self, drive, seed, last):
        snippet = StreetSnippets([analytic_drive(CAMERA, frames=5)], frames=5)[0]
        augmentation = replace(self.ANYTHING, downsample_last=last)
        whole, alone = (
            make_sample(snippet, 416, 128, augmentation, np.random.default_rng(seed), alone) for alone in (False, True)
        )
        for name, value in whole.items():
            if name not in ("inputs", "images"):
                assert torch.equal(alone[name].nan_to_num(), value.nan_to_num()), name
                continue
            assert alone[name].shape == value.shape
            assert torch.equal(alone[name][2], value[2])
            assert value[[0, 1, 3, 4]].any()
            assert not alone[name][[0, 1, 3, 4]].any()

    @pytest.mark.parametrize("depth", [None, np.full((192, 624), np.nan, np.float32)], ids=["none", "nowhere"])
    def test_samples_of_unknown_depth_are_whole(self, snippets, depth):
        snippet = replace(snippets[0], depth=depth)
        whole, same = (
            make_sample(snippet, 416, 128, self.ANYTHING, np.random.default_rng(1), alone) for alone in (False, True)
        )
        assert torch.equal(whole["inputs"], same["inputs"])
        assert torch.equal(whole["images"], same["images"])


class TestOrder:
    def test_the_same_epoch_and_index_give_the_same_sample(self, snippets):
        first, second = (SnippetSamples([snippets], [(416, 128)], Augmentation(), seed=5) for _ in range(2))
        for name, value in first[3, 1, 0].items():
            assert torch.equal(value, second[3, 1, 0][name])
        assert not torch.equal(first[3, 1, 0]["inputs"], first[4, 1, 0]["inputs"])

    def test_sources_follow_one_another(self, drive):
        far = analytic_drive(CAMERA, frames=3, seed=9)
        sources = [StreetSnippets([drive]), StreetSnippets([far])]
        samples = SnippetSamples(sources, [(624, 192)])
        assert len(samples) == 3
        assert torch.equal(samples[2]["images"][0], torch.from_numpy(far.images[0]))

    def test_each_step_has_one_of_the_sizes_in_turn(self, drive):
        sizes = [(416, 128), (288, 160), (256, 192)]
        samples = SnippetSamples([StreetSnippets([drive])], sizes)
        order = list(EpochSampler([9], block=2))
        assert [step for _, _, step in order] == [0, 0, 1, 1, 2, 2, 3, 3, 4]
        for step, (width, height) in enumerate([*sizes, *sizes]):
            sample = samples[0, 0, step]
            assert sample["inputs"].shape == (3, height, width, 3)
            assert sample["depth"].shape == (height, width)
            # the camera stays a pinhole with square pixels, whatever is cut away
            assert sample["intrinsics"][0, 0] == pytest.approx(float(sample["intrinsics"][1, 1]), rel=1e-5)

    def test_each_snippet_once_an_epoch_in_another_order(self):
        sampler = EpochSampler([30, 10], seed=1)
        first = list(sampler)
        sampler.set_epoch(1)
        second = list(sampler)
        assert sorted(index for _, index, _ in first) == list(range(40))
        assert sorted(index for _, index, _ in second) == list(range(40))
        assert [index for _, index, _ in first] != [index for _, index, _ in second]
        assert {epoch for epoch, *_ in second} == {1}

    def test_sources_get_their_shares_and_all_snippets_come_before_one_comes_twice(self):
        sampler = EpochSampler([30, 10], samples=12, shares=[1.0, 0.5], seed=1)
        seen = []
        for epoch in range(5):
            sampler.set_epoch(epoch)
            indices = [index for _, index, _ in sampler]
            assert len(indices) == len(sampler) == 12
            assert sum(index >= 30 for index in indices) == 4
            seen += [index for index in indices if index < 30]
        assert len(seen) == 40
        assert len(set(seen[:24])) == 24

    @pytest.mark.parametrize("ranks", [1, 2])
    def test_batches_of_one_source_come_in_any_order_and_hold_no_snippet_twice(self, ranks):
        order = [
            list(EpochSampler([31, 14], seed=1, rank=rank, ranks=ranks, block=4, one_source=True))
            for rank in range(ranks)
        ]
        indices = np.array([[index for _, index, _ in ours] for ours in order]).reshape(ranks, -1, 4)
        second = indices >= 31
        assert indices.shape[1] == (31 // (4 * ranks)) + (14 // (4 * ranks))
        assert len(np.unique(indices)) == indices.size
        for batch in np.moveaxis(second, 1, 0):  # of all processes
            assert batch.all() or not batch.any()
        kinds = second[0].all(-1)
        assert kinds.any()
        assert not np.array_equal(kinds, np.sort(kinds))

    def test_one_source_without_a_batch_is_named(self):
        with pytest.raises(TrainingError, match="source 1 has less than 4 samples"):
            EpochSampler([31, 3], block=4, one_source=True)
