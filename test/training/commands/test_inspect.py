"""What configurations cost: the paper's figures, another way of counting, and what cannot be inspected."""

import json
from pathlib import Path

import pytest
import torch

from training.commands.inspect import inspect, main
from training.errors import TrainingError
from training.networks.dual_networks import DualNetworks
from training.networks.lr_net import LRNet
from training.networks.pose_net import PoseNet
from training.networks.resnet import ResNet18

CONFIGURATIONS = Path(__file__).parents[3] / "config/training"
DUAL_NETWORKS = CONFIGURATIONS / "dual_networks"
SMOKE = DUAL_NETWORKS / "smoke.yaml"


def test_the_dual_network_is_that_of_table_7(capsys):
    main(["--config", str(DUAL_NETWORKS / "table7_dual_network.yaml"), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["parameters"] == pytest.approx(34.16e6, rel=0.001)  # the widths that are left to us were chosen so
    assert report["gflops"] == pytest.approx(25.80, rel=0.001)
    assert report["paper"] == {"parameters": 34_160_000, "gflops": 25.80}
    assert (report["width"], report["height"]) == (1248, 384)
    for key in ("parameters", "gflops"):
        assert sum(part[key] for part in report["parts"].values()) == pytest.approx(report[key])
    millions = {name: part["parameters"] / 1e6 for name, part in report["parts"].items()}
    # ResNet-50 without its classifier, and Godard et al.'s decoder behind it: 23.51 M and 9.01 M.
    assert millions["LR-Net encoder"] == pytest.approx(23.508, abs=0.001)
    assert millions["LR-Net decoder"] == pytest.approx(9.014, abs=0.001)
    assert millions["attention"] == pytest.approx((2053 * 96 + 96) / 1e6)


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenet_v2"])
def test_backbones_to_compare_with_are_near_the_papers(backbone):
    inspection = inspect(DUAL_NETWORKS / f"table7_{backbone}.yaml")
    assert inspection.paper is not None
    assert inspection.total.parameters == pytest.approx(inspection.paper.parameters, rel=0.06)
    assert inspection.total.gflops == pytest.approx(inspection.paper.gflops, rel=0.06)
    assert list(inspection.parts) == ["encoder", "decoder"]


def test_the_first_stage_is_about_lr_net_alone():
    inspection = inspect(DUAL_NETWORKS / "table3_lr_only.yaml")
    assert (inspection.width, inspection.height) == (416, 128)
    assert inspection.total.parameters / 1e6 == pytest.approx(32.52, abs=0.01)
    assert inspection.total.gflops == pytest.approx(7.17, abs=0.01)
    assert inspection.pose_network is not None
    assert inspection.pose_network.parameters / 1e6 == pytest.approx(1.59, abs=0.01)
    assert inspection.pose_network.gflops == pytest.approx(0.19, abs=0.01)


def test_rows_of_table_3_are_one_network_with_and_without_attention():
    rows = {name: inspect(DUAL_NETWORKS / f"table3_{name}.yaml") for name in ("with_attention", "without_attention")}
    assert rows["with_attention"].parts == inspect(DUAL_NETWORKS / "table7_dual_network.yaml").parts
    assert "attention" not in rows["without_attention"].parts
    for part in ("LR-Net encoder", "LR-Net decoder", "HR-Net encoder"):
        assert rows["with_attention"].parts[part] == rows["without_attention"].parts[part]


@pytest.mark.parametrize("path", sorted(CONFIGURATIONS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_configuration_can_be_inspected(path):
    inspection = inspect(path)
    assert inspection.configuration == path.stem
    assert inspection.total.parameters > 0
    assert inspection.total.gflops > 0


@pytest.mark.parametrize("guided", [False, True])
def test_multiply_adds_are_those_of_each_convolution(guided, tmp_path):
    """Against a count by the shapes that convolutions see, and by eq. 3 and 4."""
    text = SMOKE.read_text().replace("stage: lr", "stage: hr").replace("attention: 16", f"guided: {guided}")
    text = text.replace("width: 96", "width: 288").replace("height: 64", "height: 192")
    (tmp_path / "x.yaml").write_text(text)
    inspection = inspect(tmp_path / "x.yaml")

    counted = []

    def count(module, inputs, output):
        channels, height, width = output.shape[1:]
        counted.append(channels * height * width * module.weight[0].numel())

    lr = LRNet(ResNet18(8), (32, 24, 16, 16, 16))
    network = DualNetworks(lr, (8, 8, 16, 16), (1, 1, 1, 1), (16, 16, 8, 8), guided=guided).eval()
    image = torch.randn(1, 3, 192, 288)
    with torch.no_grad():
        small = torch.nn.functional.avg_pool2d(image, 3)
        features, guide = network.global_view(image)
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(count)
        lr(small)
        assert network.attention is not None
        network.attention(lr.encoder(small)[-1], small)
        network.hr(image, features, guide)
    encoder = inspection.parts["LR-Net encoder"].gflops  # ran twice here
    places = 2 * 3
    similarity = 2 * places * places * 96
    assert inspection.total.gflops + encoder == pytest.approx((sum(counted) + similarity) / 1e9, rel=1e-6)
    assert inspection.total.parameters == sum(parameter.numel() for parameter in network.parameters())
    pose = PoseNet(2)
    assert inspection.pose_network is not None
    assert inspection.pose_network.parameters == sum(parameter.numel() for parameter in pose.parameters())


def test_several_make_one_table(capsys):
    paths = [DUAL_NETWORKS / f"{name}.yaml" for name in ("table7_resnet18", "table3_lr_only")]
    main(["--config", *map(str, paths)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [
        "configuration",
        "table7_resnet18",
        "table3_lr_only",
    ]
    assert lines[1].split()[-2:] == ["16.43", "33.11"]
    assert lines[5].split()[1:] == ["416x128", "32.52", "7.17", "-", "-"]
    main(["--config", *map(str, paths), "--json"])
    assert [report["configuration"] for report in json.loads(capsys.readouterr().out)] == [path.stem for path in paths]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("{width: 8}", "{widht: 8}"), "'widht' is not known, the nearest known one is 'width'"),
        (("    network:", "    net:"), r"expected model\.init_args\.network, data\.width"),
        (("  width: 96", "  width: 100"), "images are 100x64, expected multiples of 32"),
        (("seed_everything: 0", "a: ["), "is not YAML"),
    ],
)
def test_what_cannot_be_inspected_is_said_with_the_file(change, reason, tmp_path):
    path = tmp_path / "mine.yaml"
    assert change[0] in SMOKE.read_text()
    path.write_text(SMOKE.read_text().replace(*change))
    with pytest.raises(TrainingError, match=rf"mine\.yaml: .*{reason}"):
        inspect(path)


def test_no_configuration(tmp_path):
    with pytest.raises(TrainingError, match=r"mine\.yaml: cannot be read \(No such file or directory\)"):
        inspect(tmp_path / "mine.yaml")
