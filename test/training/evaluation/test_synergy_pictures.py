"""Attention maps against the activations themselves, and pictures that show what they should."""

import argparse

import cv2
import numpy as np
import pytest
import torch

from depth_perception.evaluation.frame import Frame
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import ModelDescription
from training.commands.evaluate import _draw
from training.evaluation.benchmarks.rooms import ROOMS
from training.evaluation.checkpoint_engine import CheckpointEngine
from training.evaluation.sections import Sections
from training.evaluation.synergy_pictures import SynergyPictures, attention_maps, overlay, synergy_networks
from training.models import DepthModel
from training.networks.encoder_decoder import EncoderDecoder
from training.networks.normalise import normalise
from training.networks.resnet import ResNet18
from training.networks.synergy_network import SynergyNetwork

CAMERA = Camera(96, 64, 80.0, 80.0, 47.5, 31.5)


def network(classes=5):
    torch.manual_seed(0)
    return SynergyNetwork(ResNet18(8), classes, (16, 16, 16, 8, 8)).eval()


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)


def test_attention_is_the_sum_of_absolute_activations(image):
    made = network()
    maps = attention_maps(made, image)
    with torch.inference_mode():
        deepest = made.conv2(made.encoder(normalise(torch.from_numpy(image)[None]).permute(0, 3, 1, 2))[-1])
        expected = {"shared backbone": deepest, "depth": made.depth.ups[0](deepest)}
    assert set(maps) == {"shared backbone", "depth", "semantics"}
    for name, activation in expected.items():
        loops = np.zeros(activation.shape[-2:])
        for channel in activation[0].numpy():
            loops += np.abs(channel)
        np.testing.assert_allclose(maps[name], loops, rtol=1e-4)
    assert not any(module._forward_hooks for module in made.modules())


def test_a_network_of_depth_alone_has_no_attention_of_classes(image):
    assert set(attention_maps(network(classes=0), image)) == {"shared backbone", "depth"}


def test_overlay_is_red_where_attention_is(image):
    attention = np.zeros((4, 6), np.float32)
    attention[:2, :3] = 7.0
    grey = np.full_like(image, 100)
    picture = overlay(grey, attention).astype(int)
    assert picture[10, 10, 0] > picture[10, 10, 2] + 30  # the upper left
    assert picture[50, 80, 2] > picture[50, 80, 0] + 30
    assert overlay(grey, np.ones((4, 6), np.float32)).shape == grey.shape  # nothing stands out: no division by zero


def test_pictures_of_every_so_many_frames(tmp_path, image):
    image[:, :48], image[:, 48:] = (250, 20, 20), (20, 20, 250)
    depth = np.full((64, 96), 3.0, np.float32)
    frame = Frame("room/7", image, depth, CAMERA)
    pictures = SynergyPictures(tmp_path, 2, 10.0, {"runs/a.ckpt": (network(), 96, 64)})
    for number in range(2):
        pictures(number, frame, {"runs/a.ckpt": depth, "other": depth}, {"runs/a.ckpt": 1.0, "other": 1.0})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attention_room_7.png", "cloud_room_7.png"]
    attention, cloud = (cv2.imread(str(tmp_path / f"{kind}_room_7.png")) for kind in ("attention", "cloud"))
    assert attention is not None
    assert attention.shape == (4 * 64, 96, 3)  # image, depth, backbone, classes
    assert cloud is not None
    cloud = cloud[..., ::-1].astype(int)
    truth, predicted = np.split(cloud, 2)
    np.testing.assert_array_equal(truth[40:], predicted[40:])  # below the captions
    red = (predicted[..., 0] > 150) & (predicted[..., 1] < 90)
    assert red[:, :480].sum() > 1000
    assert red[:, 500:].sum() < 0.02 * red[:, :480].sum()  # the wall's left half is on the left


def test_a_frame_without_a_camera_makes_no_cloud(tmp_path, image):
    depth = np.ones((64, 96), np.float32)
    pictures = SynergyPictures(tmp_path, 1, 10.0, {"a": (network(), 96, 64)})
    pictures(0, Frame("one", image, depth), {"a": depth}, {"a": 1.0})
    assert [path.name for path in tmp_path.iterdir()] == ["attention_one.png"]


class Checkpoint(CheckpointEngine):
    """An engine as of a checkpoint, of any network."""

    def __init__(self, network):
        self._torch = DepthModel(network)
        self._model = ModelDescription("some", "depth", 64, 96, 80.0, True, "", "")


def test_evaluate_draws_them_for_checkpoints_of_synergy_networks_alone(tmp_path, image):
    torch.manual_seed(0)
    other = EncoderDecoder(ResNet18(8), (8, 8, 8, 8, 8), (1, 1, 1, 1, 1)).eval()
    engines = {"synergy.ckpt": Checkpoint(network()), "other.ckpt": Checkpoint(other)}
    assert list(synergy_networks(engines)) == ["synergy.ckpt"]
    depth = np.full((64, 96), 3.0, np.float32)
    frame, protocol = Frame("one", image, depth, CAMERA), ROOMS.protocol
    for folder, shown in (("both", engines), ("other", {"other.ckpt": engines["other.ckpt"]})):
        options = argparse.Namespace(pictures=tmp_path / folder, sections=None)
        draw = _draw(options, protocol, 1, Sections(protocol), shown)
        draw(0, frame, dict.fromkeys(shown, depth), dict.fromkeys(shown, 1.0))
    drawn = {folder: {path.name for path in (tmp_path / folder).iterdir()} for folder in ("both", "other")}
    assert drawn["both"] - drawn["other"] == {"attention_one.png", "cloud_one.png"}
    assert drawn["other"]
