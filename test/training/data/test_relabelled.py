"""Labels of NYU's 40 classes, learnt as its 4 categories."""

import numpy as np
import pytest
from helpers.drives import analytic_drive
from helpers.training import trainer

from depth_perception.geometry.camera import Camera
from training.data.datasets.rooms import RoomsData
from training.data.label_sets import NYU40
from training.data.module import DrivingData
from training.data.snippet import Snippet
from training.errors import TrainingError
from training.networks.resnet import ResNet18
from training.networks.synergy_network import SynergyNetwork
from training.systems.supervised import SupervisedSystem
from training.systems.supervised_losses import SupervisedLosses

CAMERA = Camera(64, 32, 60.0, 60.0, 31.5, 15.5)
LABELS = np.tile(np.append(np.arange(40), [255] * 24).astype(np.uint8), (32, 1))


@pytest.fixture
def rooms(monkeypatch):
    drive = analytic_drive(CAMERA, frames=3)
    snippets = [Snippet([image], CAMERA, drive.depth[0], labels=LABELS) for image in drive.images]
    monkeypatch.setattr(RoomsData, "open", lambda self, frames, step=1: snippets)


def data(label_set, truth=("depth", "labels")):
    sources = [RoomsData(seeds=(0, 1), truth=truth)]
    validation = RoomsData(seeds=(5, 1), truth=("depth", "labels"))
    options = {"frames": 1, "batch_size": 2, "workers": 0, "label_set": label_set}
    return DrivingData(64, 32, validation, sources=sources, **options)


def test_samples_have_the_coarser_classes(rooms):
    made = data("nyu4")
    made.setup("fit")
    validation = next(iter(made.val_dataloader()))["labels"][0, 0].numpy()
    floor = [item.name for item in NYU40.classes].index("floor")
    assert validation[floor] == 0
    for loader in (made.train_dataloader(), made.val_dataloader()):
        labels = next(iter(loader))["labels"]
        assert set(labels.unique().tolist()) == {0, 1, 2, 3, 255}
    assert made.hparams["label_set"] == "nyu4"


def test_a_network_of_another_number_of_classes_is_refused(rooms, tmp_path):
    network = SynergyNetwork(ResNet18(8), 40, (8, 8, 8, 8, 8))
    system = SupervisedSystem(network, 60.0, SupervisedLosses(cross_entropy=1.0))
    message = "the network tells 40 classes apart, and the labels are of the 4 of nyu4: give it classes: 4"
    with pytest.raises(TrainingError, match=message):
        trainer(tmp_path, max_epochs=1).fit(system, data("nyu4"))


def test_a_source_of_classes_alone_is_no_teacher_of_depth(rooms, tmp_path):
    system = SupervisedSystem(SynergyNetwork(ResNet18(8), 4, (8, 8, 8, 8, 8)), 60.0, SupervisedLosses(l1=1.0))
    with pytest.raises(TrainingError, match="RoomsData teaches no depth, which is what this training learns: ask its"):
        trainer(tmp_path, max_epochs=1).fit(system, data("nyu4", ("labels",)))
