"""What a configuration says of a source of data: where it lies, what of it to learn from, and whose it is."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import NamedTuple

from depth_perception.model_file import TrainingData
from training.data.snippet import SnippetSource
from training.errors import TrainingError


class Drive(NamedTuple):
    """What must not be trained on and judged by at once."""

    kind: str
    """In the plural, as a message says it: ``street seeds``, ``KITTI drives``."""
    name: str | int


class SourceSettings:
    """Settings of a source. A dataset is a subclass, a frozen dataclass, that says its name, its licence, what it takes
    frames from (`drives`) and how it is read (`open`).

    Attributes:
        name, licence: how models that learned from it name it.
        truth: what of the truth its snippets carry.
        share: of an epoch's samples, relative to other sources.
    """

    # jsonargparse looks these types up where a subclass is written, so they are of builtins alone
    name: str
    licence: str
    truth: tuple[str, ...] = ()
    share: float = 1.0

    def open(self, frames: int, step: int = 1) -> SnippetSource:
        """Checks that everything is there, and opens it.

        Args:
            frames: of a snippet.
            step: takes only every so-many-th place.

        Raises: `TrainingError` that says what is missing, where it was looked for, and where to get it.
        """
        raise NotImplementedError

    def drives(self) -> frozenset[Drive]:
        """What it takes frames from."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """The name, and which part of it this is where it is not the whole."""
        return self.name

    @property
    def estimated(self) -> tuple[str, ...]:
        """What its snippets carry in the place of truth, and is none."""
        return ()

    def describe(self) -> TrainingData:
        """What a model that learned all it teaches says of it."""
        return TrainingData(self.title, self.licence, self.truth)

    def small(self) -> SourceSettings:
        """Itself for a smoke run: opened within seconds."""
        return self


def frames_from(first: int, last: int | None) -> str:
    """The part of a source from frame `first` up to `last`, which is not included, in words."""
    return f"frames {first} to {'the last' if last is None else last - 1}"


def refuse_incomplete(settings: SourceSettings) -> None:
    """Raises: `TrainingError` that names what the class of a source does not say."""
    methods = [name for name in ("open", "drives") if getattr(type(settings), name) is getattr(SourceSettings, name)]
    facts = [name for name in ("name", "licence") if not hasattr(settings, name)]
    facts += [] if is_dataclass(settings) else ["@dataclass(frozen=True)"]
    if lacking := [*(f"{name}()" for name in methods), *facts]:
        kind, base = type(settings), SourceSettings
        raise TrainingError(
            f"{kind.__module__}.{kind.__qualname__}: lacks {', '.join(lacking)}: see {base.__module__}.{base.__name__}"
        )
