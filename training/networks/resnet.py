"""ResNet (He et al., CVPR 2016) as an encoder, with torchvision's state-dict names and a width of choice."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from training.networks.encoder import Encoder, initialise_convolutions


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _downsample(inputs, outputs, stride)
        nn.init.zeros_(self.bn2.weight)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return self.relu(x + shortcut)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut.

    Differs from the paper as torchvision's does: the 3x3 convolution has the stride, not the first 1x1.
    """

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _downsample(inputs, outputs, stride)
        nn.init.zeros_(self.bn3.weight)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x))
        return self.relu(x + shortcut)


def _downsample(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResNet(Encoder):
    """Features at 1/2 (after the first convolution), 1/4, 1/8, 1/16 and 1/32.

    The last normalisation of a block starts at zero, so that a block starts as its shortcut.

    Args:
        block: the residual block.
        blocks: how many of it in each of the four layers.
        width: channels of the first layer; 64 in the paper, and in torchvision's files.
        weights: see `Encoder`.
    """

    head = ("fc.",)

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: Sequence[int],
        width: int = 64,
        weights: str = "random",
    ) -> None:
        super().__init__(weights)
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = width
        layers = []
        for level, count in enumerate(blocks):
            layer = []
            for i in range(count):
                stride = 2 if i == 0 and level > 0 else 1
                layer.append(block(channels, width << level, stride))
                channels = (width << level) * block.expansion
            layers.append(nn.Sequential(*layer))
        self.layer1, self.layer2, self.layer3, self.layer4 = layers
        self.channels = (width, *((width << level) * block.expansion for level in range(4)))
        initialise_convolutions(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        features = [self.relu(self.bn1(self.conv1(image)))]
        x = self.maxpool(features[0])
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            features.append(x)
        return features


class ResNet18(ResNet):
    """Two basic blocks a layer; 11.2 M parameters at width 64."""

    url = "https://download.pytorch.org/models/resnet18-f37072fd.pth"

    def __init__(self, width: int = 64, weights: str = "random") -> None:
        super().__init__(BasicBlock, (2, 2, 2, 2), width, weights)


class ResNet50(ResNet):
    """3, 4, 6 and 3 bottlenecks; 23.5 M parameters at width 64: LR-Net's encoder in Dual Networks."""

    url = "https://download.pytorch.org/models/resnet50-0676ba61.pth"

    def __init__(self, width: int = 64, weights: str = "random") -> None:
        super().__init__(Bottleneck, (3, 4, 6, 3), width, weights)
