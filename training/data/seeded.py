"""What procedural worlds have in common: a number says all that one shows."""

from __future__ import annotations

from typing import ClassVar

from training.data.source import Drive, SourceSettings
from training.errors import TrainingError


class SeededData(SourceSettings):
    """Procedural worlds by their seeds.

    Attributes:
        seeds: first and number of them: 0 to 999 are for training, the rest for evaluation.
    """

    KIND: ClassVar[str]
    """What seeds of that world are called."""
    licence = "Apache-2.0"
    seeds: tuple[int, int]

    @property
    def numbers(self) -> range:
        """The seeds.

        Raises: `TrainingError` if they train and evaluate at once.
        """
        first, count = self.seeds
        if first < 1000 < first + count:
            raise TrainingError(
                f"{self.KIND} {first} to {first + count - 1} mix training (0-999) with evaluation (1000-)"
            )
        return range(first, first + count)

    def drives(self) -> frozenset[Drive]:
        """The seeds."""
        return frozenset(Drive(self.KIND, seed) for seed in self.numbers)

    @property
    def title(self) -> str:
        """With the seeds."""
        return f"{self.name}, seeds {self.seeds[0]} to {sum(self.seeds) - 1}"
