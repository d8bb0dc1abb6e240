"""Unpaired depth and classes: a step of one kind leaves the other branch bit by bit as it is."""

import copy

import lightning
import pytest
import torch
from helpers.training import changed, state, trainer
from torch.utils.data import DataLoader

from training.errors import TrainingError
from training.networks.resnet import ResNet18
from training.networks.synergy_network import SynergyNetwork
from training.systems.learning_rate import LearningRate
from training.systems.optimiser import Optimiser
from training.systems.supervised_losses import SupervisedLosses
from training.systems.weakly_supervised import WeaklySupervisedSystem, known_truths

CLASSES = 5
OF_DEPTH, OF_CLASSES = "network.depth.", "network.semantic."


def network(classes=CLASSES):
    torch.manual_seed(0)
    result = SynergyNetwork(ResNet18(8), classes, (16, 16, 16, 8, 8))
    for branch in (result.depth, result.semantic):  # each is told of the other: gradients pass through the idle branch
        for unit in branch.sharing if branch is not None else ():
            torch.nn.init.constant_(unit.other, 0.5)  # type: ignore[arg-type]
    return result


def system(kind="adam", **options):
    losses = SupervisedLosses(maximum_depth=10.0, depth_aware=1.0, joint_gradient=1.0, semantic_focal=1.0)
    optimiser = Optimiser(kind=kind, weight_decay=0.1)
    rate = LearningRate(1e-3, "cosine")
    options = {"network": network(), "optimiser": optimiser, "learning_rate": rate, **options}
    return WeaklySupervisedSystem(focal_length=60.0, losses=losses, **options)


def sample(number, depth=True, labels=True):
    random = torch.Generator().manual_seed(number)
    return {
        "inputs": torch.randint(256, (1, 32, 64, 3), generator=random, dtype=torch.uint8),
        "intrinsics": torch.tensor([[60.0, 0, 31.5], [0, 60.0, 15.5], [0, 0, 1]]),
        "depth": 1 + 8 * torch.rand(32, 64, generator=random) if depth else torch.full((32, 64), torch.nan),
        "labels": torch.randint(CLASSES, (32, 64), generator=random) if labels else torch.full((32, 64), 255),
    }


def batches(kinds):
    """Of two samples each: d of known depth, s of known classes, b of both."""
    samples = [sample(i, kind in "db", kind in "sb") for i, kind in enumerate(kinds) for _ in range(2)]
    return DataLoader(samples, batch_size=2)  # type: ignore[arg-type]


class Watch(lightning.Callback):
    """What each step changed."""

    def __init__(self):
        self.steps: list[set[str]] = []

    def on_train_batch_start(self, run, model, *_):
        self._before = state(model)

    def on_train_batch_end(self, run, model, *_):
        self.steps.append(set(changed(self._before, model)))


def train(tmp_path, model, kinds, **options):
    watch = Watch()
    run = trainer(tmp_path, max_epochs=1, callbacks=[watch], **options)
    run.fit(model, batches(kinds))
    return watch.steps


def of(names, beginning):
    return {name for name in names if name.startswith(beginning)}


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_the_other_branch_stays_despite_momentum_and_weight_decay(tmp_path, kind):
    model = system(kind)
    steps = train(tmp_path, model, "bbdsddss")  # steps of both first: the optimiser remembers something of everything
    depth = of(state(model), OF_DEPTH)
    classes = of(state(model), OF_CLASSES)
    for step, taught in zip(steps, "bbdsddss", strict=True):
        assert of(step, OF_DEPTH) == (set() if taught == "s" else depth)
        assert of(step, OF_CLASSES) == (set() if taught == "d" else classes)
        assert {"network.encoder.conv1.weight", "network.encoder.bn1.running_mean", "network.conv2.0.weight"} <= step


def test_what_the_optimiser_remembers_of_the_other_branch_stays_too(tmp_path):
    model = system()

    class Memory(Watch):
        seen: list[torch.Tensor]

        def on_train_batch_end(self, run, model, *_):
            moments = run.optimizers[0].state[model.network.semantic.head.weight]
            if moments:
                self.seen.append(copy.deepcopy(moments["exp_avg"]))

    memory = Memory()
    memory.seen = []
    trainer(tmp_path, max_epochs=1, callbacks=[memory]).fit(model, batches("bdds"))
    first, second, third, last = memory.seen
    assert torch.equal(first, second)
    assert torch.equal(first, third)
    assert not torch.equal(first, last)


def test_weights_that_are_frozen_stay_so(tmp_path):
    model = system(frozen=["network.depth.ups"])
    for step in train(tmp_path, model, "dsdb"):
        assert not of(step, "network.depth.ups.")


def test_a_step_logs_the_losses_of_its_kind():
    model = system()
    for kind, names in (
        ("d", {"depth_aware", "joint_gradient"}),
        ("s", {"semantic_focal"}),
        ("b", {"depth_aware", "joint_gradient", "semantic_focal"}),
    ):
        assert set(model.loss(next(iter(batches(kind))))[1]) == names


def test_kinds_are_those_of_the_samples():
    assert [known_truths(batch) for batch in batches("dsb")] == [{"depth"}, {"labels"}, {"depth", "labels"}]


def test_mixed_batches_are_refused():
    mixed = next(iter(DataLoader([sample(0, labels=False), sample(1, depth=False)], 2)))  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match=r"data\.one_source: true"):
        known_truths(mixed)
    nothing = next(iter(DataLoader([sample(0, False, False)])))  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="neither depth nor a class is known"):
        known_truths(nothing)


def test_a_network_without_classes_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"expected .*SynergyNetwork with classes"):
        train(tmp_path, system(network=network(classes=0)), "d")


def test_steps_of_several_batches_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="accumulate_grad_batches must be 1"):
        train(tmp_path, system(), "ds", accumulate_grad_batches=2)


def test_begins_with_a_network_of_other_classes_but_for_the_last_layer(tmp_path):
    before = system(network=network(classes=9))
    checkpoint = tmp_path / "nine.ckpt"
    torch.save({"state_dict": before.state_dict()}, checkpoint)
    model = system(begin_with=str(checkpoint))
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 3.0)
    model.begin()
    differing = {name for name, value in before.state_dict().items() if not value.equal(model.state_dict()[name])}
    assert differing == {"network.semantic.head.weight", "network.semantic.head.bias"}
