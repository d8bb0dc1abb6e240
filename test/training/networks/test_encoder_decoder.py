"""The baseline without skips: SegNet's size, and an answer as large as the image."""

import pytest
import torch

from training.networks.encoder_decoder import EncoderDecoder
from training.networks.resnet import ResNet18
from training.networks.vgg import VGG16


def test_as_many_convolutions_as_segnet_and_its_weights():
    with torch.device("meta"):
        network = EncoderDecoder(VGG16())
    convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(convolutions) == 13 + 13  # the last of the decoder is the head
    # SegNet has 29.5 million; its encoder is normalised too, and its head has as many outputs as classes
    assert sum(parameter.numel() for parameter in network.parameters()) / 1e6 == pytest.approx(29.42, abs=0.03)


def test_depth_of_the_images_size():
    torch.manual_seed(0)
    network = EncoderDecoder(ResNet18(8), (16, 16, 16, 8, 8), (2, 1, 1, 1, 1))
    (depth,) = network.predict(torch.randn(2, 3, 64, 96)).depths
    assert depth.shape == (2, 1, 64, 96)
    assert depth.min().item() > 0.1
