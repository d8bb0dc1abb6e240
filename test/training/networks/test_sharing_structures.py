"""The four structures: who shares what, seen in which weights a task's gradient reaches."""

import pytest
import torch

from training.errors import TrainingError
from training.networks.sharing_structures import BranchOut, Cascaded, MergeIn

WIDTHS = (8, 12, 16, 16, 16)


def make(kind, *arguments):
    torch.manual_seed(0)
    return kind(*arguments, classes=4, widths=WIDTHS)


def reached(network, task):
    """Names of the convolutions that a task's answer depends on."""
    prediction = network.predict(torch.randn(2, 3, 32, 48))
    network.zero_grad()
    (prediction.depths[0] if task == "depth" else prediction.semantics).square().sum().backward()
    return {name for name, value in network.named_parameters() if value.ndim == 4 and value.grad is not None}


STRUCTURES = [(BranchOut, 1), (BranchOut, 5), (Cascaded, "depth"), (Cascaded, "semantics"), (MergeIn, 3)]


@pytest.mark.parametrize(("kind", "argument"), STRUCTURES)
def test_answers_both_tasks_at_the_images_size(kind, argument):
    prediction = make(kind, argument).predict(torch.randn(2, 3, 32, 48))
    assert [tuple(depth.shape) for depth in prediction.depths] == [(2, 1, 32, 48)]
    assert prediction.semantics.shape == (2, 4, 32, 48)


@pytest.mark.parametrize("split", range(1, 6))
def test_branches_go_apart_behind_the_split(split):
    network = make(BranchOut, split)
    depth, semantics = reached(network, "depth"), reached(network, "semantics")
    assert len(depth) == len(semantics) == 5 + 1  # convolutions and a head
    assert len(depth & semantics) == split
    assert all(name.startswith("shared.") for name in depth & semantics)


@pytest.mark.parametrize("first", ["depth", "semantics"])
def test_the_second_of_a_cascade_is_built_on_the_first(first):
    network = make(Cascaded, first)
    second = "semantics" if first == "depth" else "depth"
    below, above = reached(network, first), reached(network, second)
    assert len(below) == 5 + 1
    assert len(above) == 2 * 5 + 1
    assert len(below & above) == 5


def test_merged_layers_come_last():
    network = make(MergeIn, 3)
    depth, semantics = reached(network, "depth"), reached(network, "semantics")
    assert len(depth) == 3 + 3 + 2 + 1
    assert depth ^ semantics == {"depth.conv.weight", "semantic.weight"}


@pytest.mark.parametrize(("kind", "argument"), [(BranchOut, 0), (BranchOut, 6), (MergeIn, 5)])
def test_impossible_splits_are_refused(kind, argument):
    with pytest.raises(TrainingError, match="expected 1 to"):
        make(kind, argument)
