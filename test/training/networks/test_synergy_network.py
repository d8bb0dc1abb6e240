"""The synergy network: Table 3's sizes, and what a branch has of the other."""

import pytest
import torch

from training.networks.resnet import ResNet18, ResNet50
from training.networks.synergy_network import SynergyNetwork
from training.systems.supervised_losses import SupervisedLosses


def small(classes=7):
    torch.manual_seed(0)
    return SynergyNetwork(ResNet18(8), classes, (32, 32, 24, 16, 8))


@pytest.fixture
def image():
    return torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def randomise_sharing(branch):
    for unit in branch.sharing:
        torch.nn.init.constant_(unit.own, 0.3)
        torch.nn.init.constant_(unit.other, -0.4)


def test_table_3():
    with torch.device("meta"):
        network = SynergyNetwork(ResNet50())
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    assert shapes["conv2.0.weight"][:2] == (1024, 2048)
    for branch, head, answer in (("depth", "head.conv", 1), ("semantic", "head", 40)):
        channels = [shapes[f"{branch}.ups.{k}.0.weight"][:2] for k in range(4)]
        assert channels == [(512, 1024), (256, 512), (128, 256), (64, 128)]
        assert [shapes[f"{branch}.skips.{k}.weight"] for k in range(4)] == [(64, c[1], 1, 1) for c in channels]
        assert shapes[f"{branch}.{head}.weight"][:2] == (answer, 64)
        assert sum(name.startswith(f"{branch}.sharing") for name in shapes) == 2 * 3
    # encoder 23.508, conv2 2.099, and for each branch: 3x3 up-convs 6.267, skips 0.123, head
    assert sum(parameter.numel() for parameter in network.parameters()) / 1e6 == pytest.approx(38.41, abs=0.01)


def test_answers_at_the_images_size_and_within_reach(image):
    prediction = small().predict(image)
    (depth,) = (item.detach() for item in prediction.depths)
    assert depth.shape == (2, 1, 64, 96)
    assert prediction.semantics is not None
    assert prediction.semantics.shape == (2, 7, 64, 96)
    assert depth.min() > 0.1
    assert float(depth.median()) == pytest.approx(2.5, rel=0.2)


def test_finest_is_the_predicted_depth(image):
    network = small().eval()
    assert torch.allclose(1 / network.finest(image), network.predict(image).depths[0].clamp(0.1, 10.0))


def test_at_first_no_branch_knows_of_the_other(image):
    network = small().eval()
    assert network.semantic is not None
    before = network.predict(image)
    with torch.no_grad():
        for parameter in network.semantic.ups.parameters():
            parameter.add_(torch.randn_like(parameter))
    after = network.predict(image)
    assert torch.equal(after.depths[0], before.depths[0])
    assert not torch.equal(after.semantics, before.semantics)


def test_sharing_units_mix_both_branches_level_by_level(image):
    network = small().eval()
    assert network.semantic is not None
    randomise_sharing(network.depth)
    randomise_sharing(network.semantic)
    deepest = network.conv2(network.encoder(image)[-1])
    d = s = deepest
    levels: list[list[torch.Tensor]] = [[], []]
    for k in range(4):
        d, s = network.depth.ups[k](d), network.semantic.ups[k](s)
        levels[0].append(d)
        levels[1].append(s)
        d, s = 1.3 * d - 0.4 * s, 1.3 * s - 0.4 * d
    prediction = network.predict(image)
    for branch, own, answer in (
        (network.depth, levels[0], prediction.depths[0]),
        (network.semantic, levels[1], prediction.semantics),
    ):
        total = own[3]
        for skip, x in zip(branch.skips, (deepest, *own[:3]), strict=True):
            enlarged = torch.nn.functional.interpolate(x, total.shape[-2:], mode="bilinear", align_corners=False)
            total = total + skip(enlarged)
        half = branch.head(total)
        expected = torch.nn.functional.interpolate(half, (64, 96), mode="bilinear", align_corners=False)
        assert torch.allclose(answer, expected, atol=1e-5)


def test_a_network_of_depth_alone_has_nothing_to_share(image):
    network = small(classes=0)
    assert network.predict(image).semantics is None
    assert not any("semantic" in name or "sharing" in name for name, _ in network.named_parameters())


def test_learns_two_images_by_heart_depth_and_classes():
    """A floor and a wall, told apart by their colour, with the paper's losses."""
    torch.manual_seed(0)
    rows = torch.arange(64.0)[:, None].expand(64, 96)
    depth = torch.stack([torch.where(rows < split, far, 60.0 / rows.clamp(min=1)) for split, far in ((24, 6), (40, 3))])
    labels = torch.stack([(rows >= split).long() for split in (24, 40)])
    image = torch.stack([torch.where(labels == 1, 0.8, -0.6), depth / 5 - 1, torch.zeros_like(depth)], 1)
    image += 0.05 * torch.randn(image.shape)
    network = small(classes=2)
    losses = SupervisedLosses(maximum_depth=10.0, depth_aware=1.0, semantic_focal=1.0, joint_gradient=1.0)
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(60):
        optimiser.zero_grad()
        total, _ = losses.of(network.predict(image), depth[:, None], labels)
        total.backward()
        optimiser.step()
    prediction = network.predict(image)
    assert prediction.semantics is not None
    error = ((prediction.depths[0][:, 0] - depth).abs() / depth).mean().item()
    assert error < 0.12
    assert (prediction.semantics.argmax(1) == labels).float().mean() > 0.95
    for branch in (network.depth, network.semantic):
        assert branch is not None
        assert all(unit.other.item() != 0 for unit in branch.sharing)  # what the other sees is put to use
