"""All sources together: read from one configuration, none of them trained on and judged by at once."""

import warnings

import lightning
import numpy as np
import pytest
import torch
from helpers.datasets import write_configuration, write_kitti_drive, write_kitti_sequence

from training.commands.fit import main
from training.data.datasets.kitti_odometry import KittiOdometryData
from training.data.datasets.kitti_raw import KittiRawData
from training.data.datasets.street import StreetData
from training.data.module import DrivingData
from training.data.source import Drive
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


def test_nothing_is_judged_where_nothing_is_to_be(tree):
    data = module([raw(tree, TRAINED)], None)
    data.setup("fit")
    assert len(list(data.train_dataloader())) > 0
    assert data.val_dataloader() == []


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


class Seen(lightning.Callback):
    """The batches of a training, epoch by epoch."""

    def __init__(self):
        self.epochs = []

    def on_train_epoch_start(self, trainer, system):
        self.epochs.append([])

    def on_train_batch_start(self, trainer, system, batch, index):
        self.epochs[-1].append(batch)


def fit(configuration, *options):
    """What was trained on, from the command line as a user gives it."""
    cli = main([f"--config={configuration}", *options], run=False)
    seen = Seen()
    cli.trainer.callbacks.append(seen)  # type: ignore[attr-defined]
    cli.trainer.fit(cli.model, cli.datamodule)
    return seen.epochs


def test_overfit_batches_are_those_that_a_run_begins_with(configuration):
    (whole,) = fit(configuration, "--data.samples=null")
    assert len(whole) > 1
    few = fit(configuration, "--data.samples=null", "--trainer.max_epochs=2", "--trainer.overfit_batches=1")
    assert len(few) == 2
    for (batch,) in few:
        assert batch.keys() == whole[0].keys()
        for name, value in batch.items():
            assert torch.equal(value.nan_to_num(), whole[0][name].nan_to_num()), name


@pytest.mark.parametrize(("motion", "alone"), [(0.0, True), (1.0, False)])
def test_frames_that_no_loss_needs_are_not_prepared(configuration, motion, alone):
    configuration.write_text(configuration.read_text().replace("{path: ", "{truth: [depth], path: ", 1))
    losses = {"depth": 1.0, "only_unknown": "true", "motion": motion}
    options = [f"--model.init_args.losses.{name}={value}" for name, value in losses.items()]
    (batches,) = fit(configuration, *options, "--data.samples=null")
    for name in ("inputs", "images"):
        samples = [
            (image, depth) for batch in batches for image, depth in zip(batch[name], batch["depth"], strict=True)
        ]
        known = [not bool(depth.isnan().all()) for _, depth in samples]
        assert set(known) == {True, False}
        assert all(image[1].any() for image, _ in samples)
        assert [not image[[0, 2]].any() for image, _ in samples] == [alone and one for one in known]


def test_a_run_that_goes_on_with_other_data_is_told_so(configuration):
    fit(configuration)
    (checkpoint,) = configuration.parent.rglob("last.ckpt")
    options = (f"--config={configuration}", "--trainer.max_epochs=2", f"--ckpt_path={checkpoint}")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "the run goes on")
        main(["fit", *options])
        main(["validate", *options, "--data.samples=6"])
    with pytest.warns(
        UserWarning, match=r"other data than it began with: data\.samples was 4 and is 6; data\.seed was 0"
    ):
        main(["fit", *options, "--trainer.max_epochs=3", "--data.samples=6", "--data.seed=1"])


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
