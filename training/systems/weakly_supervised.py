"""How depth and classes are learnt from two sets of images, of which each knows one of the two."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from training.checkpoint import load_weights, read_checkpoint
from training.data.samples import Sample
from training.data.snippet import UNLABELLED, Truth
from training.errors import TrainingError
from training.networks.synergy_network import SynergyNetwork
from training.systems.supervised import SupervisedSystem

HEAD = "network.semantic.head."
OF_LABELS = ("semantic_focal", "cross_entropy")
"""Losses that learn from labels; all others learn from depth."""


class WeaklySupervisedSystem(SupervisedSystem):
    """In a step of images whose depth alone is known the semantic branch stays bit by bit as it is, and in one of
    images whose classes alone are known the depth branch does (Look Deeper into Depth, section 8).

    That is the whole branch: its weights, the scalars of its lateral sharing units, its batch statistics, and what the
    optimiser remembers of it. Encoder and conv2 learn from every step. Where both are known, everything learns.

    The network is a `SynergyNetwork` with classes; ``begin_with`` may be of one with others, whose last semantic layer
    is then begun anew. Batches must be of one kind, ``data.one_source: true``. Several processes need
    ``trainer.strategy: ddp_find_unused_parameters_true``.
    """

    @property
    def needs(self) -> frozenset[Truth]:
        return frozenset()

    def begin(self) -> None:
        if self._begin_with is None:
            return super().begin()
        saved = read_checkpoint(self._begin_with)["state_dict"].get(f"{HEAD}weight")
        ours = self.state_dict()
        anew = saved is not None and saved.shape != ours[f"{HEAD}weight"].shape
        load_weights(self, self._begin_with, [name for name in ours if not (anew and name.startswith(HEAD))])
        return None

    def setup(self, stage: str) -> None:
        self._branches()
        if stage == "fit" and self.trainer.accumulate_grad_batches != 1:
            raise TrainingError(
                "trainer.accumulate_grad_batches must be 1: a step of batches of both kinds would leave no branch as it"
                " is; give a larger data.batch_size"
            )
        super().setup(stage)

    def _branches(self) -> dict[Truth, nn.Module]:
        """What learns from each truth alone."""
        network = self.network
        if not isinstance(network, SynergyNetwork) or network.semantic is None:
            raise TrainingError(
                f"the network is {type(network).__name__}, without a branch for each of depth and classes: expected"
                " training.networks.synergy_network.SynergyNetwork with classes"
            )
        return {"depth": network.depth, "labels": network.semantic}

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        taught = known_truths(batch)
        idle = [branch for truth, branch in self._branches().items() if truth not in taught]
        paused = [parameter for branch in idle for parameter in branch.parameters() if parameter.requires_grad]
        for branch in idle:
            branch.eval()
        for parameter in paused:
            parameter.requires_grad_(False)  # no gradient, not one of zeros: the optimiser passes such weights over
        try:
            return super().training_step(batch, batch_index)
        finally:  # the backward pass comes later, and goes by what was so when the loss was computed
            for parameter in paused:
                parameter.requires_grad_()
            self.train()

    def loss(self, batch: Sample) -> tuple[Tensor, dict[str, Tensor]]:
        total, parts = super().loss(batch)
        taught = known_truths(batch)
        return total, {
            name: part for name, part in parts.items() if ("labels" if name in OF_LABELS else "depth") in taught
        }


def known_truths(batch: Sample) -> frozenset[Truth]:
    """What is known of every sample of a batch.

    Raises: `TrainingError` for a batch of several kinds, or of samples of which nothing is known.
    """
    depth = torch.isfinite(batch["depth"]).flatten(1).any(1)
    labels = (batch["labels"] != UNLABELLED).flatten(1).any(1)
    names: tuple[Truth, Truth] = ("depth", "labels")
    pairs = torch.stack((depth, labels), 1).tolist()
    kinds = {frozenset(itertools.compress(names, pair)) for pair in pairs}
    if len(kinds) > 1:
        raise TrainingError(
            "a batch mixes samples of known depth with samples of known classes: give data.one_source: true, and each"
            " source the truth that all of its samples have"
        )
    (kind,) = kinds
    if not kind:
        raise TrainingError(
            "of a whole batch neither depth nor a class is known: add depth or labels to the truth of its source"
        )
    return kind
