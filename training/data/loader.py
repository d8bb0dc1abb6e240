"""Batches of an epoch, from any place in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader

from training.data.samples import EpochSampler, Sample, SnippetSamples
from training.errors import TrainingError


class ResumableLoader(DataLoader[Sample]):
    """Training batches; a run that ended within an epoch goes on with the batch that would have come next.

    The trainer keeps `state_dict` in its checkpoints.

    Args:
        samples: to load.
        sampler: their order.
        options: see `DataLoader`.

    Raises: `TrainingError` if an epoch does not fill a batch.
    """

    def __init__(self, samples: SnippetSamples, sampler: EpochSampler, batch_size: int, **options: Any) -> None:
        super().__init__(samples, batch_size, sampler=sampler, drop_last=True, **options)
        self._order, self._size = sampler, batch_size
        self._given = 0
        self._resumed = {"epoch": -1, "batches": 0}
        if not len(self):
            raise TrainingError(
                f"an epoch has {len(sampler)} samples for each process, fewer than a batch of {batch_size}:"
                " give more data or a smaller data.batch_size"
            )

    def __iter__(self) -> Iterator[Sample]:  # type: ignore[override]
        # A generator begins when its first batch is asked for, and the trainer has told the epoch by then; it makes the
        # iterator earlier, when workers would begin with the samples of another epoch.
        self._given = self._resumed["batches"] if self._resumed["epoch"] == self._order.epoch else 0
        self._order.skip = self._given * self._size
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Which epoch, and how many of its batches have been given."""
        return {"epoch": self._order.epoch, "batches": self._given}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Goes on from there, if the next epoch to be asked for is the one of `state`."""
        self._resumed = dict(state)
