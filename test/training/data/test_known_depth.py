"""Trainings on the datasets that know depth and classes, on small trees in their own formats."""

import numpy as np
import pytest
import torch
from helpers.datasets import (
    HEIGHT,
    WIDTH,
    pictures,
    write_16_bit,
    write_cityscapes_annotation,
    write_image,
    write_kitti_2015,
    write_nyu,
)

from training.commands.fit import main
from training.data.datasets.cityscapes import CityscapesData
from training.data.datasets.kitti_2015 import Kitti2015Data
from training.data.module import DrivingData
from training.errors import TrainingError

INDOORS = """
seed_everything: 0
model:
  class_path: training.systems.supervised.SupervisedSystem
  init_args:
    focal_length: 51.9
    network:
      class_path: training.networks.hybrid_cnn.HybridCNN
      init_args:
        encoder: {{class_path: training.networks.resnet.ResNet18, init_args: {{width: 8}}}}
        decoder: [8, 8, 8, 8, 8]
    losses: {{berhu: 1.0, maximum_depth: 10.0}}
data:
  width: 64
  height: 32
  frames: 1
  label_set: nyu40
  sources:
    - class_path: training.data.datasets.nyu.NyuData
      init_args: {{path: {root}/nyu, split: train, truth: [depth, labels]}}
    - class_path: training.data.datasets.nyu.NyuRawData
      init_args: {{path: {root}/raw, labelled: {root}/nyu}}
    - class_path: training.data.datasets.pairs.PairsData
      init_args:
        path: {root}/pairs
        camera: {{width: 64, height: 48, fx: 52.0, fy: 52.0, cx: 31.5, cy: 23.5}}
        depth_range: [0.1, 20.0]
  validation:
    class_path: training.data.datasets.nyu.NyuData
    init_args: {{path: {root}/nyu, split: test, truth: [depth, labels]}}
  batch_size: 2
  workers: 1
  validation_step: 1
trainer:
  accelerator: cpu
  max_epochs: 1
  enable_progress_bar: false
  default_root_dir: {root}/runs
"""


@pytest.fixture
def indoors(tmp_path):
    depth, labels = np.full((480, 640), 3.0, np.float32), np.ones((480, 640), np.uint16)
    write_nyu(tmp_path / "nyu", depth, labels, ["office_0001", "kitchen_0001"], train=[1], test=[2])
    for folder, name in (("raw/office_0001a", "rgb_00000.jpg"), ("raw/kitchen_0001", "rgb_00000.jpg")):
        write_image(tmp_path / folder / name, pictures(1, 640, 480)[0])
        write_16_bit(tmp_path / folder / "sync_depth_00000.png", np.full((480, 640), 2000, np.uint16))
    for number in range(2):
        write_image(tmp_path / f"pairs/images/{number}.png", pictures(1, 64, 48)[0])
        write_16_bit(tmp_path / f"pairs/depth/{number}.png", np.full((48, 64), 12000, np.uint16))
    path = tmp_path / "indoors.yaml"
    path.write_text(INDOORS.format(root=tmp_path))
    return path


def test_indoor_datasets_teach_together(indoors):
    """Four images: NYU's labelled one, one of its recordings, for the other is of a test scene, and two pairs."""
    cli = main(["fit", f"--config={indoors}"])
    assert cli.trainer.global_step == 2
    assert np.isfinite(float(cli.trainer.callback_metrics["val/abs_rel"]))
    (checkpoint,) = indoors.parent.rglob("last.ckpt")
    assert torch.load(checkpoint, weights_only=True)["datamodule_hyper_parameters"]["label_set"] == "nyu40"


def test_a_scene_to_judge_by_is_not_trained_on(indoors):
    indoors.write_text(indoors.read_text().replace("split: train, truth", "split: test, truth"))
    with pytest.raises(TrainingError, match=r"NYU scenes \[kitchen_0001\] are in training and in validation"):
        main(["fit", f"--config={indoors}"])


def test_outdoor_datasets_teach_together(tmp_path):
    """Images with sparse depth and others with classes; what is not known of a sample is said not to be."""
    disparity = np.full((HEIGHT, WIDTH), 256 * 4, np.uint16)
    write_kitti_2015(tmp_path / "kitti", disparity, images=3)
    write_cityscapes_annotation(tmp_path / "cityscapes", "aachen", 19, np.full((64, 128), 7, np.uint8))
    kitti = Kitti2015Data(str(tmp_path / "kitti"), last=2)
    streets = CityscapesData(str(tmp_path / "cityscapes"), truth=("labels",), annotated=True)
    judged = Kitti2015Data(str(tmp_path / "kitti"), first=2)
    data = module([kitti, streets], judged)
    data.prepare_data()
    assert data.hparams["label_set"] == "cityscapes"
    (batch,) = data.train_dataloader()
    with_depth = torch.isfinite(batch["depth"]).any(2).any(1)
    with_labels = (batch["labels"] < 255).any(2).any(1)
    assert with_depth.sum() == 2
    assert torch.equal(with_labels, ~with_depth)
    assert set(batch["labels"][with_labels].unique().tolist()) <= {0, 255}
    with pytest.raises(TrainingError, match=r"KITTI 2015 images \[000002_10\] are in training and in validation"):
        module([judged], judged).prepare_data()


def module(sources, validation):
    return DrivingData(
        64, 16, sources=sources, validation=validation, frames=1, batch_size=3, workers=0, validation_step=1
    )
