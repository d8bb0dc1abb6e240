"""The encoders: as large, as costly and named as torchvision's, with features where decoders expect them."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from training.errors import TrainingError
from training.networks.efficientnet_lite import EfficientNetLite
from training.networks.mobilenet_v2 import InvertedResidual, MobileNetV2
from training.networks.resnet import ResNet18, ResNet50
from training.networks.vgg import VGG16

# What torchvision publishes of each network: parameters, of them those of the classifier (and of MobileNetV2's last
# convolution), entries of the state dict likewise, and 1e9 multiply-adds at 224x224 without them.
PUBLISHED = [
    (ResNet18, 11_689_512 - 513_000, 122 - 2, 1.814),
    (ResNet50, 25_557_032 - 2_049_000, 320 - 2, 4.089 - 0.002),
    (MobileNetV2, 3_504_872 - 1_281_000 - 412_160, 314 - 2 - 6, 0.301 - 0.001 - 0.020),
    (VGG16, 138_357_544 - 123_642_856, 32 - 6, 15.470 - 0.124),
]


@pytest.mark.parametrize(("kind", "parameters", "entries", "gflops"), PUBLISHED)
def test_size_and_cost_are_torchvisions(kind, parameters, entries, gflops):
    with torch.device("meta"):
        encoder = kind().eval()
    assert sum(parameter.numel() for parameter in encoder.parameters()) == parameters
    assert len(encoder.state_dict()) == entries
    with FlopCounterMode(display=False) as counter:
        encoder(torch.empty(1, 3, 224, 224, device="meta"))
    assert counter.get_total_flops() / 2e9 == pytest.approx(gflops, abs=0.001)


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        (
            ResNet18,
            {
                "conv1.weight": (64, 3, 7, 7),
                "bn1.running_var": (64,),
                "layer1.0.conv1.weight": (64, 64, 3, 3),
                "layer2.0.downsample.0.weight": (128, 64, 1, 1),
                "layer2.0.downsample.1.running_mean": (128,),
                "layer4.1.bn2.bias": (512,),
            },
        ),
        (
            ResNet50,
            {
                "layer1.0.downsample.0.weight": (256, 64, 1, 1),
                "layer2.0.conv1.weight": (128, 256, 1, 1),
                "layer2.3.conv2.weight": (128, 128, 3, 3),
                "layer3.5.conv3.weight": (1024, 256, 1, 1),
                "layer4.2.bn3.running_mean": (2048,),
            },
        ),
        (
            MobileNetV2,
            {
                "features.0.0.weight": (32, 3, 3, 3),
                "features.0.1.running_mean": (32,),
                "features.1.conv.0.0.weight": (32, 1, 3, 3),
                "features.1.conv.1.weight": (16, 32, 1, 1),
                "features.1.conv.2.bias": (16,),
                "features.2.conv.0.0.weight": (96, 16, 1, 1),
                "features.2.conv.1.0.weight": (96, 1, 3, 3),
                "features.2.conv.1.1.running_var": (96,),
                "features.2.conv.2.weight": (24, 96, 1, 1),
                "features.17.conv.3.weight": (320,),
            },
        ),
        (
            VGG16,
            {
                "features.0.weight": (64, 3, 3, 3),
                "features.5.weight": (128, 64, 3, 3),
                "features.14.bias": (256,),
                "features.17.weight": (512, 256, 3, 3),
                "features.28.weight": (512, 512, 3, 3),
            },
        ),
    ],
)
def test_names_and_shapes_are_torchvisions(kind, shapes):
    with torch.device("meta"):
        state = kind().state_dict()
    assert {name: tuple(state[name].shape) for name in shapes} == shapes


@pytest.mark.parametrize("kind", [ResNet18, ResNet50, MobileNetV2, VGG16, EfficientNetLite])
def test_features_halve_and_have_the_channels_they_say(kind):
    with torch.device("meta"):
        encoder = kind()
    features = encoder(torch.empty(2, 3, 64, 96, device="meta"))
    expected = [(2, channels, 32 >> level, 48 >> level) for level, channels in enumerate(encoder.channels)]
    assert [tuple(feature.shape) for feature in features] == expected


# Parameters of the published networks; of them those of the last convolution and the classifier are left out here.
LITE = [(0, 4_652_008), (1, 5_416_680), (2, 6_092_072)]


@pytest.mark.parametrize(("number", "parameters"), LITE)
def test_efficientnet_lite_is_as_large_as_published(number, parameters):
    with torch.device("meta"):
        encoder = EfficientNetLite(number)
    head = 1280 * (encoder.channels[-1] + 2) + 1_281_000
    assert sum(parameter.numel() for parameter in encoder.parameters()) == parameters - head


def test_efficientnet_lite_is_as_costly_as_published():
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        EfficientNetLite().eval()(torch.empty(1, 3, 224, 224))
    head = 49 * 320 * 1280 + 1280 * 1000
    assert counter.get_total_flops() / 2e9 + head / 1e9 == pytest.approx(0.385, abs=0.001)


def test_efficientnet_lite_of_another_number_is_refused():
    with pytest.raises(TrainingError, match="Lite3 is not known, expected number 0, 1 or 2"):
        EfficientNetLite(3)


def test_a_fresh_bottleneck_is_its_shortcut():
    x = torch.rand(1, 256, 3, 4)
    assert torch.equal(ResNet50().layer1[1](x), x)


def test_inverted_residuals_have_a_shortcut_where_it_fits():
    encoder = MobileNetV2().eval()
    for number, inputs, shortcut in ((2, 16, False), (3, 24, True), (11, 64, False), (12, 96, True)):
        block = encoder.features[number]
        assert isinstance(block, InvertedResidual)
        torch.nn.init.zeros_(block.conv[-1].weight)  # type: ignore[arg-type]  # what remains is the shortcut
        x = torch.randn(1, inputs, 4, 6)
        y = block(x)
        assert torch.equal(y, x) if shortcut else not y.any()
