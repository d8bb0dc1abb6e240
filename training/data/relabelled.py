"""Snippets whose labels are told in the classes of a coarser set."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.data.snippet import Snippet, SnippetSource


@dataclass(frozen=True)
class RelabelledSnippets:
    """A source with other labels.

    Attributes:
        source: as it is.
        table: the new label of each old one, ``[256]`` (see `training.data.label_sets.COARSER`).
    """

    source: SnippetSource
    table: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Snippet:
        snippet = self.source[index]
        return snippet if snippet.labels is None else replace(snippet, labels=self.table[snippet.labels])
