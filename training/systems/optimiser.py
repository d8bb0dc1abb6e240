"""Which optimiser, and what of the network learns faster or slower than the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from training.errors import TrainingError


@dataclass(frozen=True)
class Optimiser:
    """What takes the steps.

    Attributes:
        kind: ``adam``, with its usual betas, or ``sgd``.
        momentum: of ``sgd``.
        weight_decay: of all weights.
        factors: of the learning rate, by how a parameter's name begins, as in ``{network.scale1: 0.1}``; the longest
            beginning that fits counts, and 1 where none does.
    """

    kind: Literal["adam", "sgd"] = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.0
    factors: Mapping[str, float] = field(default_factory=dict)

    def of(self, parameters: Iterable[tuple[str, nn.Parameter]], learning_rate: float) -> torch.optim.Optimizer:
        """The optimiser of named parameters; those with one factor are one group, which carries it as ``factor``.

        Raises: `TrainingError` for a factor that is of no parameter.
        """
        groups: dict[float, list[nn.Parameter]] = {}
        unused = set(self.factors)
        for name, parameter in parameters:
            fitting = [prefix for prefix in self.factors if name.startswith(prefix)]
            unused -= set(fitting)
            factor = self.factors[max(fitting, key=len)] if fitting else 1.0
            groups.setdefault(factor, []).append(parameter)
        if unused:
            raise TrainingError(f"optimiser.factors: no parameter that learns begins with {', '.join(sorted(unused))}")
        described: list[dict[str, Any]] = [
            {"params": members, "lr": learning_rate * factor, "factor": factor} for factor, members in groups.items()
        ]
        if self.kind == "sgd":
            return torch.optim.SGD(described, learning_rate, self.momentum, weight_decay=self.weight_decay)
        return torch.optim.Adam(described, learning_rate, weight_decay=self.weight_decay)
