"""Batches go on where they stopped, and processes share them."""

import pytest
import torch
from helpers.drives import analytic_drive

from depth_perception.geometry.camera import Camera
from training.data.augmentation import NONE
from training.data.datasets.street import StreetSnippets
from training.data.loader import ResumableLoader
from training.data.samples import EpochSampler, SnippetSamples
from training.errors import TrainingError

CAMERA = Camera(48, 32, 30.0, 30.0, 23.5, 15.5)


@pytest.fixture(scope="module")
def samples():
    return SnippetSamples([StreetSnippets([analytic_drive(CAMERA, frames=13)])], [(48, 32)], NONE)


def make(samples, batch_size=2, **options):
    return ResumableLoader(samples, EpochSampler([11], seed=3), batch_size, **options)


def images(batches):
    return [batch["images"] for batch in batches]


@pytest.mark.parametrize("workers", [0, 1])
def test_an_epoch_told_after_the_iterator_is_made_counts(samples, workers):
    """As the trainer does it when a run is resumed."""
    late, early = make(samples, num_workers=workers), make(samples)
    iterator = iter(late)
    late.sampler.set_epoch(4)
    early.sampler.set_epoch(4)
    assert torch.equal(next(iterator)["images"], next(iter(early))["images"])


@pytest.mark.parametrize("workers", [0, 1])
def test_it_goes_on_within_an_epoch(samples, workers):
    whole, broken = make(samples), make(samples)
    whole.sampler.set_epoch(2)
    broken.sampler.set_epoch(2)
    iterator = iter(broken)
    for _ in range(3):
        next(iterator)
    resumed = make(samples, num_workers=workers)
    resumed.load_state_dict(broken.state_dict())
    resumed.sampler.set_epoch(2)
    rest, everything = images(resumed), images(whole)
    assert len(everything) == len(whole) == len(resumed) == 5
    assert len(rest) == 2
    assert all(torch.equal(a, b) for a, b in zip(rest, everything[3:], strict=True))
    resumed.sampler.set_epoch(3)
    assert len(images(resumed)) == 5


def test_it_begins_the_epoch_after_the_one_that_was_finished(samples):
    first = make(samples)
    assert len(images(first)) == 5
    resumed = make(samples)
    resumed.load_state_dict(first.state_dict())
    resumed.sampler.set_epoch(1)
    assert len(images(resumed)) == 5


def test_too_few_samples_for_a_batch_are_refused(samples):
    with pytest.raises(TrainingError, match="11 samples for each process, fewer than a batch of 12"):
        make(samples, batch_size=12)


class TestShares:
    @pytest.mark.parametrize(("ranks", "block"), [(2, 3), (4, 1), (3, 2)])
    def test_processes_take_blocks_in_turn(self, ranks, block):
        whole = EpochSampler([40, 10], seed=1)
        parts = [EpochSampler([40, 10], seed=1, rank=rank, ranks=ranks, block=block) for rank in range(ranks)]
        for epoch in (0, 3):
            for sampler in (whole, *parts):
                sampler.set_epoch(epoch)
            order = list(whole)
            orders = [list(part) for part in parts]
            assert len({len(part) for part in orders}) == 1
            assert len(orders[0]) == len(parts[0])
            steps = len(orders[0]) // block
            for step in range(steps):
                taken = [item for part in orders for item in part[step * block : (step + 1) * block]]
                assert [item[:2] for item in taken] == [
                    item[:2] for item in order[step * block * ranks : (step + 1) * block * ranks]
                ]
                assert {number for *_, number in taken} == {step}  # all processes have samples of one size
            assert len(order) - steps * block * ranks < block * ranks

    def test_what_comes_before_is_skipped_once_it_is_told(self):
        sampler = EpochSampler([20], seed=1, rank=1, ranks=2, block=2)
        order = list(sampler)
        sampler.skip = 4
        assert list(sampler) == order[4:]
        assert len(sampler) == len(order)
