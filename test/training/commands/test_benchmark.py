"""The benchmark of a training: what it says a step is spent on is what it is spent on."""

import time

import numpy as np
import pytest
import yaml
from helpers.datasets import write_configuration, write_kitti_drive, write_kitti_sequence

from training.commands.benchmark import StepTimes, benchmark, table
from training.data.image_files import ImageFiles

TRAINED, JUDGED = "2011_09_26_drive_0001_sync", "2011_09_28_drive_0001_sync"


SUPERVISED = {
    "class_path": "training.systems.supervised.SupervisedSystem",
    "init_args": {
        "focal_length": 100.0,
        "network": {
            "class_path": "training.networks.hybrid_cnn.HybridCNN",
            "init_args": {
                "encoder": {"class_path": "training.networks.resnet.ResNet18", "init_args": {"width": 8}},
                "decoder": [8, 8, 8, 8, 8],
            },
        },
        "losses": {"l1": 1.0},
    },
}


@pytest.fixture(params=["self-supervised", "supervised"])
def configuration(request, tmp_path):
    write_kitti_drive(tmp_path, TRAINED, numbers=range(6))
    write_kitti_drive(tmp_path, JUDGED)
    write_kitti_sequence(tmp_path, "04", np.eye(4)[None].repeat(4, 0))
    path = write_configuration(tmp_path, tmp_path, TRAINED, JUDGED)
    if request.param == "supervised":
        settings = yaml.safe_load(path.read_text())
        settings["model"] = SUPERVISED
        for source in settings["data"]["sources"]:
            source["init_args"]["truth"] = ["depth"]
        path.write_text(yaml.safe_dump(settings))
    return path


def test_waiting_for_data_is_seen(configuration, monkeypatch):
    read = ImageFiles.__getitem__

    def slow(self, index):
        time.sleep(0.03)
        return read(self, index)

    monkeypatch.setattr(ImageFiles, "__getitem__", slow)
    times = benchmark([f"--config={configuration}"], steps=3, warm_up=2)
    assert times.waiting * times.seconds > 2 * 3 * 0.03  # two samples of three images, each asleep for that long
    assert times.waiting < 1.0
    assert times.images_per_second == pytest.approx(2 / times.seconds)
    assert len(times.costliest) == 3
    shares = [share for _, share in times.costliest]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1
    assert not list(configuration.parent.rglob("*.ckpt"))


def test_table_says_when_data_does_not_keep_up():
    times = StepTimes(4, 416, 128, 0.5, 0.02, 8.0, (("convolution_backward", 0.3),))
    assert "8.00  images a second" in table(times, 30)
    assert "workers" not in table(times, 30)
    assert "give data.workers more" in table(StepTimes(4, 416, 128, 0.5, 0.2, 8.0, ()), 30)
