"""All sources together: read from one configuration, none of them trained on and judged by at once."""

import numpy as np
import pytest
import torch
from helpers.datasets import write_configuration, write_kitti_drive, write_kitti_sequence

from training.command_line import main
from training.data.kitti_odometry import KittiOdometryData
from training.data.kitti_raw import KittiRawData
from training.data.module import DrivingData
from training.data.snippet import Drive
from training.data.street import StreetData
from training.errors import TrainingError

TRAINED, JUDGED = "2011_09_26_drive_0001_sync", "2011_09_28_drive_0001_sync"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("kitti")
    write_kitti_drive(root, TRAINED, numbers=range(6))
    write_kitti_drive(root, JUDGED, width=120, height=36)
    write_kitti_sequence(root, "04", np.eye(4)[None].repeat(4, 0))
    return root


def raw(tree, drive, *truth, **options):
    return KittiRawData(str(tree), takes=(drive,), truth=truth, **options)


def module(sources, validation, **options):
    defaults = {"width": 52, "height": 16, "batch_size": 2, "workers": 0, "validation_step": 1}
    return DrivingData(sources=sources, validation=validation, **{**defaults, **options})


def test_datasets_are_trained_on_and_judged_by(tree):
    sources = [raw(tree, TRAINED, cameras=("image_02", "image_03")), KittiOdometryData(str(tree), ("04",), share=0.5)]
    data = module(sources, raw(tree, JUDGED, "depth"), samples=6)
    data.prepare_data()
    data.setup("fit")
    batches = list(data.train_dataloader())
    assert len(batches) == 3
    for batch in batches:
        assert batch["images"].shape == (2, 3, 16, 52, 3)
        assert torch.isnan(batch["depth"]).all()
    (first, *_) = data.val_dataloader()
    assert torch.isfinite(first["depth"]).any()


def test_drives_in_both_are_refused_by_name(tree):
    data = module([raw(tree, TRAINED)], raw(tree, TRAINED, "depth"))
    with pytest.raises(TrainingError, match=r"KITTI drives \[2011_09_26_drive_0001\] are in training and in valid"):
        data.prepare_data()
    module([raw(tree, TRAINED)], raw(tree, TRAINED, "depth"), shared_drives=True).prepare_data()


def test_one_drive_under_two_names_is_still_one(tree):
    drive = "2011_09_30_drive_0016"
    data = module([KittiOdometryData(str(tree), ("04", "05"))], raw(tree, drive, "depth"))
    with pytest.raises(TrainingError, match=rf"KITTI drives \[{drive}\] are in training"):
        data.prepare_data()


def test_street_seeds_are_drives_too():
    drives = StreetData(seeds=(3, 2)).drives()
    assert drives == {Drive("street seeds", 3), Drive("street seeds", 4)}
    data = DrivingData(52, 16, street=StreetData(seeds=(0, 9)), validation=StreetData(seeds=(5, 9)))
    with pytest.raises(TrainingError, match=r"street seeds \[5, 6, 7, 8\] are in training and in validation"):
        data.prepare_data()


def test_validation_without_depth_is_refused(tree):
    with pytest.raises(TrainingError, match=r"validation \(KittiRawData\) has no true depth.*add depth to its truth"):
        module([raw(tree, TRAINED)], raw(tree, JUDGED)).prepare_data()


def test_all_labels_are_of_one_set():
    labelled = StreetData(seeds=(0, 1), truth=("depth", "labels"))
    data = DrivingData(52, 16, street=labelled, validation=StreetData(seeds=(5, 1)))
    assert data.hparams["label_set"] == "cityscapes"
    with pytest.raises(TrainingError, match="labels of StreetData are of cityscapes, expected nyu40"):
        DrivingData(52, 16, street=labelled, validation=StreetData(seeds=(5, 1)), label_set="nyu40")


def test_nothing_to_train_on_is_refused(tree):
    with pytest.raises(TrainingError, match="neither street drives nor a video nor a dataset"):
        module([], raw(tree, JUDGED, "depth"))


@pytest.fixture
def configuration(tree, tmp_path):
    return write_configuration(tmp_path, tree, TRAINED, JUDGED)


def test_a_configuration_names_datasets_by_class(configuration):
    cli = main(["fit", f"--config={configuration}"])
    assert np.isfinite(float(cli.trainer.callback_metrics["val/abs_rel"]))
    (checkpoint,) = configuration.parent.rglob("last.ckpt")
    saved = torch.load(checkpoint, weights_only=True)
    (raw_settings, odometry_settings) = saved["datamodule_hyper_parameters"]["sources"]
    assert raw_settings["init_args"]["takes"] == [TRAINED]
    assert odometry_settings["init_args"]["licence"] == "CC BY-NC-SA 3.0"


def test_a_misspelt_key_of_a_dataset_is_answered_with_the_nearest(configuration):
    configuration.write_text(configuration.read_text().replace("takes: [", "taks: ["))
    with pytest.raises(TrainingError, match="'taks' is not known, the nearest known one is 'takes'"):
        main(["fit", f"--config={configuration}"])


def test_a_misspelt_key_of_validation_drives_too(configuration):
    text = configuration.read_text()
    start = text.index("  validation:")
    end = text.index("  samples:")
    configuration.write_text(f"{text[:start]}  validation: {{sedes: [990, 1]}}\n{text[end:]}")
    with pytest.raises(TrainingError, match="'sedes' is not known, the nearest known one is 'seeds'"):
        main(["fit", f"--config={configuration}"])
