"""ResNet (He et al., CVPR 2016) as an encoder, with torchvision's state-dict names and a width of choice."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from training.networks.encoder import Encoder


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
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return self.relu(x + shortcut)


class ResNet(Encoder):
    """Features at 1/2 (after the first convolution), 1/4, 1/8, 1/16 and 1/32.

    Args:
        block: the residual block.
        blocks: how many of it in each of the four layers.
        width: channels of the first layer; 64 in the paper.
    """

    def __init__(self, block: type[BasicBlock], blocks: Sequence[int], width: int = 64) -> None:
        super().__init__()
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
        _initialise(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        features = [self.relu(self.bn1(self.conv1(image)))]
        x = self.maxpool(features[0])
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            features.append(x)
        return features


class ResNet18(ResNet):
    """Two basic blocks a layer; 11.2 M parameters at width 64."""

    def __init__(self, width: int = 64) -> None:
        super().__init__(BasicBlock, (2, 2, 2, 2), width)


def _initialise(network: nn.Module) -> None:
    """He's for convolutions; the last normalisation of a block starts at zero, so that a block starts as identity."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    for module in network.modules():
        if isinstance(module, BasicBlock):
            nn.init.zeros_(module.bn2.weight)
